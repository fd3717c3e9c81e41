/**
 * Where races are run: one process with everything on PGlite, or two API processes and a worker process on
 * PostgreSQL. Both with real Temporal and the real notes server; needs `npm run build`.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createApiClient, type ApiClient } from '../../api/client.ts';
import { createDatabase } from '../support/postgres.ts';
import { repository, startEntry, waitForLine, type RunningProcess } from '../support/processes.ts';
import { deployFixtures } from '../support/sagas.ts';
import { fixtures, readRecord, startStack, type RecordLine } from '../support/stack.ts';
import { sharedTemporal } from '../support/temporal.ts';

export interface RaceStack {
  /** Addresses of the API processes; twice the same where there is one. */
  urls: readonly [string, string];
  http: ApiClient;
  temporal: Client;
  notes: { folder: string; record: string };
  /** The tool server's own record. */
  record(): RecordLine[];
  stop(): Promise<void>;
}

export const raceStacks = {
  'PGlite, one process': startInOneProcess,
  'PostgreSQL, two API processes and a worker process': startInThreeProcesses,
} as const;

async function startInOneProcess(): Promise<RaceStack> {
  const stack = await startStack();
  await deployFixtures(stack);
  const { url, http, client, notes, record, stop } = stack;
  return { urls: [url, url], http, temporal: client, notes, record, stop };
}

async function startInThreeProcesses(): Promise<RaceStack> {
  const { address } = await sharedTemporal();
  const folder = await mkdtemp(join(tmpdir(), 'warden-races-'));
  const notes = { folder: join(folder, 'notes'), record: join(folder, 'record.jsonl') };
  await cp(join(repository, 'config', 'notes'), notes.folder, { recursive: true });
  const env = environment(address, await createDatabase('races'), notes);
  const worker = startEntry('worker', [], { env });
  const apis = [startEntry('api/server', [], { env }), startEntry('api/server', [], { env })] as const;
  const connection = await Connection.connect({ address });
  const stop = async () => {
    await Promise.all([worker, ...apis].map((each) => each.stop()));
    await connection.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const urls = [await addressOf(apis[0]), await addressOf(apis[1])] as const;
    await waitForLine(worker, /worker ready/);
    const http = createApiClient(urls[0]);
    await deployFixtures({ http });
    const record = () => readRecord(notes.record);
    return { urls, http, temporal: new Client({ connection }), notes, record, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environment(temporal: string, database: string, notes: RaceStack['notes']) {
  return {
    DATABASE_URL: database,
    TEMPORAL_ADDRESS: temporal,
    WARDEN_TASK_QUEUE: `races-${process.pid}`,
    WARDEN_API_PORT: '0',
    WARDEN_STDIO_ALLOW: 'warden-notes',
    WARDEN_NOTES_FOLDER: notes.folder,
    WARDEN_NOTES_RECORD: notes.record,
    WARDEN_UNDO_RETRY_BASE_DELAY_S: '0.05',
    PROMPTS_ROOT: join(fixtures, 'prompts'),
    POLICIES_ROOT: join(fixtures, 'policies'),
    SCHEMAS_ROOT: join(fixtures, 'schemas'),
    COMPENSATIONS_ROOT: join(fixtures, 'compensations'),
  };
}

async function addressOf(api: RunningProcess): Promise<string> {
  const line = await waitForLine(api, /api ready on/);
  const [url] = /http:\/\/[^"\s]+/.exec(line) ?? [];
  if (url === undefined) throw new Error(`expected an address in "${line}", found none`);
  return url;
}
