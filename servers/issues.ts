/**
 * `warden-issues`: an MCP server on standard input and output that keeps the issues of a repository in a JSON
 * file and records every call and every effect with its idempotency key.
 *
 *   node dist/servers/issues.js --file FILE --record FILE
 *
 * Without the flags ISSUES_FILE and ISSUES_RECORD are used. A process entry; it ends when its input ends and the
 * calls that had arrived are done.
 */
import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createIssuesServer } from './issues-server.ts';
import type { IssuesOptions } from './issues-server.ts';

function readOptions(args: string[], env: NodeJS.ProcessEnv): IssuesOptions {
  const { values } = parseArgs({ args, options: { file: { type: 'string' }, record: { type: 'string' } } });
  return {
    file: required('--file', 'ISSUES_FILE', values.file ?? env.ISSUES_FILE),
    record: required('--record', 'ISSUES_RECORD', values.record ?? env.ISSUES_RECORD),
  };
}

function required(flag: string, variable: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new Error(`expected ${flag} or the environment variable ${variable}, got neither`);
}

try {
  const server = createIssuesServer(readOptions(process.argv.slice(2), process.env));
  // The client may be gone when a call answers: the effect is recorded, the answer has no reader.
  process.stdout.on('error', () => undefined);
  await server.connect(new StdioServerTransport());
} catch (error) {
  process.stderr.write(`warden-issues: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
