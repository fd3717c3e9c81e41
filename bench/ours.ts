/** Warden as a running side: API and worker processes on PostgreSQL, one standalone process on PGlite. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createApiClient, type ApiClient } from '../api/client.ts';
import { freePort } from '#scripts/ports.mjs';
import type { Http } from './http.ts';
import { dist, repository, waitFor, type Programs, type Running } from './programs.ts';
import { inputOf, openSome, type Hold, type Side } from './side.ts';
import type { Temporal } from './temporal.ts';

export interface OursParts {
  programs: Programs;
  http: Http;
  temporal: Temporal;
  folder: string;
  /** PostgreSQL; null: PGlite in `folder`. */
  databaseUrl: string | null;
  /** Every SQL statement is logged in `<folder>/sql-<process>.jsonl`. */
  logsSql: boolean;
}

export type Ours = Side & { stop(): Promise<void>; data: string };

export async function startOurs(parts: OursParts): Promise<Ours> {
  const { folder, databaseUrl, http } = parts;
  const port = await freePort();
  const data = join(folder, 'data');
  const record = join(folder, 'ours', 'record.jsonl');
  const start = starter(parts, environment(parts, { port, data, record }));
  const startWorker = () =>
    databaseUrl === null ? start('standalone', 'standalone.js') : start('worker', 'worker.js');
  const api = databaseUrl === null ? null : start('api', 'api/server.js');
  const url = `http://127.0.0.1:${port}`;
  const client = createApiClient(url);
  // One process after the other: both would migrate the empty store.
  if (api) await waitFor('answer', [api], () => client.health().catch(() => null));
  let worker = startWorker();
  const running = () => (api ? [worker, api] : [worker]);
  const ready = () =>
    waitFor('be ready', running(), async () =>
      (await client.ready().catch(() => null))?.ready === true ? true : null,
    );
  await ready();
  await deploy(client);
  const open = opener(url, client, running);
  return {
    record,
    data,
    open: (count) => openSome(count, open),
    pids: () => ({ ...(api && { api: api.child.pid }), [api ? 'worker' : 'standalone']: worker.child.pid }),
    isDone: async ({ id }) => (await client.listSagas({ trace_id: id })).items[0]?.status === 'COMPLETED',
    restartWorker: async () => {
      await worker.stop();
      // What was kept open to a process that has ended is of no use.
      http.close();
      worker = startWorker();
      await ready();
    },
    stop: async () => {
      for (const each of running()) await each.stop();
    },
  };
}

function starter({ programs, folder, logsSql }: OursParts, env: Readonly<Record<string, string>>) {
  return (name: string, file: string): Running => {
    const preload = pathToFileURL(join(dist, 'bench', 'sql-log.js'));
    preload.searchParams.set('file', join(folder, `sql-${name}.jsonl`));
    const options = logsSql ? `--import=${preload.href}` : '';
    return programs.node(name, file, [], { ...env, NODE_OPTIONS: options });
  };
}

function opener(url: string, client: ApiClient, running: () => Running[]): () => Promise<Hold> {
  let count = 0;
  return async () => {
    const path = `ours-${process.pid}-${(count += 1)}.md`;
    const { trace_id } = await client.startSaga({ name: 'w3', version: '1', input: inputOf(path) });
    const review = await waitFor('a hold', running(), async () => {
      const { items } = await client.pendingReviews({ trace_id });
      return items[0] ?? null;
    });
    const { step_span_id, iteration, payload_hash } = review;
    const body = { iteration, payload_hash, decided_by: 'bench', comment: 'approved' };
    const approve = { url: `${url}/v1/sagas/${trace_id}/steps/${step_span_id}/approve`, body };
    return { id: trace_id, path, approve };
  };
}

function environment(
  { temporal, folder, databaseUrl }: OursParts,
  { port, data, record }: { port: number; data: string; record: string },
): Record<string, string> {
  const fixtures = join(repository, 'test', 'fixtures');
  return {
    TEMPORAL_ADDRESS: temporal.address,
    WARDEN_TASK_QUEUE: 'ours',
    WARDEN_API_PORT: String(port),
    WARDEN_STDIO_ALLOW: 'warden-notes',
    WARDEN_NOTES_FOLDER: join(folder, 'ours', 'notes'),
    WARDEN_NOTES_RECORD: record,
    WARDEN_LOG_LEVEL: 'warn',
    PROMPTS_ROOT: join(fixtures, 'prompts'),
    POLICIES_ROOT: join(fixtures, 'policies'),
    SCHEMAS_ROOT: join(fixtures, 'schemas'),
    COMPENSATIONS_ROOT: join(fixtures, 'compensations'),
    ...(databaseUrl === null ? { WARDEN_DATA_DIR: data } : { DATABASE_URL: databaseUrl }),
  };
}

async function deploy(client: ApiClient): Promise<void> {
  for (const name of ['worker', 'w3']) {
    const file = join(repository, 'test', 'fixtures', 'manifests', `${name}.yaml`);
    await client.deploy(await readFile(file, 'utf8'));
  }
}
