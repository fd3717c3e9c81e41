/**
 * Outcomes of forward steps. An outcome is recorded once and returned for ever: with the step row, the ledger entry
 * and, after the last step, the end of the saga.
 */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import { errorDetails, type Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { isForward } from '../domain/status.ts';
import { digest } from '../ledger/canonical.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { cancelStands } from './cancel.ts';
import { asJson } from './json.ts';
import { endSaga, type Court } from './judge.ts';
import { stepTiming, type Measured } from './timing.ts';

export interface StepDone {
  output: JsonObject;
  usage?: JsonObject | null;
  measured?: Measured;
  resolvedArguments?: JsonObject;
}

/** The step is done: merges its output, and ends the saga when it was the last and no cancel stands. */
export async function completeStep(court: Court, span: string, done: StepDone): Promise<{ ended: boolean }> {
  const { tx, saga, now } = court;
  const row = await tx
    .updateTable('steps')
    .set({
      status: 'COMPLETED',
      end_time: now,
      output_payload: asJson(done.output),
      ...(done.usage === undefined ? {} : { usage: asJson(done.usage) }),
      timing: stepTiming(court, done.measured),
      ...(done.resolvedArguments === undefined ? {} : { resolved_arguments: asJson(done.resolvedArguments) }),
    })
    .where('trace_id', '=', saga.trace_id)
    .where('span_id', '=', span)
    .returning(['step_id', 'order_index', 'kind'])
    .executeTakeFirstOrThrow();
  court.record({
    type: 'step.completed',
    actor: SYSTEM,
    span_id: span,
    data: { step_id: row.step_id, kind: row.kind, output_hash: digest(done.output) },
  });
  return endAfter(court, row.order_index);
}

/** Ends the saga when this was its last step and no cancel stands. */
export async function endAfter(court: Court, orderIndex: number): Promise<{ ended: boolean }> {
  const { saga } = court;
  // A result that came after the saga had turned round or ended completes the step, not the saga.
  if (!isForward(saga.status)) return { ended: false };
  saga.status = 'RUNNING';
  if (!(await isLast(court, orderIndex)) || (await cancelStands(court))) return { ended: false };
  await endSaga(court, 'COMPLETED', null);
  return { ended: true };
}

async function isLast(court: Court, orderIndex: number): Promise<boolean> {
  const later = await court.tx
    .selectFrom('steps')
    .select('span_id')
    .where('trace_id', '=', court.saga.trace_id)
    .where('order_index', '>', orderIndex)
    .limit(1)
    .executeTakeFirst();
  return later === undefined;
}

/** The step failed; the saga's own state follows when it is undone or finished. */
export async function failStep(
  court: Court,
  span: string,
  failure: Failure,
  extra: { status?: 'FAILED' | 'TIMED_OUT'; resolvedArguments?: JsonObject; measured?: Measured } = {},
): Promise<void> {
  const { tx, saga, now } = court;
  const status = extra.status ?? 'FAILED';
  const details = errorDetails(failure);
  const usage = extra.measured?.usage ?? null;
  const row = await tx
    .updateTable('steps')
    .set({
      status,
      end_time: now,
      error_details: asJson(details),
      ...(usage === null ? {} : { usage: asJson(usage) }),
      timing: stepTiming(court, extra.measured),
      ...(extra.resolvedArguments === undefined
        ? {}
        : { resolved_arguments: asJson(extra.resolvedArguments) }),
    })
    .where('trace_id', '=', saga.trace_id)
    .where('span_id', '=', span)
    .returning('step_id')
    .executeTakeFirstOrThrow();
  if (saga.status === 'AWAITING_HUMAN') saga.status = 'RUNNING';
  court.record({
    type: status === 'FAILED' ? 'step.failed' : 'step.timed_out',
    actor: SYSTEM,
    span_id: span,
    data: { step_id: row.step_id, code: failure.code, error_details: details },
  });
}

/** Writes the answer of an execution; from here on it is the answer of every attempt. */
export async function recordOutcome(court: Court, ref: StepRef, outcome: StepAnswer): Promise<StepAnswer> {
  await court.tx
    .updateTable('executions')
    .set({ outcome: asJson(outcome), outcome_at: court.now })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .execute();
  return outcome;
}
