/**
 * A tool server on standard input and output that behaves oddly. Each call that arrives is one line of the file
 * ODD_RECORD: `{tool, arguments, key, first}`; `first`: none came with that tool and key before. What dies does so
 * at the first call with a key, after it was recorded, and answers the next.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

const file = process.env.ODD_RECORD ?? '';
const anything = { type: 'object', additionalProperties: true };
const declared = {
  type: 'object',
  properties: { text: { type: 'string' }, warden_idempotency_key: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
};
const idempotent = { idempotentHint: true };
const tools = [
  { name: 'take', description: 'Answers what it got.', inputSchema: anything },
  { name: 'take_key', description: 'Takes its key as an argument.', inputSchema: declared },
  { name: 'die', description: 'Dies in the middle of its first call.', inputSchema: anything },
  {
    name: 'die_hinted',
    description: 'Dies as well, and says that it is idempotent.',
    inputSchema: anything,
    annotations: idempotent,
  },
  { name: 'err', description: 'Answers an error result.', inputSchema: anything },
  { name: 'refuse', description: 'Answers an error of the protocol.', inputSchema: anything },
  { name: 'hang', description: 'Never answers.', inputSchema: anything },
];

function recordCall({ name, arguments: args, _meta }) {
  const key = _meta?.['warden/idempotency_key'] ?? null;
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const first = !lines.some((line) => {
    const earlier = JSON.parse(line);
    return earlier.tool === name && earlier.key === key;
  });
  appendFileSync(file, `${JSON.stringify({ tool: name, arguments: args ?? {}, key, first })}\n`);
  return first;
}

const text = (said) => [{ type: 'text', text: said }];

function answer({ name, arguments: args }, first) {
  if (name.startsWith('die') && first) process.exit(9);
  switch (name) {
    case 'err':
      return { isError: true, content: text(`it cannot be done ${'.'.repeat(600)}`) };
    case 'refuse':
      throw new McpError(ErrorCode.InvalidParams, 'it was refused');
    case 'hang':
      return new Promise(() => undefined);
    default:
      return { content: text(JSON.stringify({ took: args ?? {} })) };
  }
}

const mcp = new McpServer({ name: 'odd', version: '1' }, { capabilities: { tools: {}, resources: {} } });
mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }) => answer(params, recordCall(params)));
mcp.server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [] }));
mcp.server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  if (uri.endsWith('/none')) throw new McpError(ErrorCode.InvalidParams, `there is no ${uri}`);
  return { contents: [{ uri, text: `this is ${uri}` }] };
});
await mcp.connect(new StdioServerTransport());
