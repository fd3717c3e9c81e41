/**
 * Starting a saga: its row, all its step rows, its first ledger entry and the request that Temporal is told of, in
 * one transaction. The same start again answers the saga that it made.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { PlanStep, SagaInput } from '../domain/answers.ts';
import type { SagaDefinition, StepDefinition } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { digest } from '../ledger/canonical.ts';
import type { Actor } from '../ledger/entry.ts';
import { readClock } from './clock.ts';
import { findDefinition, freeze, loadDefinition, loadFrozen, workerKey } from './definitions.ts';
import { asJson } from './json.ts';
import { insertEntries, openChain } from './ledger.ts';
import { spanOf, undoSpanOf } from './spans.ts';
import type { Store } from './store.ts';
import type { Frozen, Tables } from './tables.ts';

export interface StartAsked {
  namespace: string;
  name: string;
  version: string;
  input: JsonObject;
  idempotencyKey: string | null;
  traceId: string | null;
  actor: Actor;
}

export type StartResult =
  { kind: 'started' | 'existing'; traceId: string } | { kind: 'conflict' | 'unknown'; message: string };

/** Starts a saga, or answers the one that the same key or trace id started. Rejects with the store's error. */
export async function startSaga(store: Store, asked: StartAsked): Promise<StartResult> {
  const { namespace, name, version, input } = asked;
  const requestHash = digest({ namespace, name, version, input });
  const earlier = await findEarlier(store, asked, requestHash);
  if (earlier) return earlier;
  const found = await findRunnable(store, asked);
  if ('message' in found) return { kind: 'unknown', message: found.message };
  const traceId = asked.traceId ?? randomBytes(16).toString('hex');
  const inserted = await store.db
    .transaction()
    .execute((tx) => insertSaga(store, tx, { ...asked, ...found, traceId, requestHash }));
  if (!inserted) {
    const winner = await findEarlier(store, asked, requestHash);
    return winner ?? { kind: 'conflict', message: 'another start with the same key is under way; ask again' };
  }
  store.announce('request');
  store.announce('entry');
  return { kind: 'started', traceId };
}

/** The saga that already has the key or the trace id: the same one, or a conflict. */
async function findEarlier(
  store: Store,
  asked: StartAsked,
  requestHash: string,
): Promise<StartResult | null> {
  const { namespace, idempotencyKey, traceId } = asked;
  if (idempotencyKey === null && traceId === null) return null;
  const rows = await store.db
    .selectFrom('sagas')
    .select(['trace_id', 'namespace', 'request_hash', 'start_idempotency_key'])
    .where((eb) =>
      eb.or([
        ...(traceId === null ? [] : [eb('trace_id', '=', traceId)]),
        ...(idempotencyKey === null
          ? []
          : [eb.and([eb('namespace', '=', namespace), eb('start_idempotency_key', '=', idempotencyKey)])]),
      ]),
    )
    .execute();
  const [row] = rows;
  if (!row) return null;
  const same =
    rows.length === 1 &&
    row.namespace === namespace &&
    row.request_hash === requestHash &&
    (traceId === null || row.trace_id === traceId) &&
    (idempotencyKey === null || row.start_idempotency_key === idempotencyKey);
  if (same) return { kind: 'existing', traceId: row.trace_id };
  const by = row.trace_id === traceId ? `trace_id ${traceId}` : `idempotency_key ${idempotencyKey}`;
  const message =
    `the ${by} already started a saga with another request; expected the same name, version, input, ` +
    'idempotency_key and trace_id, or a new key';
  return { kind: 'conflict', message };
}

type Runnable = { definitionId: string; saga: SagaDefinition; frozen: Frozen };

