/**
 * Undoing a saga. The first undo's transaction makes all undo rows from the recorded states of the steps; each
 * undo is a row and an execution of its own; the last one's transaction ends the saga.
 */
import type { Cause, Ended, StepRef, UndoAnswer, UndoInput } from '../domain/answers.ts';
import { errorDetails, shownMessage, type Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { inCourt } from './attempt.ts';
import { beginCompensation } from './compensation.ts';
import type { RunningSaga } from './context.ts';
import {
  raiseToken,
  refuseOvertaken,
  refuseWhileCalling,
  TokenLost,
  writeCalling,
  type Execution,
} from './executions.ts';
import { forceOf, grantOf } from './forced.ts';
import { endedAnswer, endSaga, type Court } from './judge.ts';
import { isInFlight } from '../domain/status.ts';
import { asJson } from './json.ts';
import type { Store } from './store.ts';
import { noteFailedUndo } from './stuck.ts';
import { endLoop, noteMeasured, type LoopEnd, type Measured } from './undo-turns.ts';
import {
  forwardStep,
  lastOf,
  recordUndoOutcome,
  startUndo,
  undoAnswer,
  undoRef,
  undosRemain,
  type ForwardStep,
} from './undo-rows.ts';

export { undoRef, type ForwardStep } from './undo-rows.ts';

/** Calls that failed before an undo has failed for good. */
export const UNDO_ATTEMPTS = 5;
/** Calls whose result was lost, on an idempotent tool. */
const LOST_CALLS = 3;

export type UndoTaken =
  | { kind: 'answer'; answer: UndoAnswer }
  /** `ref`: the execution that was taken; a failed undo that is taken up again has a new one. */
  | { kind: 'go'; ref: StepRef; token: number; forward: ForwardStep };

/** An attempt at an undo takes its row, as `takeStep` does. */
export function takeUndo(
  store: Store,
  saga: RunningSaga,
  input: UndoInput,
  scheduledAt: Date | null = null,
): Promise<UndoTaken> {
  return inCourt(store, undoRef(input), async (court): Promise<UndoTaken> => {
    const { ref, execution } = await lastOf(court, input);
    if (execution?.outcome) return { kind: 'answer', answer: undoAnswer(execution.outcome) };
    refuseOvertaken(court, ref, execution, scheduledAt);
    if (!isInFlight(court.saga.status)) return { kind: 'answer', answer: endedAnswer(court.saga) };
    const { first, granted } = await forceOf(court, 'retry_compensation', ref, execution);
    if (execution && granted === null) refuseWhileCalling(court, ref, execution);
    if (court.saga.status !== 'COMPENSATING' && !(await beginCompensation(court, saga, input.cause))) {
      await endSaga(court, 'FAILED', null);
      return { kind: 'answer', answer: endedAnswer(court.saga) };
    }
    const row = await startUndo(court, ref);
    // Out of scope by the recorded states: there is nothing to undo.
    if (!row) return { kind: 'answer', answer: { kind: 'completed' } };
    const token = await raiseToken(court, ref, scheduledAt, first);
    return { kind: 'go', ref, token, forward: await forwardStep(court, row.compensates_span_id) };
  });
}

export interface UndoCalling {
  token: number;
  tool: string;
  idempotent: boolean;
  resolved: JsonObject;
  /** This attempt may have written `calling` before, without an answer, and knows that it did not call. */
  unmade?: boolean;
}

/** The go-ahead for one call of the undo's tool, or the answer that stands in its way. */
export function beginUndoCall(
  store: Store,
  input: UndoInput,
  calling: UndoCalling,
): Promise<{ kind: 'call' } | { kind: 'answer'; answer: UndoAnswer }> {
  return inCourt(store, undoRef(input), async (court) => {
    const { ref, execution } = await lastOf(court, input);
    if (execution?.outcome) return { kind: 'answer' as const, answer: undoAnswer(execution.outcome) };
    if (execution?.token !== calling.token) throw new TokenLost(ref);
    if (court.saga.status !== 'COMPENSATING')
      return { kind: 'answer' as const, answer: endedAnswer(court.saga) };
    if (calling.unmade === true && execution.calling_token === calling.token)
      return { kind: 'call' as const };
    const granted = grantOf(ref, execution);
    const lost = granted === null ? lostUndo(execution, calling.idempotent) : null;
    if (lost) return { kind: 'answer' as const, answer: await failUndo(court, ref, lost) };
    await writeCalling(court, ref, { ...calling, granted });
    await court.tx
      .updateTable('steps')
      .set({ resolved_arguments: asJson(calling.resolved) })
      .where('trace_id', '=', ref.traceId)
      .where('span_id', '=', ref.span)
      .execute();
    return { kind: 'call' as const };
  });
}

function lostUndo(execution: Execution, idempotent: boolean): Failure | null {
  if (execution.calling_at === null) return null;
  const lost = execution.calls - execution.failed_calls;
  if (idempotent && lost < LOST_CALLS) return null;
  const why = idempotent ? `${lost} times` : 'and the tool is not idempotent';
  return {
    code: 'SYSTEM_CRASH',
    message: `the call of ${execution.tool ?? 'the tool'} began and its result was lost ${why}: it may have taken effect`,
    details: { tool: execution.tool, calls: execution.calls },
  };
}

/**
 * The undo is done; the last one ends the saga. Accepted from any attempt while there is no outcome, also for an undo
 * that had failed and was taken up again meanwhile: it took effect after all.
 */
export function recordUndone(
  store: Store,
  input: UndoInput,
  output: JsonObject,
  measured: Measured | null = null,
): Promise<UndoAnswer> {
  return inCourt(store, undoRef(input), async (court): Promise<UndoAnswer> => {
    const { ref, execution } = await lastOf(court, input);
    if (execution?.outcome) {
      if (execution.outcome.kind === 'failed') noteLate(court, ref);
      return undoAnswer(execution.outcome);
    }
    await court.tx
      .updateTable('steps')
      .set({
        status: 'COMPENSATED',
        end_time: court.now,
        output_payload: asJson(output),
        error_details: asJson(null),
      })
      .where('trace_id', '=', ref.traceId)
      .where('span_id', '=', ref.span)
      .execute();
    if (measured !== null) await noteMeasured(court, ref, measured);
    court.record({ type: 'undo.compensated', actor: SYSTEM, span_id: ref.span, data: output });
    const ended = court.saga.status === 'COMPENSATING' && !(await undosRemain(court));
    if (ended) await endSaga(court, 'COMPENSATED', null);
    return recordUndoOutcome(court, ref, ended ? endedAnswer(court.saga) : { kind: 'completed' });
  });
}

/** The undo was given up before its result came: whoever repairs it should know that it took effect. */
function noteLate(court: Court, ref: StepRef): void {
  const message = 'the undo took effect after its outcome failed was recorded';
  court.record({ type: 'refusal', actor: SYSTEM, span_id: ref.span, data: { act: 'result', message } });
}

export interface UndoFailed {
  failure: Failure;
  /** Of a single tool: it was called. */
  called: boolean;
  final: boolean;
  /** The loop of an undo of several tools, when it had begun. */
  loop?: LoopEnd;
}

/**
 * An attempt at the undo failed. `again`: it may be tried again, as attempt `failed` of five failed.
 */
export function recordUndoFailure(
  store: Store,
  input: UndoInput,
  token: number,
  failed: UndoFailed,
): Promise<{ kind: 'again'; failed: number } | { kind: 'answer'; answer: UndoAnswer }> {
  return inCourt(store, undoRef(input), async (court) => {
    const { ref, execution } = await lastOf(court, input);
    if (execution?.outcome) return { kind: 'answer' as const, answer: undoAnswer(execution.outcome) };
    if (execution?.token !== token) throw new TokenLost(ref);
    // Told again, because the answer did not come: it is counted already.
    if (failed.called && execution.calling_token === null)
      return { kind: 'again' as const, failed: execution.failed_calls };
    if (failed.loop && !(await endLoop(court, ref, failed.loop, failed.failure)))
      return { kind: 'again' as const, failed: execution.failed_calls };
    const count = execution.failed_calls + 1;
    if (failed.final || count >= UNDO_ATTEMPTS) {
      const details = { ...failed.failure.details, attempts: count };
      return { kind: 'answer' as const, answer: await failUndo(court, ref, { ...failed.failure, details }) };
    }
    await court.tx
      .updateTable('executions')
      .set((eb) => ({
        failed_calls: count,
        // A failure before the call says nothing of an earlier one that was lost.
        ...(failed.called ? { calling_at: null, calling_token: null } : {}),
        idle_attempts: 0,
        // The attempt ends with this: in its pause the undo is in back-off, and nobody is taken for alive.
        alive_at: new Date(0),
        // A failure before the call counts as a call that failed, so that lost ones stay countable.
        calls: eb('calls', '+', failed.called ? 0 : 1),
      }))
      .where('trace_id', '=', ref.traceId)
      .where('span_id', '=', ref.span)
      .where('iteration', '=', ref.iteration)
      .execute();
    await court.tx
      .updateTable('steps')
      .set({ error_details: asJson(errorDetails(failed.failure)) })
      .where('trace_id', '=', ref.traceId)
      .where('span_id', '=', ref.span)
      .execute();
    return { kind: 'again' as const, failed: count };
  });
}

/** For good: the undo's row and the saga are FAILED, later undos do not run. */
export async function failUndo(court: Court, ref: StepRef, failure: Failure): Promise<UndoAnswer> {
  const details = errorDetails(failure);
  const row = await court.tx
    .updateTable('steps')
    .set({ status: 'FAILED', end_time: court.now, error_details: asJson(details) })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .returning('step_id')
    .executeTakeFirstOrThrow();
  court.record({
    type: 'undo.failed',
    actor: SYSTEM,
    span_id: ref.span,
    data: { step_id: row.step_id, code: failure.code, error_details: details },
  });
  const message = shownMessage(`the undo of step ${row.step_id} failed for good: ${failure.message}`);
  await endSaga(court, 'FAILED', { code: 'COMPENSATION_FAILED', message, step_id: row.step_id });
  noteFailedUndo(court.saga, ref.span, message);
  return recordUndoOutcome(court, ref, { kind: 'failed' });
}

/** Ends a saga that has no undo to run: COMPENSATED when something was in scope, else FAILED. */
export function finishSaga(store: Store, saga: RunningSaga, cause: Cause): Promise<Ended> {
  const ref = { traceId: saga.traceId, span: cause.span ?? '', iteration: 1, phase: 'act' as const };
  return inCourt(store, ref, async (court): Promise<Ended> => {
    if (!isInFlight(court.saga.status)) return endedAnswer(court.saga);
    const inScope = court.saga.status === 'COMPENSATING' || (await beginCompensation(court, saga, cause));
    if (await undosRemain(court)) throw new Error(`expected no undo left in saga ${saga.traceId}, found one`);
    await endSaga(court, inScope ? 'COMPENSATED' : 'FAILED', null);
    return endedAnswer(court.saga);
  });
}
