/**
 * A tool server on standard input and output that repeats the variable TOKEN wherever a careless one would: in what
 * it prints, in error results, in errors of the protocol, and with `--die` in its last words. `used` shows that it
 * has it, without telling it. Lines and messages are long, so that they are cut in the middle of the secret.
 */
import { createHash } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';

const token = process.env.TOKEN ?? 'none';
const say = (text) => process.stderr.write(`${text}\n`);
// Of every length up to the limits of a line in the log, so that one of them cuts the secret in two.
for (let before = 440; before < 500; before += 20) say(`${'.'.repeat(before)}${token}`);
say(`started with TOKEN=${token} and ${JSON.stringify(process.env.CANARY_INHERITED)}`);
if (process.argv.includes('--die')) process.exit(3);

const text = (said) => [{ type: 'text', text: said }];
const mcp = new McpServer({ name: 'telling', version: '1' }, { capabilities: { tools: {} } });
const inputSchema = { type: 'object', properties: { how: { type: 'string' } }, required: ['how'] };
const tools = [{ name: 'tell', inputSchema }];
mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  const { how } = params.arguments;
  if (how === 'log') say(`401 for "${token}"`);
  if (how === 'result')
    return { isError: true, content: text(`401 Unauthorized: the token ${token} has expired`) };
  if (how === 'error') throw new McpError(ErrorCode.InvalidParams, `no user has the token ${token}`);
  return { content: text(JSON.stringify({ sha256: createHash('sha256').update(token).digest('hex') })) };
});
await mcp.connect(new StdioServerTransport());
