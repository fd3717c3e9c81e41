/**
 * A tool server on standard input and output whose tools take and answer JSON of every shape. Each call that
 * arrives is one line of the file SHAPES_RECORD: `{tool, arguments, key}`; each read of a resource `{uri}`.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

const count = { type: 'integer' };
const properties = {
  text: { type: 'string' },
  count,
  ratio: { type: 'number' },
  flag: { type: 'boolean' },
  list: { type: 'array', items: count },
  object: { type: 'object', properties: { count, text: { type: 'string' } } },
  maybe: { type: ['integer', 'null'] },
};
const readOnlyHint = { readOnlyHint: true };
const tools = [
  { name: 'typed', description: 'Answers what it took.', inputSchema: { type: 'object', properties } },
  {
    name: 'open',
    description: 'Takes anything more.',
    inputSchema: { type: 'object', properties, additionalProperties: true },
  },
  {
    name: 'strict',
    description: 'Takes a text and nothing else.',
    inputSchema: {
      type: 'object',
      properties: { text: properties.text },
      required: ['text'],
      additionalProperties: false,
    },
  },
  {
    name: 'say',
    description: 'Answers what it is told.',
    inputSchema: {
      type: 'object',
      properties: { text: { type: 'string' }, structured: { type: 'object' }, wrong: { type: 'boolean' } },
    },
    annotations: readOnlyHint,
  },
  {
    name: 'environment',
    description: 'Names its variables, with the hashes of their values: the values themselves are masked.',
    inputSchema: { type: 'object' },
    annotations: readOnlyHint,
  },
];

const record = (line) => appendFileSync(process.env.SHAPES_RECORD ?? '', `${JSON.stringify(line)}\n`);
const text = (value) => [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }];
const hash = (value) => createHash('sha256').update(value).digest('hex');

function answer({ name, arguments: args = {} }) {
  if (name === 'environment') {
    const variables = Object.entries(process.env).map(([key, value]) => [key, hash(value)]);
    return { content: text({ variables: Object.fromEntries(variables) }) };
  }
  if (name !== 'say') return { content: text({ took: args }) };
  return {
    content: args.text === undefined ? [] : text(args.text),
    ...(args.structured === undefined ? {} : { structuredContent: args.structured }),
    ...(args.wrong === true ? { isError: true } : {}),
  };
}

const mcp = new McpServer({ name: 'shapes', version: '1' }, { capabilities: { tools: {}, resources: {} } });
mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  const key = params._meta?.['warden/idempotency_key'] ?? null;
  record({ tool: params.name, arguments: params.arguments ?? {}, key });
  return answer(params);
});
mcp.server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [] }));
mcp.server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  record({ uri });
  return { contents: [{ uri, text: `this is ${uri}` }] };
});
await mcp.connect(new StdioServerTransport());
