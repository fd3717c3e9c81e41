/**
 * The interface as clients meet it: an app over a real store, on a port of its own, with a saga definition deployed
 * through the route. No worker process and no Temporal: what a saga does is done by the store's own transactions.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { createApiClient, type ApiClient } from '../../api/client.ts';
import { startApi, type ApiServer } from '../../api/listen.ts';
import { digest } from '../../ledger/canonical.ts';
import { judge } from '../../store/judge.ts';
import { completeStep } from '../../store/outcome.ts';
import { openReview } from '../../store/reviews.ts';
import { spanOf } from '../../store/spans.ts';
import { openStore, type Store } from '../../store/store.ts';
import { assertDescribed, type Document } from './described.ts';

export const WORKER = `
kind: worker
name: clerk
version: "1"
provider: mock
model_name: mock
system_prompt: You keep notes.
`;

export const SAGA = `
kind: saga
name: notes
version: "1"
description: Reads, writes and publishes.
steps:
  - id: read
    name: Read
    kind: reason
    worker: clerk
    worker_version: "1"
    prompt: read.j2
  - id: write
    name: Write
    kind: commit
    worker: clerk
    worker_version: "1"
    compensation: unwrite.yaml
    tools: { allow: [{ name: write_note }] }
  - id: publish
    name: Publish
    kind: commit
    worker: clerk
    worker_version: "1"
    hitl: true
    hitl_max_retries: 1
    tools: { allow: [{ name: publish_note }] }
`;

const UNWRITE = `
worker: clerk
worker_version: "1"
tools: { allow: [{ name: delete_note }] }
`;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; null when it is no JSON. */
  body: ReturnType<typeof JSON.parse>;
}

export interface TestApi {
  readonly url: string;
  readonly store: Store;
  readonly client: ApiClient;
  /** What was logged as a warning or an error. */
  readonly logged: object[];
  /** What the app is told of Temporal. */
  temporal: { reachable: boolean; workers: number };
  /** Takes the store away, for good. */
  closeStore(): Promise<void>;
  ask(
    method: string,
    path: string,
    init?: { body?: string | Uint8Array; headers?: Record<string, string> },
  ): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
}

/** A server for the tests of one `describe`: deployed and listening before the first, gone after the last. */
export function useApi(open: () => Promise<Store> = () => openStore({ directory: null })): TestApi {
  let running: { server: ApiServer; store: Store; folder: string; document: Document } | null = null;
  let closed: Promise<void> | null = null;
  const use = () => {
    assert.ok(running, 'the server runs only inside tests');
    return running;
  };
  const logged: object[] = [];
  const api: TestApi = {
    get url() {
      return use().server.url;
    },
    get store() {
      return use().store;
    },
    get client() {
      return createApiClient(use().server.url);
    },
    logged,
    temporal: { reachable: true, workers: 1 },
    closeStore: () => (closed ??= use().store.close()),
    // Every answer of every test is one that the document describes.
    ask: async (method, path, init = {}) => {
      const answer = await ask(use().server.url, method, path, init);
      assertDescribed(use().document, method, path, answer);
      return answer;
    },
    get: (path) => api.ask('GET', path),
    post: (path, body) =>
      api.ask('POST', path, {
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
  before(async () => {
    const folder = await writeFiles();
    const store = await open();
    const note = (fields: object) => void logged.push(fields);
    const roots = { prompts: folder, policies: folder, schemas: folder, compensations: folder };
    const temporal = () => Promise.resolve(api.temporal);
    const log = { info: () => undefined, warn: note, error: note };
    const deps = { store, roots, stdioAllow: [], temporal, log };
    const server = await startApi({ api: { host: '127.0.0.1', port: 0 } }, deps);
    const document = (await ask(server.url, 'GET', '/v1/openapi.json')).body;
    running = { server, store, folder, document };
    await api.client.deploy(WORKER);
    await api.client.deploy(SAGA);
  });
  after(async () => {
    if (running === null) return;
    await running.server.stop();
    await api.closeStore();
    await rm(running.folder, { recursive: true });
  });
  return api;
}

async function writeFiles(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'warden-api-'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'read.j2'), 'Read the notes.');
  await writeFile(join(folder, 'unwrite.yaml'), UNWRITE);
  return folder;
}

async function ask(
  url: string,
  method: string,
  path: string,
  init: { body?: string | Uint8Array; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { method, redirect: 'manual', ...init });
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // An answer that is no JSON is looked at as text.
  }
  return { status: response.status, headers: response.headers, text, body };
}

/** A saga of {@link SAGA}, started over HTTP. */
export async function started(api: TestApi, body: object = {}): Promise<string> {
  const { trace_id } = await api.client.startSaga({ name: 'notes', version: '1', ...body });
  return trace_id;
}

/** What the last step of {@link SAGA} would send. */
export const SENT = { id: 'today', text: 'Ready.' };

/** A saga whose first two steps are done and whose last waits for a person. Answers its trace and that span. */
export async function held(
  api: TestApi,
  options: { expiresMs?: number; start?: object } = {},
): Promise<{ trace: string; span: string }> {
  const trace = await started(api, options.start);
  const span = spanOf(trace, 2);
  await judge(api.store, trace, async (court) => {
    await completeStep(court, spanOf(trace, 0), { output: { data: { notes: 2 } } });
    await completeStep(court, spanOf(trace, 1), { output: { data: { ok: true } } });
  });
  await hold(api, trace, 1, options.expiresMs ?? null);
  return { trace, span };
}

/** Opens the review of an iteration of the last step. */
export async function hold(
  api: TestApi,
  trace: string,
  iteration: number,
  expiresMs: number | null = null,
): Promise<void> {
  const ref = { traceId: trace, span: spanOf(trace, 2), iteration, phase: 'prepare' } as const;
  await judge(api.store, trace, (court) =>
    openReview(court, ref, {
      kind: 'commit',
      payload: SENT,
      sent: SENT,
      payloadHash: digest(SENT),
      editSchema: null,
      policy: { name: 'safe', cel: 'true', verdict: 'allowed' },
      expiresMs,
      maxRetries: 1,
      resolvedArguments: SENT,
    }),
  );
}
