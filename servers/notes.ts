/**
 * `warden-notes`: an MCP server on standard input and output that keeps notes in a folder and records every
 * call and every effect with its idempotency key.
 *
 *   node dist/servers/notes.js --folder DIR --record FILE
 *        [--delay-before-effect-ms N] [--delay-after-effect-ms N]
 *
 * Without the flags NOTES_FOLDER and NOTES_RECORD are used. A process entry; it ends when its input ends and
 * the calls that had arrived are done.
 */
import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createNotesServer } from './notes-server.ts';
import type { NotesOptions } from './notes-server.ts';

function readOptions(args: string[], env: NodeJS.ProcessEnv): NotesOptions {
  const { values } = parseArgs({
    args,
    options: {
      folder: { type: 'string' },
      record: { type: 'string' },
      'delay-before-effect-ms': { type: 'string', default: '0' },
      'delay-after-effect-ms': { type: 'string', default: '0' },
    },
  });
  return {
    folder: required('--folder', 'NOTES_FOLDER', values.folder ?? env.NOTES_FOLDER),
    record: required('--record', 'NOTES_RECORD', values.record ?? env.NOTES_RECORD),
    delayBeforeMs: milliseconds('--delay-before-effect-ms', values['delay-before-effect-ms']),
    delayAfterMs: milliseconds('--delay-after-effect-ms', values['delay-after-effect-ms']),
  };
}

function required(flag: string, variable: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new Error(`expected ${flag} or the environment variable ${variable}, got neither`);
}

function milliseconds(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${flag}: expected whole milliseconds, got "${text}"`);
}

try {
  const server = createNotesServer(readOptions(process.argv.slice(2), process.env));
  // The client may be gone when a slow call answers: the effect is recorded, the answer has no reader.
  process.stdout.on('error', () => undefined);
  await server.connect(new StdioServerTransport());
} catch (error) {
  process.stderr.write(`warden-notes: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
