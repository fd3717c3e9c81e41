/** A real notes server in folders of its own, reached through the pool of tool servers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AgentRun, AgentTool } from '../../agent/react.ts';
import type { ToolSource, WorkerDefinition } from '../../domain/definition.ts';
import { createToolServers } from '../../mcp/servers.ts';

const line = z.looseObject({ event: z.string(), tool: z.string().optional(), key: z.string().nullish() });

export interface Notes {
  source: ToolSource;
  /** What the server itself recorded of calls that arrived, as `<tool> <key>`. */
  arrived(): Promise<string[]>;
  /** The tools of these names, and how to call them; the call's id is the idempotency key. */
  open(
    worker: WorkerDefinition,
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Pick<AgentRun, 'tools' | 'call'>>;
  /** Puts a file into the notes folder. */
  put(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export async function startNotes(): Promise<Notes> {
  const home = await mkdtemp(join(tmpdir(), 'warden-agent-'));
  const folder = join(home, 'notes');
  const record = join(home, 'record.jsonl');
  const source: ToolSource = {
    name: 'notes',
    transport: 'stdio',
    command: 'warden-notes',
    args: ['--folder', folder, '--record', record],
    cwd: null,
    env: {},
    env_inherit: [],
  };
  const args = ['--import', '@swc-node/register/esm-register', join(process.cwd(), 'servers/notes.ts')];
  const options = {
    stdioAllow: ['warden-notes'],
    bundled: { 'warden-notes': { command: process.execPath, args } },
    env: {},
    allowPrivateUrls: true,
    log: () => undefined,
    connectTimeoutMs: 30_000,
  };
  const servers = createToolServers(options);
  return {
    source,
    async arrived() {
      const text = await readFile(record, 'utf8');
      const lines = text
        .trim()
        .split('\n')
        .map((each) => line.parse(JSON.parse(each)));
      return lines.filter(({ event }) => event === 'call').map(({ tool, key }) => `${tool} ${key}`);
    },
    async open(worker, names, signal = new AbortController().signal) {
      const set = await servers.open(worker, signal);
      const tools = names.flatMap((name): AgentTool[] => {
        const tool = set.tools.get(name);
        return tool === undefined ? [] : [tool];
      });
      const [first] = set.failures;
      if (first !== undefined) throw new Error(first.error);
      return { tools, call: (tool, given, id) => set.call(tool, given, { idempotencyKey: id, signal }) };
    },
    put: (name, text) => writeFile(join(folder, name), text),
    async close() {
      await servers.close();
      await rm(home, { recursive: true });
    },
  };
}
