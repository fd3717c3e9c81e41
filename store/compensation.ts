/** Turning a saga round: why, what is in scope, and one row for each undo that will run. */
import type { Cause } from '../domain/answers.ts';
import { FAILURE_CODES, shownMessage, type FailureCode } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { undoScope } from '../domain/undo.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { cancelRequestId, closeOpenReview, hasCancel, writeCancel } from './cancel.ts';
import type { RunningSaga } from './context.ts';
import type { Court } from './judge.ts';
import { consumeRequest } from './requests.ts';
import { undoSpanOf } from './spans.ts';
import type { SagaFailure } from './tables.ts';

/**
 * Writes the saga's failure, consumes a cancel, and makes all undo rows. Answers whether anything is in scope: if
 * not the saga stays as it is, to be ended as FAILED.
 */
export async function beginCompensation(court: Court, saga: RunningSaga, cause: Cause): Promise<boolean> {
  const { tx, now } = court;
  const cancelled = await takeCancel(court, cause.code);
  // A saga that is undone waits for nobody, whatever its workflow was told about the hold.
  await closeOpenReview(court, 'cancelled', SYSTEM);
  const rows = await tx
    .selectFrom('steps')
    .select(['span_id', 'step_id', 'name', 'kind', 'order_index', 'status', 'error_details'])
    .where('trace_id', '=', saga.traceId)
    .where('compensates_span_id', 'is', null)
    .orderBy('order_index')
    .execute();
  // A cancel at a boundary names the step that was next: one that never began is not what failed.
  const failing = rows.find((row) => row.span_id === cause.span && row.status !== 'PENDING');
  court.saga.failure = failureBy(cancelled ? 'CANCELLED' : cause.code, failing);
  const declared = new Map(saga.saga.steps.map((step, index) => [index, step.compensation]));
  const scope = undoScope(
    rows.map((row) => ({
      span: row.span_id,
      completed: row.status === 'COMPLETED',
      declared: Boolean(declared.get(row.order_index)),
    })),
    cause.uncertain ? cause.span : null,
  );
  if (!scope.inScope) return false;
  court.saga.status = 'COMPENSATING';
  const undos = rows.flatMap((row) => {
    const compensation = declared.get(row.order_index);
    if (!compensation || !scope.spans.includes(row.span_id)) return [];
    return {
      trace_id: saga.traceId,
      span_id: undoSpanOf(saga.traceId, row.order_index),
      order_index: row.order_index,
      step_id: row.step_id,
      name: row.name,
      kind: row.kind,
      status: 'PENDING' as const,
      worker: compensation.worker,
      worker_version: compensation.worker_version,
      compensates_span_id: row.span_id,
      started_at: now,
    };
  });
  if (undos.length > 0) await tx.insertInto('steps').values(undos).execute();
  return true;
}

interface FailedStep {
  step_id: string;
  error_details: JsonObject | null;
}

function failureBy(code: FailureCode, failing: FailedStep | undefined): SagaFailure {
  const message = shownMessage(messageOf(code, failing?.error_details ?? null));
  return { code, message, step_id: failing?.step_id ?? null };
}

/**
 * Why a saga is undone, read from its rows: its own failure says so until an undo fails. Null when no step failed and
 * nobody cancelled.
 */
export async function causeOf(court: Court): Promise<SagaFailure | null> {
  const failing = await court.tx
    .selectFrom('steps')
    .select(['step_id', 'error_details'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('compensates_span_id', 'is', null)
    .where('status', 'in', ['FAILED', 'TIMED_OUT'])
    .orderBy('order_index')
    .executeTakeFirst();
  if (await hasCancel(court)) return failureBy('CANCELLED', failing);
  const code = FAILURE_CODES.find((each) => each === failing?.error_details?.['code']);
  return code === undefined ? null : failureBy(code, failing);
}

/** In the failing step's own words; a cancelled saga also tells what its step failed of by itself. */
function messageOf(code: FailureCode, details: JsonObject | null): string {
  const said = details?.['message'];
  const own = typeof said === 'string' ? said : null;
  if (code !== 'CANCELLED') return own ?? `the saga failed with ${code}`;
  if (own === null) return 'the saga was cancelled';
  return details?.['code'] === code ? own : `the saga was cancelled; ${own}`;
}

/**
 * A cancel that Temporal brought at a boundary was not written yet; one that was asked for is acted on by now, also
 * when the step that ran at that moment failed by itself.
 */
async function takeCancel(court: Court, code: FailureCode): Promise<boolean> {
  const asked = await hasCancel(court);
  if (code === 'CANCELLED' && !asked)
    await writeCancel(court, { subject: 'temporal', kind: 'person' }, null, true);
  if (code !== 'CANCELLED' && !asked) return false;
  await consumeRequest(court, cancelRequestId(court.saga.trace_id));
  return true;
}
