/**
 * Sagas in a real store for tests of delivery and of the ledger: deployed and started by the store's own acts. No
 * worker process runs, so what was said to Temporal stands in the workflows' histories as it came.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createDelivery } from '../../delivery/delivery.ts';
import { RECONNECT } from '../../delivery/temporal.ts';
import type { SagaDefinition, StepDefinition, WorkerDefinition } from '../../domain/definition.ts';
import type { Verb } from '../../domain/decision.ts';
import type { Actor } from '../../ledger/entry.ts';
import { decide } from '../../store/decide.ts';
import { deploy } from '../../store/definitions.ts';
import { judge } from '../../store/judge.ts';
import type { Log } from '../../store/repeat.ts';
import { openReview } from '../../store/reviews.ts';
import { spanOf } from '../../store/spans.ts';
import { startSaga } from '../../store/start.ts';
import { openStore, type Store } from '../../store/store.ts';
import { workflowId } from '../../workflows/messages.ts';
import { createDatabase } from '../support/postgres.ts';
import { sharedTemporal } from '../support/temporal.ts';

export const ANNA: Actor = { subject: 'anna', kind: 'person' };
export const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Both stores, opened anew; the caller closes them. */
export const stores: Record<string, (name: string) => Promise<Store>> = {
  PGlite: () => openStore({ directory: null }),
  PostgreSQL: async (name) => openStore({ url: await createDatabase(name) }),
};

const identity = { namespace: 'default', version: '1' };

const worker: WorkerDefinition = {
  ...identity,
  kind: 'worker',
  name: 'clerk',
  description: null,
  provider: 'mock',
  adapter: 'langchain',
  model_name: 'mock',
  mock_script: null,
  temperature: 0,
  system_prompt: 'You keep notes.',
  compensation_prompt: null,
  tool_sources: [],
};

const step: StepDefinition = {
  id: 'write',
  name: 'Write',
  kind: 'commit',
  worker: 'clerk',
  worker_version: '1',
  with: {},
  when: null,
  resources: [],
  policy: null,
  hitl: true,
  hitl_max_retries: null,
  hitl_retry_guidance: null,
  review: { expires_ms: null },
  compensation: null,
  output_schema: null,
  timeout_seconds: 30,
  tools: [],
  max_turns: 1,
};

const saga: SagaDefinition = {
  ...identity,
  kind: 'saga',
  name: 'notes',
  description: 'Writes notes.',
  steps: [step, { ...step, id: 'publish' }],
};

export async function deployNotes(store: Store): Promise<void> {
  await deploy(store, worker, ANNA);
  await deploy(store, saga, ANNA);
}

/** Starts a saga of two held commits. */
export async function startNotes(store: Store, seed: string): Promise<string> {
  const traceId = createHash('md5').update(`${seed}${Math.random()}`).digest('hex');
  const asked = { namespace: 'default', name: 'notes', version: '1', input: {}, idempotencyKey: null };
  await startSaga(store, { ...asked, traceId, actor: ANNA });
  return traceId;
}

/** Opens the review of a saga's first step, as its activity would. */
export async function hold(store: Store, traceId: string, iteration = 1): Promise<void> {
  await judge(store, traceId, (court) =>
    openReview(
      court,
      { traceId, span: spanOf(traceId, 0), iteration, phase: 'prepare' },
      {
        kind: 'commit',
        payload: {},
        sent: {},
        payloadHash: 'h',
        editSchema: null,
        policy: null,
        expiresMs: null,
        maxRetries: null,
        resolvedArguments: {},
      },
    ),
  );
}

export async function decideOn(store: Store, traceId: string, verb: Verb, iteration = 1): Promise<string> {
  const result = await decide(store, {
    namespace: 'default',
    traceId,
    span: spanOf(traceId, 0),
    verb,
    iteration,
    payloadHash: null,
    edit: null,
    errorDetails: null,
    guidance: null,
    retryToken: null,
    comment: null,
    actor: ANNA,
  });
  return result.kind;
}

export function requestsOf(store: Store, traceId: string) {
  return store.db
    .selectFrom('requests')
    .selectAll()
    .where('trace_id', '=', traceId)
    .orderBy('position')
    .execute();
}

export function sagaOf(store: Store, traceId: string) {
  return store.db.selectFrom('sagas').selectAll().where('trace_id', '=', traceId).executeTakeFirstOrThrow();
}

let queues = 0;

/** Delivery of a store to the shared Temporal server, on a task queue of its own. */
export async function startDelivery(
  store: Store,
  options: { address?: string; crash?: (point: string) => void } = {},
) {
  const address = options.address ?? (await sharedTemporal()).address;
  const connection = Connection.lazy({ address, channelArgs: RECONNECT });
  const client = new Client({ connection });
  const taskQueue = `delivery-${process.pid}-${(queues += 1)}`;
  const delivery = createDelivery({
    store,
    client,
    taskQueue,
    log: quiet,
    crash: options.crash ?? (() => undefined),
    reconcileEveryMs: 250,
  });
  delivery.start();
  return {
    client,
    taskQueue,
    stop: async () => {
      await delivery.stop();
      await connection.close();
    },
  };
}

/** The signals and cancels in a workflow's history, in order. */
export async function said(client: Client, traceId: string): Promise<string[]> {
  const { events } = await client.workflow.getHandle(workflowId(traceId)).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) {
      const data = signal.input?.payloads?.[0]?.data;
      return `${signal.signalName} ${Buffer.from(data ?? []).toString('utf8')}`;
    }
    return event.workflowExecutionCancelRequestedEventAttributes ? 'cancel' : [];
  });
}

/** Looks until something is found. @throws {Error} when the time is over */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | null | undefined | false>,
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
