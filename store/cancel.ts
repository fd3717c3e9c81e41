/**
 * Cancel. The open review is closed first; a decision accepted before it stands and takes effect; the saga is
 * cancelled at the boundary after that. The first undo's transaction (or `finish`) consumes the request.
 */
import { winner } from '../domain/decision.ts';
import { errorDetails } from '../domain/failure.ts';
import { isInFlight } from '../domain/status.ts';
import { SYSTEM, type Actor } from '../ledger/entry.ts';
import { asJson } from './json.ts';
import { judge, type Court } from './judge.ts';
import { judged } from './reviews.ts';
import type { Store } from './store.ts';

export type CancelResult =
  | { kind: 'queued' | 'already_queued'; idempotencyKey: string }
  | { kind: 'conflict'; message: string }
  | { kind: 'unknown' };

export function cancelRequestId(traceId: string): string {
  return `cancel-${traceId}`;
}

/** Asks for the cancellation of a saga. `conflict` when it has ended or is being undone for another reason. */
export async function cancelSaga(
  store: Store,
  asked: { traceId: string; namespace: string; actor: Actor; reason: string | null },
): Promise<CancelResult> {
  const result = await judge(
    store,
    asked.traceId,
    async (court): Promise<CancelResult> => {
      const idempotencyKey = cancelRequestId(asked.traceId);
      if (await hasCancel(court)) {
        const { status, failure } = court.saga;
        if (isInFlight(status) || failure?.code === 'CANCELLED')
          return { kind: 'already_queued', idempotencyKey };
      }
      const { status } = court.saga;
      if (!isInFlight(status) || status === 'COMPENSATING') {
        const message = `expected a saga that runs forward; it is ${status}`;
        court.record({ type: 'refusal', actor: asked.actor, data: { act: 'cancel', message } });
        return { kind: 'conflict', message };
      }
      const turning = await turningRound(court);
      if (turning !== null) {
        const message = `expected a saga that runs forward; ${turning}, so it is being undone already`;
        court.record({ type: 'refusal', actor: asked.actor, data: { act: 'cancel', message } });
        return { kind: 'conflict', message };
      }
      await writeCancel(court, asked.actor, asked.reason, false);
      return { kind: 'queued', idempotencyKey };
    },
    asked.namespace,
  );
  return result ?? { kind: 'unknown' };
}

/** A review that was rejected or expired, and that the saga has not acted on yet, in words. */
async function turningRound(court: Court): Promise<string | null> {
  const review = await court.tx
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', court.saga.trace_id)
    .where('status', 'in', ['rejected', 'expired'])
    .where('settled', 'is', null)
    .executeTakeFirst();
  return review ? winner(judged(review)) : null;
}

/** Writes the request and closes the open review. `told`: Temporal brought it, so it need not be told. */
export async function writeCancel(
  court: Court,
  actor: Actor,
  reason: string | null,
  told: boolean,
): Promise<void> {
  const { tx, saga, now } = court;
  await tx
    .insertInto('requests')
    .values({
      id: cancelRequestId(saga.trace_id),
      trace_id: saga.trace_id,
      kind: 'cancel',
      span_id: null,
      iteration: null,
      body: asJson({ reason }),
      actor: asJson(actor),
      created_at: now,
      next_at: now,
      delivered_at: told ? now : null,
    })
    .execute();
  court.record({ type: 'cancel', actor, data: { reason } });
  await closeOpenReview(court, 'cancelled', actor);
  if (!told) court.requested();
}

/** Closes the open review, if any, and fails its step. `actor`: whom a late decision is told of. Answers its span. */
export async function closeOpenReview(
  court: Court,
  why: 'cancelled' | 'terminated',
  actor: Actor,
): Promise<{ span: string; iteration: number } | null> {
  const { tx, saga, now } = court;
  const closed = await tx
    .updateTable('reviews')
    .set({ status: 'cancelled', decided_at: now, actor: asJson(actor) })
    .where('trace_id', '=', saga.trace_id)
    .where('status', '=', 'pending')
    .returning(['span_id', 'iteration'])
    .executeTakeFirst();
  if (!closed) return null;
  const failure =
    why === 'cancelled'
      ? { code: 'CANCELLED' as const, message: 'the saga was cancelled while this step waited for review' }
      : { code: 'TERMINATED' as const, message: 'the workflow was terminated in Temporal' };
  await tx
    .updateTable('steps')
    .set({ status: 'FAILED', end_time: now, error_details: asJson(errorDetails(failure)) })
    .where('trace_id', '=', saga.trace_id)
    .where('span_id', '=', closed.span_id)
    .execute();
  court.record({
    type: 'step.failed',
    actor: SYSTEM,
    span_id: closed.span_id,
    data: { code: failure.code, iteration: closed.iteration },
  });
  return { span: closed.span_id, iteration: closed.iteration };
}

/** Whether a cancel was asked for that the saga has not acted on yet. */
export async function cancelStands(court: Court): Promise<boolean> {
  const row = await court.tx
    .selectFrom('requests')
    .select('id')
    .where('id', '=', cancelRequestId(court.saga.trace_id))
    .where('consumed_at', 'is', null)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a cancel was ever asked for. */
export async function hasCancel(court: Court): Promise<boolean> {
  const row = await court.tx
    .selectFrom('requests')
    .select('id')
    .where('id', '=', cancelRequestId(court.saga.trace_id))
    .executeTakeFirst();
  return row !== undefined;
}
