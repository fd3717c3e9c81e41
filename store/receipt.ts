/**
 * The receipt of a decision: how far it has come on its way to its effect, and what keeps it, told from rows alone.
 *
 * A decision is decided → delivered (Temporal was told) → consumed (the saga has acted on it) → in effect: what was
 * approved is done, what was to be made again waits for review again, and what was rejected, expired or cancelled has
 * been undone, together with what came before it. A decision that was typed in Temporal, and a deadline, are delivered
 * to nobody; and a saga may act on a decision before Temporal was told, because it reads the review.
 */
import type { Selectable } from 'kysely';
import { isInFlight } from '../domain/status.ts';
import type { SagaRow } from './judge.ts';
import type { Execution } from './executions.ts';
import type { Request } from './requests.ts';
import type { Review } from './reviews.ts';
import { whyWaiting } from './receipt-waits.ts';
import type { Tables } from './tables.ts';

export interface ReceiptRows {
  now: Date;
  saga: Pick<SagaRow, 'trace_id' | 'namespace' | 'status' | 'stuck' | 'failure' | 'ended_at'>;
  review: Review;
  step: Pick<Selectable<Tables['steps']>, 'step_id' | 'status' | 'end_time'>;
  /** What Temporal is told of the decision, or of the cancel that closed the review. */
  request: Request | null;
  /** An earlier request of the saga that Temporal was not told of: the decision is sent after it. */
  before: Request | null;
  /** What the decision lets run: the call of an approved commit, the iteration after a retry. */
  execution: Execution | null;
  /** The review of the iteration after it. */
  next: Pick<Review, 'opened_at'> | null;
  /** The undo that runs, or is to run next. */
  undo: UndoRows | null;
}

export interface UndoRows {
  step: Pick<Selectable<Tables['steps']>, 'step_id' | 'span_id' | 'status' | 'error_details'>;
  execution: Execution | null;
}

export interface Receipt {
  decided: Date | null;
  delivered: Date | null;
  consumed: Date | null;
  effect: Date | null;
  /** In words; null while nothing is in the way. */
  stuck: string | null;
}

export function receiptOf(rows: ReceiptRows): Receipt {
  const { review, request } = rows;
  const consumed = consumedAt(rows);
  const effect = consumed === null ? null : effectAt(rows);
  return {
    decided: review.decided_at,
    delivered: request?.delivered_at ?? null,
    consumed,
    effect,
    stuck: effect === null ? whyWaiting(rows, consumed) : null,
  };
}

/**
 * The request says when. One that is sent again after a reset has no time until it has arrived again; then, and where
 * there is no request, the step's end tells, since the transaction that acts on the review ends the step. A decision
 * that was typed is acted on where it is judged.
 */
function consumedAt({ review, step, request }: ReceiptRows): Date | null {
  if (review.status === 'pending') return null;
  if (request?.consumed_at) return request.consumed_at;
  if (review.settled === null) return null;
  return step.end_time ?? review.decided_at;
}

function effectAt({ review, saga, step, execution, next }: ReceiptRows): Date | null {
  switch (review.status) {
    case 'approved':
      return review.kind === 'reason' ? step.end_time : (execution?.outcome_at ?? null);
    case 'retried':
      return next?.opened_at ?? execution?.outcome_at ?? null;
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return isUndone(saga) ? saga.ended_at : null;
    case 'pending':
      return null;
  }
}

/** Whether all that was to be undone is. */
function isUndone({ status, failure }: ReceiptRows['saga']): boolean {
  if (isInFlight(status)) return false;
  return failure?.code !== 'COMPENSATION_FAILED' && failure?.code !== 'TERMINATED';
}
