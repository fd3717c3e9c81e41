/**
 * One review with all that is known of it: what was on hold and why it was let through, what a rejection undoes, what
 * was decided by whom, the iterations before it, and how far the decision has come. Read at one moment, without a lock.
 */
import { sql, type Transaction } from 'kysely';
import { readClock } from './clock.ts';
import { cancelRequestId } from './cancel.ts';
import type { SagaStatus, StepStatus } from '../domain/status.ts';
import type { Execution } from './executions.ts';
import { completedSteps, undoPlan, type UndoPlanItem } from './list-reviews.ts';
import { receiptOf, type Receipt, type UndoRows } from './receipt.ts';
import type { Request } from './requests.ts';
import type { Review } from './reviews.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export interface ReviewName {
  namespace: string;
  traceId: string;
  span: string;
  iteration: number;
}

export type EarlierReview = Pick<
  Review,
  'iteration' | 'status' | 'payload_hash' | 'opened_at' | 'decided_at' | 'actor' | 'comment' | 'verdict'
>;

export interface ShownReview {
  review: Review;
  saga: { name: string; version: string; status: SagaStatus };
  step: {
    step_id: string;
    name: string;
    status: StepStatus;
    order_index: number;
    worker: string;
    worker_version: string;
    started_at: Date;
  };
  undoPlan: UndoPlanItem[];
  /** The reviews of the iterations before it, the first one first. */
  earlier: EarlierReview[];
  receipt: Receipt;
}

/** null: there is no such review in the namespace. */
export async function findShownReview(store: Store, named: ReviewName): Promise<ShownReview | null> {
  return store.db.transaction().execute(async (tx) => {
    await sql`set transaction isolation level repeatable read, read only`.execute(tx);
    return readReview({ ...store, db: tx }, tx, named);
  });
}

async function readReview(
  store: Store,
  tx: Transaction<Tables>,
  named: ReviewName,
): Promise<ShownReview | null> {
  const { traceId, span, namespace, iteration } = named;
  const review = await tx
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where('namespace', '=', namespace)
    .executeTakeFirst();
  if (!review) return null;
  const others = await otherIterations(tx, review);
  const saga = await tx
    .selectFrom('sagas')
    .select(['trace_id', 'namespace', 'name', 'version', 'status', 'stuck', 'failure', 'ended_at'])
    .where('trace_id', '=', traceId)
    .executeTakeFirstOrThrow();
  const step = await stepOf(tx, review);
  const completed = await completedSteps({ db: tx }, [traceId]);
  const receipt = receiptOf({
    now: await readClock(store, tx),
    ...{ saga, review, step },
    next: others.find((other) => other.iteration > iteration) ?? null,
    ...(await requestsFor(tx, review)),
    execution: await letRun(tx, review),
    undo: review.status === 'approved' || review.status === 'retried' ? null : await presentUndo(tx, traceId),
  });
  return {
    ...{ review, saga, step, receipt },
    undoPlan: undoPlan(completed.get(traceId) ?? [], step.order_index),
    earlier: others.filter((other) => other.iteration < iteration),
  };
}

async function stepOf(tx: Transaction<Tables>, { trace_id, span_id }: Review) {
  return tx
    .selectFrom('steps')
    .select(['step_id', 'name', 'status', 'order_index', 'worker', 'worker_version'])
    .select(['started_at', 'end_time'])
    .where('trace_id', '=', trace_id)
    .where('span_id', '=', span_id)
    .executeTakeFirstOrThrow();
}

/** Those of the same step, without what was on hold: there may be hundreds. */
async function otherIterations(tx: Transaction<Tables>, review: Review): Promise<EarlierReview[]> {
  return tx
    .selectFrom('reviews')
    .select(['iteration', 'status', 'payload_hash', 'opened_at', 'decided_at', 'actor', 'comment', 'verdict'])
    .where('trace_id', '=', review.trace_id)
    .where('span_id', '=', review.span_id)
    .where('iteration', '!=', review.iteration)
    .orderBy('iteration')
    .execute();
}

/** The request that carries the decision, and the first of the saga before it that Temporal was not told of. */
async function requestsFor(
  tx: Transaction<Tables>,
  review: Review,
): Promise<{ request: Request | null; before: Request | null }> {
  const ofSaga = tx.selectFrom('requests').selectAll().where('trace_id', '=', review.trace_id);
  const own =
    review.status === 'cancelled'
      ? ofSaga.where('id', '=', cancelRequestId(review.trace_id))
      : ofSaga
          .where('span_id', '=', review.span_id)
          .where('iteration', '=', review.iteration)
          .where('kind', 'in', ['approve', 'reject', 'retry']);
  const request = (await own.executeTakeFirst()) ?? null;
  if (request === null || request.delivered_at !== null) return { request, before: null };
  const before = await ofSaga
    .where('position', '<', request.position)
    .where('delivered_at', 'is', null)
    .where('consumed_at', 'is', null)
    .where('closed_at', 'is', null)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst();
  return { request, before: before ?? null };
}

/** The execution that an approval or a retry lets run. */
async function letRun(tx: Transaction<Tables>, review: Review): Promise<Execution | null> {
  const { status, kind, trace_id, span_id, iteration } = review;
  if (status !== 'retried' && (status !== 'approved' || kind === 'reason')) return null;
  const retried = status === 'retried';
  const row = await tx
    .selectFrom('executions')
    .selectAll()
    .where('trace_id', '=', trace_id)
    .where('span_id', '=', span_id)
    .where('iteration', '=', retried ? iteration + 1 : iteration)
    .where('phase', '=', retried ? 'prepare' : 'act')
    .executeTakeFirst();
  return row ?? null;
}

/** The undo that runs; undos run one at a time. */
async function presentUndo(tx: Transaction<Tables>, traceId: string): Promise<UndoRows | null> {
  const step = await tx
    .selectFrom('steps')
    .select(['step_id', 'span_id', 'status', 'error_details'])
    .where('trace_id', '=', traceId)
    .where('compensates_span_id', 'is not', null)
    .where('status', '=', 'COMPENSATING')
    .limit(1)
    .executeTakeFirst();
  if (!step) return null;
  const execution = await tx
    .selectFrom('executions')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('span_id', '=', step.span_id)
    .orderBy('iteration', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { step, execution: execution ?? null };
}
