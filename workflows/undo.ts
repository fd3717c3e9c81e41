/**
 * The way back: undos last-in first-out, one at a time, then the end. Which of them are in scope the store judges
 * by the recorded states; an undo that is not in scope answers at once.
 */
import { condition } from '@temporalio/workflow';
import type { Cause, Ended, PlanStep, UndoAnswer } from '../domain/answers.ts';
import { attend, recoveryOf } from './attended.ts';
import { callFinish, callUndo } from './calls.ts';
import { continueIfLong, isLong } from './continue.ts';
import { settleLeftovers } from './refusals.ts';
import type { Run } from './run.ts';
import { showRunning, showUndoFailed, showUndoTaken } from './view.ts';

type Undoing = PlanStep & { undo: NonNullable<PlanStep['undo']> };

/** Undoes `candidates` (in forward order) and ends the saga. While an undo has failed for good it does not answer. */
export async function undoAll(run: Run, candidates: readonly PlanStep[], cause: Cause): Promise<Ended> {
  for (const step of candidates.toReversed()) {
    if (!declaresUndo(step)) continue;
    await continueIfLong(run, step, here(run, step, cause));
    showRunning(`undo of step ${step.id}`);
    let answer = await runUndo(run, step, cause);
    while (answer.kind === 'failed') {
      await takenUpAgain(run, step, cause);
      answer = await runUndo(run, step, cause);
    }
    if (answer.kind === 'ended') return answer;
  }
  return await callFinish(run.traceId, cause);
}

/** A new run goes on with the undo of this step; those that were made are not looked at again. */
function here(run: Run, step: PlanStep, cause: Cause) {
  return { index: run.plan.indexOf(step) + 1, iteration: 1, phase: 'act', cause } as const;
}

function declaresUndo(step: PlanStep): step is Undoing {
  return step.undo !== undefined;
}

function runUndo(run: Run, step: Undoing, cause: Cause): Promise<UndoAnswer> {
  return attend(run, {
    step,
    span: step.undo.span,
    iteration: 1,
    call: (forced) =>
      callUndo(run.traceId, step, step.undo, forced === undefined ? { cause } : { cause, forced }),
  });
}

/** An undo failed for good: a person has to repair it. The workflow stays open, without a timer, and refuses signals. */
async function takenUpAgain(run: Run, step: Undoing, cause: Cause): Promise<void> {
  showUndoFailed(step);
  for (;;) {
    await condition(() => run.inbox.hasTyped() || run.recoveries.any() || isLong(run));
    if (run.inbox.hasTyped()) await settleLeftovers(run, step);
    if (!run.recoveries.any()) await continueIfLong(run, step, here(run, step, cause));
    if ((await recoveryOf(run, { step, span: step.undo.span, iteration: 1 })) === null) continue;
    showUndoTaken(step);
    return;
  }
}
