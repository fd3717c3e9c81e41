/** The rows of undos: which execution is the present one, what it answers, and the step that it undoes. */
import type { StepRef, UndoAnswer, UndoInput } from '../domain/answers.ts';
import type { JsonObject } from '../domain/json.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { lastExecution, type Execution } from './executions.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import { consumeReopening } from './requests.ts';

export interface ForwardStep {
  span: string;
  orderIndex: number;
  status: string;
  hasOutput: boolean;
}

/** An execution of an undo: one phase, and one iteration each time that it is taken up after it had failed for good. */
export function undoRef({ traceId, span, forced }: UndoInput, iteration = 1): StepRef {
  const ref: StepRef = { traceId, span, iteration, phase: 'act' };
  return forced === undefined ? ref : { ...ref, forced };
}

/** The undo as it stands: its last execution, null before the first attempt. Tokens go on from one to the next. */
export async function lastOf(
  court: Court,
  input: UndoInput,
): Promise<{ ref: StepRef; execution: Execution | null }> {
  const execution = await lastExecution(court, input.span);
  return { ref: undoRef(input, execution?.iteration), execution };
}

/** What a recorded outcome answers. */
export function undoAnswer(outcome: Execution['outcome']): UndoAnswer {
  switch (outcome?.kind) {
    case 'failed':
    case 'completed':
      return { kind: outcome.kind };
    case 'ended':
      return outcome;
    default:
      throw new Error(`expected the outcome of an undo, found ${JSON.stringify(outcome)}`);
  }
}

/** The row of an undo that begins; null when the undo is not in scope, so that there is none. */
export async function startUndo(
  court: Court,
  { span, iteration }: StepRef,
): Promise<{ compensates_span_id: string | null } | null> {
  const row = await court.tx
    .selectFrom('steps')
    .select(['compensates_span_id', 'status', 'step_id'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .executeTakeFirst();
  if (!row) return null;
  if (row.status === 'COMPENSATING') return row;
  await court.tx
    .updateTable('steps')
    .set({ status: 'COMPENSATING', started_at: court.now, error_details: asJson(null) })
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .execute();
  const { step_id } = row;
  const data: JsonObject = iteration === 1 ? { step_id } : { step_id, iteration };
  court.record({ type: 'undo.compensating', actor: SYSTEM, span_id: span, data });
  // What it was taken up for is done, also when the workflow never asked: a new one, after Temporal lost the old.
  if (iteration > 1) await consumeReopening(court, span, iteration);
  return row;
}

export async function forwardStep(court: Court, span: string | null): Promise<ForwardStep> {
  const row = await court.tx
    .selectFrom('steps')
    .select(['span_id', 'order_index', 'status', 'output_payload'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .executeTakeFirstOrThrow();
  const hasOutput = row.status === 'COMPLETED' && row.output_payload !== null;
  return { span: row.span_id, orderIndex: row.order_index, status: row.status, hasOutput };
}

export async function undosRemain(court: Court): Promise<boolean> {
  const row = await court.tx
    .selectFrom('steps')
    .select('span_id')
    .where('trace_id', '=', court.saga.trace_id)
    .where('compensates_span_id', 'is not', null)
    .where('status', '!=', 'COMPENSATED')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function recordUndoOutcome(
  court: Court,
  ref: StepRef,
  outcome: UndoAnswer,
): Promise<UndoAnswer> {
  await court.tx
    .updateTable('executions')
    .set({ outcome: asJson(outcome), outcome_at: court.now })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .execute();
  return outcome;
}
