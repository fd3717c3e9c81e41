/**
 * The transactions of an undo of several tools, beside those that it shares with an undo of one: a loop goes on only
 * when no call of it was lost, and each of its turns is recorded before anything follows from it.
 */
import { sql } from 'kysely';
import type { StepRef, UndoAnswer, UndoInput } from '../domain/answers.ts';
import type { Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { inCourt } from './attempt.ts';
import { TokenLost, writeTurn, type Execution } from './executions.ts';
import { grantOf } from './forced.ts';
import { endedAnswer, type Court } from './judge.ts';
import type { Store } from './store.ts';
import { failUndo } from './undo.ts';
import { lastOf, undoAnswer, undoRef } from './undo-rows.ts';
import { noteMeasured, readUndoTurns, type Measured, type UndoTurns } from './undo-turns.ts';

/** Attempts that died one after the other without recording a turn. */
const DEATHS = 3;

type Answer = { kind: 'answer'; answer: UndoAnswer };

/**
 * What the attempt that holds the token goes on with. A call that began and has no result fails the undo for good,
 * unless the attempt carries an operator's force: only tools that may not be called again write that they are called.
 * @param measure what the turns that are recorded have cost
 */
export function openUndoLoop(
  store: Store,
  input: UndoInput,
  token: number,
  measure: (turns: UndoTurns) => Measured,
): Promise<{ kind: 'go'; turns: UndoTurns } | Answer> {
  return asOwner(store, input, token, async (court, ref, execution) => {
    const turns = await readUndoTurns(court, ref);
    const lost = grantOf(ref, execution) === null ? lostBefore(execution) : null;
    if (!lost) return { kind: 'go' as const, turns };
    await noteMeasured(court, ref, measure(turns));
    return { kind: 'answer' as const, answer: await failUndo(court, ref, lost) };
  });
}

function lostBefore({ calling_at, idle_attempts, tool }: Execution): Failure | null {
  if (calling_at !== null) {
    const name = tool ?? 'a tool';
    const message = `the call of ${name} began and its result was lost, and the tool is not idempotent: it may have taken effect`;
    return { code: 'SYSTEM_CRASH', message, details: { tool } };
  }
  // The attempt that asks is counted.
  if (idle_attempts <= DEATHS) return null;
  const message = `${DEATHS} attempts in a row died without recording a turn of the model`;
  return { code: 'SYSTEM_CRASH', message };
}

export interface UndoTurn {
  /** Its place in the iteration. */
  n: number;
  entry: JsonObject;
  /** It is the result of the call that was written as `calling`. */
  answers: boolean;
}

/** Records a turn of the loop; the answer instead when the undo is over. Rejects with `TokenLost`. */
export function recordUndoTurn(
  store: Store,
  input: UndoInput,
  token: number,
  { n, entry, answers }: UndoTurn,
): Promise<{ kind: 'recorded' } | Answer> {
  return asOwner(store, input, token, async (court, ref) => {
    await writeTurn(court, ref, n, entry);
    if (answers) await forgetCalling(court, ref);
    return { kind: 'recorded' as const };
  });
}

/** The result is known: nothing is lost with this attempt any more. */
async function forgetCalling({ tx }: Court, ref: StepRef): Promise<void> {
  await tx
    .updateTable('executions')
    .set({ calling_at: null, calling_token: null, calls: sql<number>`greatest(calls - 1, failed_calls)` })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .execute();
}

function asOwner<T>(
  store: Store,
  input: UndoInput,
  token: number,
  act: (court: Court, ref: StepRef, execution: Execution) => Promise<T>,
): Promise<T | Answer> {
  return inCourt(store, undoRef(input), async (court) => {
    const { ref, execution } = await lastOf(court, input);
    if (execution?.outcome) return { kind: 'answer' as const, answer: undoAnswer(execution.outcome) };
    if (execution?.token !== token) throw new TokenLost(ref);
    if (court.saga.status !== 'COMPENSATING')
      return { kind: 'answer' as const, answer: endedAnswer(court.saga) };
    return await act(court, ref, execution);
  });
}
