/**
 * The end of a saga whose workflow has closed without it: terminated in Temporal, most likely. Nothing is undone.
 * What was accepted and can no longer take effect is recorded, and every row that waited is closed.
 */
import { errorDetails, shownMessage, type Failure } from '../domain/failure.ts';
import { isInFlight } from '../domain/status.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { closeOpenReview } from './cancel.ts';
import { asJson } from './json.ts';
import { endSaga, judge, type Court } from './judge.ts';
import { closeRequests } from './requests.ts';
import type { Store } from './store.ts';

/**
 * The workflow of a saga is closed in Temporal with this status. Answers whether that ended the saga: one that had
 * ended before only has its waiting requests closed, unless its undo had failed and waited to be taken up again.
 */
export async function markClosed(
  store: Store,
  traceId: string,
  closed: { status: string },
): Promise<'terminated' | 'ended'> {
  const found = await judge(store, traceId, async (court) => {
    const before = court.saga.status;
    const repairable = before === 'FAILED' && court.saga.failure?.code === 'COMPENSATION_FAILED';
    if (!isInFlight(before) && !repairable) {
      await closeRequests(court, `the saga has ended: ${before}`);
      return 'ended' as const;
    }
    const message =
      closed.status === 'TERMINATED'
        ? 'the workflow was terminated in Temporal'
        : `the workflow ended in Temporal as ${closed.status} while the saga was ${before}`;
    await terminate(court, { code: 'TERMINATED', message });
    await closeRequests(court, message);
    return 'terminated' as const;
  });
  return found ?? 'ended';
}

async function terminate(court: Court, failure: Failure): Promise<void> {
  if (!isInFlight(court.saga.status)) return giveUp(court, failure);
  await recordSuperseded(court, failure);
  const held = await closeOpenReview(court, 'terminated', SYSTEM);
  const running = await failRunning(court, failure);
  const stepId = running ?? (held === null ? null : await stepIdOf(court, held.span));
  await endSaga(court, 'FAILED', { code: failure.code, message: failure.message, step_id: stepId });
}

/** The undo that failed is not taken up again, and the later ones do not run. */
async function giveUp(court: Court, { code, message }: Failure): Promise<void> {
  const { failure, status } = court.saga;
  await failRunning(court, { code, message });
  const before = failure === null ? '' : `; before, ${failure.message}`;
  court.saga.failure = {
    code,
    message: shownMessage(`${message}${before}`),
    step_id: failure?.step_id ?? null,
  };
  court.saga.stuck = null;
  court.record({ type: 'end', actor: SYSTEM, data: { status, code } });
}

/** A decision that was accepted and that the saga has not acted on takes no effect any more: the ledger says so. */
async function recordSuperseded(court: Court, failure: Failure): Promise<void> {
  const reviews = await court.tx
    .selectFrom('reviews')
    .select(['span_id', 'iteration', 'status'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('status', 'in', ['approved', 'rejected', 'retried'])
    .where('settled', 'is', null)
    .execute();
  for (const { span_id, iteration, status } of reviews) {
    court.record({
      type: 'refusal',
      actor: SYSTEM,
      span_id,
      data: { act: 'decision', iteration, status, message: `superseded: ${failure.message}` },
    });
  }
}

/** Fails the step or the undo that was running, and skips undos that did not begin. Answers the step's id. */
async function failRunning(court: Court, failure: Failure): Promise<string | null> {
  const { tx, saga, now } = court;
  const rows = await tx
    .updateTable('steps')
    .set({ status: 'FAILED', end_time: now, error_details: asJson(errorDetails(failure)) })
    .where('trace_id', '=', saga.trace_id)
    .where((eb) =>
      eb.or([
        eb('status', 'in', ['IN_PROGRESS', 'AWAITING_HUMAN', 'COMPENSATING']),
        // An undo that had failed and was to be taken up again.
        eb.and([
          eb('status', '=', 'PENDING'),
          eb('compensates_span_id', 'is not', null),
          eb('error_details', 'is not', null),
        ]),
      ]),
    )
    .returning(['span_id', 'step_id', 'compensates_span_id'])
    .execute();
  for (const { span_id, step_id, compensates_span_id } of rows) {
    const type = compensates_span_id === null ? 'step.failed' : 'undo.failed';
    court.record({ type, actor: SYSTEM, span_id, data: { step_id, code: failure.code } });
  }
  await tx
    .updateTable('steps')
    .set({ status: 'SKIPPED' })
    .where('trace_id', '=', saga.trace_id)
    .where('status', '=', 'PENDING')
    .where('compensates_span_id', 'is not', null)
    .execute();
  return rows[0]?.step_id ?? null;
}

async function stepIdOf(court: Court, span: string): Promise<string> {
  const { step_id } = await court.tx
    .selectFrom('steps')
    .select('step_id')
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .executeTakeFirstOrThrow();
  return step_id;
}
