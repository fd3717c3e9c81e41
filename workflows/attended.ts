/**
 * A step or an undo while it runs. What comes meanwhile is attended to: a cancel is told to the store, and an
 * operator's recovery, once the store has judged it, ends the activity and runs it again. It decides nothing.
 */
import { condition } from '@temporalio/workflow';
import type { PlanStep } from '../domain/answers.ts';
import { callSettle, type Running } from './calls.ts';
import type { Run } from './run.ts';
import { REFUSALS } from './signals.ts';

export interface Attended<Answer> {
  step: PlanStep;
  /** Its own, which is not the step's when it is an undo. */
  span: string;
  iteration: number;
  /** Starts the activity. `forced`: the recovery that it is run again for. */
  call(forced?: string): Running<Answer>;
  /** Tells the store of a cancel; left out: nobody needs to know. */
  tellCancel?(): Promise<void>;
}

/** Runs it until it answers. */
export async function attend<Answer>(run: Run, attended: Attended<Answer>): Promise<Answer> {
  const { call, tellCancel } = attended;
  const isCancelled = () => tellCancel !== undefined && run.cancelled() && !run.cancelTold;
  for (let running = call(); ;) {
    await condition(() => running.isOver() || isCancelled() || run.recoveries.any());
    if (running.isOver()) {
      const answer = await running.answer;
      if (answer !== null) return answer;
    }
    if (isCancelled()) await tellCancel?.();
    const request = await recoveryOf(run, attended);
    if (request === null) continue;
    if (!running.isOver()) running.stop();
    const answer = await running.answer;
    if (answer !== null) return answer;
    running = call(request);
  }
}

/**
 * The recovery that stands, of those that came; null: none does. All that came are judged, so that each is recorded
 * and none is sent again; of those typed by a hand only so many are recorded one by one.
 */
export async function recoveryOf(
  run: Run,
  { step, span, iteration }: Pick<Attended<unknown>, 'step' | 'span' | 'iteration'>,
): Promise<string | null> {
  let standing: string | null = null;
  for (const request of run.recoveries.take()) {
    const quiet = run.inbox.noted() >= REFUSALS;
    const cause = { kind: 'request', request, ...(quiet && { quiet }) } as const;
    const { kind } = await callSettle(step, { traceId: run.traceId, span, iteration, id: request, cause });
    if (kind === 'rerun') standing = request;
    else run.inbox.noteForged();
  }
  return standing;
}
