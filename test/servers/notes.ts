/** Real notes servers, each a process, over one folder and one record. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../domain/json.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { createToolServers } from '../../mcp/servers.ts';
import { repository } from '../support/processes.ts';
import { workerWith } from '../mcp/fixtures/fixture.ts';

export interface Line {
  at: string;
  event: string;
  tool?: string;
  key?: string | null;
  pid?: number;
  path?: string;
  previous?: string | null;
  arguments?: JsonObject;
  undone?: string;
}

export type Notes = Awaited<ReturnType<typeof createNotes>>;

export async function createNotes() {
  const home = await mkdtemp(join(tmpdir(), 'warden-notes-'));
  const folder = join(home, 'notes');
  const record = join(home, 'record.jsonl');
  const program = ['--import', '@swc-node/register/esm-register', join(repository, 'servers', 'notes.ts')];
  const servers = createToolServers({
    stdioAllow: ['warden-notes'],
    bundled: { 'warden-notes': { command: process.execPath, args: program } },
    env: {},
    log: () => undefined,
    connectTimeoutMs: 30_000,
  });

  /** One more server process for each name. */
  async function open(name: string, ...flags: string[]): Promise<ToolSet> {
    const args = ['--folder', folder, '--record', record, ...flags];
    const source = { name, transport: 'stdio' as const, command: 'warden-notes', args };
    const worker = workerWith([{ ...source, cwd: repository, env: {}, env_inherit: [] }]);
    const tools = await servers.open(worker, new AbortController().signal);
    const [failure] = tools.failures;
    if (failure !== undefined) throw new Error(failure.error);
    return tools;
  }

  const lines = (event?: string, key?: string): Line[] =>
    existsSync(record) ? readLines(record, event, key) : [];

  async function close(): Promise<void> {
    await servers.close();
    await rm(home, { recursive: true, force: true });
  }

  return { folder, record, open, lines, close, at: (path: string) => join(folder, path) };
}

/** A record as anyone reads it: every line that is JSON. */
export function readLines(record: string, event?: string, key?: string): Line[] {
  return readFileSync(record, 'utf8')
    .split('\n')
    .flatMap(readLine)
    .filter(
      (line) => (event === undefined || line.event === event) && (key === undefined || line.key === key),
    );
}

function readLine(text: string): Line[] {
  try {
    const line: Line = JSON.parse(text);
    return [line];
  } catch {
    return [];
  }
}

/** Calls a tool with a key and answers the data of its result; an error result is thrown. */
export async function call(tools: ToolSet, tool: string, args: JsonObject, key: string | null = null) {
  const result = await tools.call(tool, args, { idempotencyKey: key, signal: new AbortController().signal });
  if (result.isError) throw new Error(result.text);
  return result.data;
}