async function findRunnable(store: Store, asked: StartAsked): Promise<Runnable | { message: string }> {
  const row = await findDefinition(store, 'saga', asked);
  const where = `in namespace ${asked.namespace}`;
  if (!row) return { message: `no saga definition ${asked.name} ${asked.version} is deployed ${where}` };
  const saga = await loadDefinition(store, row.digest);
  if (saga.kind !== 'saga') throw new Error(`expected a saga under ${row.digest}, found a ${saga.kind}`);
  const workers: Record<string, string> = {};
  for (const { worker, worker_version } of saga.steps.flatMap(runnersOf)) {
    const identity = { namespace: saga.namespace, name: worker, version: worker_version };
    const deployed = await findDefinition(store, 'worker', identity);
    if (!deployed) return { message: `the worker ${worker} ${worker_version} is not deployed ${where}` };
    workers[workerKey(worker, worker_version)] = deployed.digest;
  }
  return { definitionId: row.id, saga, frozen: { kind: 'frozen', saga: row.digest, workers } };
}

function runnersOf(step: StepDefinition): { worker: string; worker_version: string }[] {
  return step.compensation ? [step, step.compensation] : [step];
}

async function insertSaga(
  store: Store,
  tx: Transaction<Tables>,
  start: StartAsked & Runnable & { traceId: string; requestHash: string },
): Promise<boolean> {
  const { namespace, name, version, input, actor, traceId, saga } = start;
  const now = await readClock(store, tx);
  const frozenDigest = await freeze(tx, start.frozen);
  const chain = openChain({ n: 0, hash: null }, { namespace, trace_id: traceId }, now);
  chain.record({ type: 'start', actor, data: { name, version, digest: frozenDigest, input } });
  const head = chain.head();
  const row = await tx
    .insertInto('sagas')
    .values({
      trace_id: traceId,
      namespace,
      definition_id: start.definitionId,
      name,
      version,
      digest: frozenDigest,
      status: 'PENDING',
      request_hash: start.requestHash,
      start_idempotency_key: start.idempotencyKey,
      input: asJson(input),
      chain_n: head.n,
      chain_hash: head.hash,
      started_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('trace_id')
    .executeTakeFirst();
  if (!row) return false;
  await tx
    .insertInto('steps')
    .values(saga.steps.map((step, index) => stepRow(traceId, step, index, now)))
    .execute();
  await insertRequest(tx, traceId, actor, now);
  await insertEntries(tx, chain.entries);
  return true;
}

async function insertRequest(
  tx: Transaction<Tables>,
  traceId: string,
  actor: Actor,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('requests')
    .values({
      id: randomUUID(),
      trace_id: traceId,
      kind: 'start',
      body: asJson({}),
      actor: asJson(actor),
      created_at: now,
      next_at: now,
    })
    .execute();
}

function stepRow(traceId: string, step: StepDefinition, index: number, now: Date) {
  return {
    trace_id: traceId,
    span_id: spanOf(traceId, index),
    order_index: index,
    step_id: step.id,
    name: step.name,
    kind: step.kind,
    status: 'PENDING' as const,
    worker: step.worker,
    worker_version: step.worker_version,
    started_at: now,
    prompt_ref: step.kind === 'reason' ? step.prompt.ref : null,
  };
}

/** What the saga's workflow is started with: ids, kinds and times of its steps, nothing of their content. */
export async function sagaInput(store: Store, traceId: string): Promise<SagaInput> {
  const { namespace, digest: frozenDigest } = await store.db
    .selectFrom('sagas')
    .select(['namespace', 'digest'])
    .where('trace_id', '=', traceId)
    .executeTakeFirstOrThrow();
  const { saga } = await loadFrozen(store, frozenDigest);
  return {
    traceId,
    namespace,
    digest: frozenDigest,
    plan: saga.steps.map((step, at) => planStep(traceId, step, at)),
  };
}

function planStep(traceId: string, step: StepDefinition, index: number): PlanStep {
  const { compensation } = step;
  return {
    span: spanOf(traceId, index),
    id: step.id,
    kind: step.kind,
    hitl: step.hitl,
    timeout: step.timeout_seconds,
    ...(compensation
      ? { undo: { span: undoSpanOf(traceId, index), timeout: compensation.timeout_seconds } }
      : {}),
  };
}
