/**
 * What a decision waits for, in words: from the rows of the saga, without a look at Temporal. Nothing is said while
 * all goes as it should, for which each stage has some time.
 */
import { isInFlight } from '../domain/status.ts';
import { isAlive, type Execution } from './executions.ts';
import type { ReceiptRows, UndoRows } from './receipt.ts';
import type { Request } from './requests.ts';
import { stuckRequest } from './stuck.ts';
import type { Stuck } from './tables.ts';
import { UNDO_ATTEMPTS } from './undo.ts';

/** A request is sent within a second of its commit. */
const SENT_MS = 5_000;
/** A worker process that is there begins within this time, also when it was given up and must be noticed first. */
const BEGUN_MS = 15_000;

/** Why the decision has no effect yet; null: nothing is in the way. */
export function whyWaiting(rows: ReceiptRows, consumed: Date | null): string | null {
  const { saga, review } = rows;
  if (saga.stuck !== null) return wordsOf(saga.stuck);
  if (!isInFlight(saga.status)) return whyNever(rows);
  if (review.status === 'pending') return whyOpen(rows);
  if (consumed === null) return whyNotConsumed(rows);
  switch (review.status) {
    case 'approved':
      return whyNotDone(rows, rows.execution, consumed, 'the step');
    case 'retried':
      return whyNotDone(rows, rows.execution, consumed, `iteration ${review.iteration + 1} of the step`);
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return whyNotUndone(rows, rows.undo, consumed);
  }
}

function wordsOf({ message, hint }: Stuck): string {
  return `${message}. ${hint}`;
}

/** The saga has ended without it. */
function whyNever({ saga, request }: ReceiptRows): string {
  const why = request?.closed_why ?? saga.failure?.message ?? `it is ${saga.status}`;
  return `the saga has ended before this took effect, and it never will: ${why}`;
}

/** Only its deadline has to be acted on. */
function whyOpen({ now, review }: ReceiptRows): string | null {
  const { expires_at } = review;
  if (expires_at === null || !isOver(now, expires_at, BEGUN_MS)) return null;
  return `its deadline ${expires_at.toISOString()} has passed, and ${NOBODY_ACTS}`;
}

const NOBODY_ACTS =
  'no worker process has acted on it. Start one, or more of them when all are busy; warden ping says how many there are';

function whyNotConsumed({ now, review, request, before }: ReceiptRows): string | null {
  if (request === null) {
    return isOver(now, review.decided_at ?? now, BEGUN_MS) ? `it is decided, and ${NOBODY_ACTS}` : null;
  }
  if (request.closed_at !== null) {
    return `it will not take effect: ${request.closed_why ?? 'its request was closed'}`;
  }
  if (request.delivered_at !== null) {
    return isOver(now, request.delivered_at, BEGUN_MS) ? wordsOf(stuckRequest(request)) : null;
  }
  return whyNotDelivered(now, before ?? request);
}

/** `request`: the decision's own, or one of the saga that goes before it. */
function whyNotDelivered(now: Date, request: Request): string | null {
  if (request.error !== null && request.attempts > 0) {
    return `${wordsOf(stuckRequest(request))}. The next try is at ${request.next_at.toISOString()}`;
  }
  if (!isOver(now, request.created_at, SENT_MS)) return null;
  return `${wordsOf(stuckRequest(request))}. Nobody has tried yet: it is sent by the API process and by worker processes`;
}

/** `what` is let run by the decision, and has no outcome yet. */
function whyNotDone(
  { now }: ReceiptRows,
  execution: Execution | null,
  since: Date,
  what: string,
): string | null {
  if (execution === null) {
    return isOver(now, since, BEGUN_MS) ? `${what} is to run, and ${NOBODY_ACTS}` : null;
  }
  if (isAlive({ now }, execution)) return null;
  const { calling_at, tool, idempotent } = execution;
  const call =
    calling_at === null
      ? ''
      : `. Its call of ${tool ?? 'the tool'} began at ${calling_at.toISOString()} and has no result: ` +
        (idempotent
          ? 'it is made again with the same key'
          : 'it may have taken effect, and is not made again');
  return `${restOf(execution, what)}${call}`;
}

/** An attempt that ended in good order, or failed, leaves no last sign of life. */
function restOf({ alive_at }: Execution, what: string): string {
  if (alive_at.getTime() === 0) {
    return `the last attempt at ${what} has ended without an outcome; the next begins after a pause of at most 10 s, when a worker process is free`;
  }
  return (
    `the last attempt at ${what} gives no sign of life since ${alive_at.toISOString()}; another begins when Temporal ` +
    'has given it up, after at most 10 s, and a worker process is free (warden ping says how many there are)'
  );
}

function whyNotUndone(rows: ReceiptRows, undo: UndoRows | null, since: Date): string | null {
  if (undo === null || undo.step.status !== 'COMPENSATING' || undo.execution === null) {
    const idle = rows.saga.status !== 'COMPENSATING' && isOver(rows.now, since, BEGUN_MS);
    return idle ? `what came before is to be undone, and ${NOBODY_ACTS}` : null;
  }
  const { step, execution } = undo;
  const message = step.error_details?.['message'];
  if (execution.failed_calls > 0 && execution.calling_at === null && typeof message === 'string') {
    const count = `${execution.failed_calls} of ${UNDO_ATTEMPTS} attempts at the undo of ${step.step_id} have failed`;
    return `${count}; it is tried again after a pause of 1 s to 60 s. The last: ${message}`;
  }
  return whyNotDone(rows, execution, since, `the undo of ${step.step_id}`);
}

function isOver(now: Date, since: Date, ms: number): boolean {
  return now.getTime() - since.getTime() > ms;
}
