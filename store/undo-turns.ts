/**
 * Turns of an undo of several tools. They stand under the undo's span and iteration as those of a reason step do; a
 * loop that failed ends with a turn that says so, and the next one begins after it.
 */
import type { StepRef } from '../domain/answers.ts';
import type { Failure } from '../domain/failure.ts';
import { isJsonObject, storable, type Json, type JsonObject } from '../domain/json.ts';
import { writeTurn } from './executions.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import { stepTiming, type WorkerTime } from './timing.ts';

export interface Measured {
  usage: JsonObject;
  /** Of this loop; the row sums them. */
  timing: Readonly<Partial<Record<WorkerTime, number>>>;
}

export interface LoopEnd extends Measured {
  /** Turns of the iteration that were recorded before the end. */
  recorded: number;
}

export interface UndoTurns {
  /** Of loops that failed, and of earlier iterations; failures included. */
  earlier: Json[];
  /** Of the loop that goes on. */
  transcript: Json[];
  /** Turns of this iteration, whichever loop they are of. */
  recorded: number;
}

/** What was recorded of an undo, by all of its attempts. */
export async function readUndoTurns(
  { tx }: Pick<Court, 'tx'>,
  { traceId, span, iteration }: StepRef,
): Promise<UndoTurns> {
  const rows = await tx
    .selectFrom('turns')
    .select(['iteration', 'turn'])
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .where('iteration', '<=', iteration)
    .orderBy('iteration')
    .orderBy('n')
    .execute();
  const begins = rows.findLastIndex((row) => row.iteration < iteration || isEnd(row.turn)) + 1;
  const turns = rows.map(({ turn }) => turn);
  return {
    earlier: turns.slice(0, begins),
    transcript: turns.slice(begins),
    recorded: rows.filter((row) => row.iteration === iteration).length,
  };
}

/** Whether a turn is the end of a loop that failed, and no entry of a transcript. */
export function isEnd(turn: Json): boolean {
  return isJsonObject(turn) && turn['kind'] === 'failed';
}

/** A loop failed. False: told again, because the answer did not come. */
export async function endLoop(
  court: Court,
  ref: StepRef,
  { recorded, ...measured }: LoopEnd,
  { code, message }: Failure,
): Promise<boolean> {
  const last = await court.tx
    .selectFrom('turns')
    .select(['n', 'turn'])
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('n', '>=', recorded)
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last && isEnd(last.turn)) return false;
  // A turn that was being written when the loop ran into its limit may have come first.
  const n = last ? last.n + 1 : recorded;
  await writeTurn(court, ref, n, storable({ kind: 'failed', code, message }));
  await noteMeasured(court, ref, measured);
  return true;
}

/** Usage and timing of all attempts, in the row of the undo. */
export async function noteMeasured(court: Court, ref: StepRef, { usage, timing }: Measured): Promise<void> {
  await court.tx
    .updateTable('steps')
    .set({ usage: asJson(usage), timing: stepTiming(court, { worker: timing }) })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .execute();
}
