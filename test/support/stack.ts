/**
 * A whole Warden in this process for tests of behaviour: a store, the HTTP interface, delivery and a worker, on a
 * real Temporal server and with the real notes server. Needs `npm run build` (workflow bundle, notes server).
 */
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createApiClient } from '../../api/client.ts';
import { startApi } from '../../api/listen.ts';
import type { JsonObject } from '../../domain/json.ts';
import { createDelivery } from '../../delivery/delivery.ts';
import { temporalState } from '../../delivery/readiness.ts';
import { installRuntime } from '../../processes/poll.ts';
import { startWorker } from '../../processes/start-worker.ts';
import { readSettings } from '../../settings.ts';
import { startSealer } from '../../store/sealer.ts';
import { openStore, type StoreOptions } from '../../store/store.ts';
import { repository } from './processes.ts';
import { sharedTemporal } from './temporal.ts';

export interface StackOptions {
  /** PostgreSQL; left out: PGlite in memory. */
  url?: string;
  clock?: StoreOptions['clock'];
  /** A Temporal server of the test's own; left out: the one that is shared. */
  temporalAddress?: string;
  /** Settings beyond the defaults of a test. */
  env?: Readonly<Record<string, string>>;
  /** False: no worker polls until `startWorker`. */
  worker?: boolean;
}

export type Stack = Awaited<ReturnType<typeof startStack>>;

/** Folder with the manifests of the tests and all that they name. */
export const fixtures = join(repository, 'test', 'fixtures');

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
let runtime = false;
let queues = 0;

/** Keeps Temporal's own log lines out of the output of the tests. */
export function quietRuntime(): void {
  if (!runtime) installRuntime(quiet);
  runtime = true;
}

/** Starts everything on ports of its own; the caller stops it. */
export async function startStack(options: StackOptions = {}) {
  const dist = join(repository, 'dist');
  if (!existsSync(join(dist, 'workflow-bundle.js'))) throw new Error('run "npm run build" first');
  quietRuntime();
  const temporal = await sharedTemporal();
  const address = options.temporalAddress ?? temporal.address;
  const folder = await mkdtemp(join(tmpdir(), 'warden-stack-'));
  const notes = { folder: join(folder, 'notes'), record: join(folder, 'record.jsonl') };
  const env = {
    TEMPORAL_ADDRESS: address,
    WARDEN_TASK_QUEUE: `test-${process.pid}-${(queues += 1)}`,
    WARDEN_API_PORT: '0',
    WARDEN_STDIO_ALLOW: 'warden-notes',
    WARDEN_NOTES_FOLDER: notes.folder,
    WARDEN_NOTES_RECORD: notes.record,
    WARDEN_UNDO_RETRY_BASE_DELAY_S: '0.05',
    PROMPTS_ROOT: join(fixtures, 'prompts'),
    POLICIES_ROOT: join(fixtures, 'policies'),
    SCHEMAS_ROOT: join(fixtures, 'schemas'),
    COMPENSATIONS_ROOT: join(fixtures, 'compensations'),
    ...options.env,
  };
  const settings = readSettings(env);
  await cp(join(repository, 'config', 'notes'), notes.folder, { recursive: true });
  const store = await openStore({
    url: options.url,
    directory: null,
    ...(options.clock && { clock: options.clock }),
  });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const { taskQueue } = settings.temporal;
  const crash = () => undefined;
  const delivery = createDelivery({ store, client, taskQueue, log: quiet, crash });
  delivery.start();
  const sealer = startSealer({ store, log: quiet });
  const { roots, stdioAllow } = settings;
  const api = await startApi(settings, {
    store,
    roots,
    stdioAllow,
    temporal: () => temporalState(client, taskQueue),
    log: quiet,
  });
  const start = () => startWorker(settings, { store, env, dist, crash, log: quiet });
  let worker = options.worker === false ? null : start();
  await worker?.ready;
  return {
    url: api.url,
    http: createApiClient(api.url),
    store,
    client,
    temporal,
    taskQueue,
    notes,
    /** The tool server's own record: what was asked and what took effect. */
    record: () => readRecord(notes.record),
    startWorker: async () => {
      worker ??= start();
      await worker.ready;
    },
    stopWorker: async () => {
      await worker?.stop();
      worker = null;
    },
    stop: async () => {
      await api.stop();
      await worker?.stop();
      await delivery.stop();
      await sealer.stop();
      await connection.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface RecordLine {
  event: string;
  tool?: string;
  arguments?: JsonObject;
  key?: string | null;
  path?: string;
  undone?: string;
}

export function readRecord(file: string): RecordLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line === '') return [];
      const parsed: RecordLine = JSON.parse(line);
      return [parsed];
    });
}

/**
 * Looks until `look` finds something that is neither null, undefined nor false.
 * @throws {Error} that says what was waited for, when the time is over
 */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | null | undefined | false> | Found | null | undefined | false,
  timeoutMs = 120_000,
): Promise<Found> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}, in vain`);
    await delay(25);
  }
}
