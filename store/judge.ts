/**
 * The judge: every transaction about a saga. It locks the saga row by a statement of its own, reads what it judges
 * after that, and writes the ledger entries of what it did together with the saga row at the end. The lock decides
 * races and orders the saga's chain; the first transaction that commits wins.
 *
 * Invariants: 1. one saga row is locked, nothing before it; 2. nothing is awaited but the transaction's own SQL;
 * 3. an act and its ledger entries commit together or not at all.
 */
import type { Transaction } from 'kysely';
import type { Ended } from '../domain/answers.ts';
import { isInFlight, type SagaStatus } from '../domain/status.ts';
import { SYSTEM, type ChainHead, type Fact } from '../ledger/entry.ts';
import { asJson } from './json.ts';
import { insertEntries, openChain } from './ledger.ts';
import type { Store } from './store.ts';
import type { SagaFailure, Stuck, Tables } from './tables.ts';

/** The saga row as the judge holds it, without its input. Written back at the end when it changed. */
export interface SagaRow {
  trace_id: string;
  namespace: string;
  digest: string;
  status: SagaStatus;
  run_id: string | null;
  failure: SagaFailure | null;
  stuck: Stuck | null;
  ended_at: Date | null;
}

export interface Court {
  readonly tx: Transaction<Tables>;
  readonly saga: SagaRow;
  readonly now: Date;
  /** Puts a fact at the end of the saga's chain, in this transaction. */
  record(fact: Fact): void;
  /** Says that a request was written, so that delivery wakes when this commits. */
  requested(): void;
}

/**
 * Runs one judged transaction. Answers what `act` answers, or null when there is no such saga (in `namespace`,
 * when given). Rejects with the driver's error, also after 5 s of waiting for the lock: nothing happened then.
 */
export async function judge<T>(
  store: Store,
  traceId: string,
  act: (court: Court) => Promise<T>,
  namespace?: string,
): Promise<T | null> {
  const news = { request: false, entry: false };
  const answer = await store.db.transaction().execute(async (tx) => {
    const locked = await lock(store, tx, traceId);
    if (!locked || (namespace !== undefined && locked.namespace !== namespace)) return null;
    const { chain_n, chain_hash, now, ...saga } = locked;
    const before = { ...saga };
    const ledger = openChain({ n: chain_n, hash: chain_hash }, saga, now);
    const result = await act({
      tx,
      saga,
      now,
      record: ledger.record,
      requested: () => (news.request = true),
    });
    await insertEntries(tx, ledger.entries);
    await writeBack(tx, before, saga, ledger.entries.length > 0 ? ledger.head() : null);
    news.entry = ledger.entries.length > 0;
    return { result };
  });
  if (answer === null) return null;
  if (news.request) store.announce('request');
  if (news.entry) store.announce('entry');
  return answer.result;
}

/** Locks the saga row; the clock is read after the lock was had, so nobody is judged by a time before his turn. */
function lock(store: Store, tx: Transaction<Tables>, traceId: string) {
  return tx
    .with('locked', (db) =>
      db
        .selectFrom('sagas')
        .select(['trace_id', 'namespace', 'digest', 'status', 'run_id', 'failure', 'stuck', 'ended_at'])
        .select(['chain_n', 'chain_hash'])
        .where('trace_id', '=', traceId)
        .forUpdate(),
    )
    .selectFrom('locked')
    .selectAll()
    .select(store.clock.as('now'))
    .executeTakeFirst();
}

async function writeBack(
  tx: Transaction<Tables>,
  before: SagaRow,
  saga: SagaRow,
  head: ChainHead | null,
): Promise<void> {
  const changed =
    saga.status !== before.status ||
    saga.run_id !== before.run_id ||
    saga.failure !== before.failure ||
    saga.stuck !== before.stuck ||
    saga.ended_at !== before.ended_at;
  if (!changed && head === null) return;
  await tx
    .updateTable('sagas')
    .set({
      status: saga.status,
      run_id: saga.run_id,
      failure: asJson(saga.failure),
      stuck: asJson(saga.stuck),
      ended_at: saga.ended_at,
      ...(head === null ? {} : { chain_n: head.n, chain_hash: head.hash }),
    })
    .where('trace_id', '=', saga.trace_id)
    .execute();
}

/** Ends the saga: its state, its failure, and every step that it never reached. Ended stays ended. */
export async function endSaga(
  court: Court,
  status: 'COMPLETED' | 'FAILED' | 'COMPENSATED',
  failure: SagaFailure | null,
): Promise<void> {
  if (!isInFlight(court.saga.status)) return;
  court.saga.status = status;
  court.saga.ended_at = court.now;
  court.saga.stuck = null;
  if (failure !== null) court.saga.failure = failure;
  if (status !== 'COMPLETED') await skipRest(court);
  court.record({ type: 'end', actor: SYSTEM, data: { status, code: court.saga.failure?.code ?? null } });
}

/** The steps that it never reached. */
async function skipRest(court: Court): Promise<void> {
  const skipped = await court.tx
    .updateTable('steps')
    .set({ status: 'SKIPPED' })
    .where('trace_id', '=', court.saga.trace_id)
    .where('status', '=', 'PENDING')
    .where('compensates_span_id', 'is', null)
    .returning(['span_id', 'step_id', 'order_index'])
    .execute();
  for (const { span_id, step_id } of skipped.toSorted((a, b) => a.order_index - b.order_index)) {
    court.record({ type: 'step.skipped', actor: SYSTEM, span_id, data: { step_id } });
  }
}

/** What an ended saga answers to an activity that has nothing recorded. */
export function endedAnswer(saga: SagaRow): Ended {
  const { status } = saga;
  if (status !== 'COMPLETED' && status !== 'FAILED' && status !== 'COMPENSATED') {
    throw new Error(`expected an ended saga, got ${status}`);
  }
  return { kind: 'ended', status, code: status === 'COMPLETED' ? null : (saga.failure?.code ?? null) };
}
