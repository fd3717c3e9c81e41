/**
 * The way back: undos last-in first-out, one at a time, then the end. Which of them are in scope the store judges
 * by the recorded states; an undo that is not in scope answers at once.
 */
import { condition } from '@temporalio/workflow';
import type { Cause, Ended, PlanStep } from '../domain/answers.ts';
import { callFinish, callUndo } from './calls.ts';
import { settleLeftovers } from './refusals.ts';
import type { Run } from './run.ts';
import { showRunning, showUndoFailed } from './view.ts';

/** Undoes `candidates` (in forward order) and ends the saga. Never answers when an undo failed for good. */
export async function undoAll(run: Run, candidates: readonly PlanStep[], cause: Cause): Promise<Ended> {
  for (const step of candidates.toReversed()) {
    if (!step.undo) continue;
    showRunning(`undo of step ${step.id}`);
    const answer = await callUndo(run.traceId, step, step.undo, cause);
    if (answer.kind === 'ended') return answer;
    if (answer.kind === 'failed') return await stayOpen(run, step);
  }
  return await callFinish(run.traceId, cause);
}

/** An undo failed for good: a person has to repair it, so the workflow stays open and goes on refusing signals. */
async function stayOpen(run: Run, step: PlanStep): Promise<never> {
  showUndoFailed(step);
  for (;;) {
    await condition(() => run.inbox.hasTyped());
    await settleLeftovers(run, step);
  }
}
