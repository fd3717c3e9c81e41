/**
 * The way back: undos last-in first-out, one at a time, then the end. Which of them are in scope the store judges
 * by the recorded states; an undo that is not in scope answers at once.
 */
import { condition } from '@temporalio/workflow';
import type { Cause, Ended, PlanStep, UndoAnswer } from '../domain/answers.ts';
import { attend, recoveryOf } from './attended.ts';
import { callFinish, callUndo } from './calls.ts';
import { settleLeftovers } from './refusals.ts';
import type { Run } from './run.ts';
import { showRunning, showUndoFailed, showUndoTaken } from './view.ts';

type Undoing = PlanStep & { undo: NonNullable<PlanStep['undo']> };

/** Undoes `candidates` (in forward order) and ends the saga. While an undo has failed for good it does not answer. */
export async function undoAll(run: Run, candidates: readonly PlanStep[], cause: Cause): Promise<Ended> {
  for (const step of candidates.toReversed()) {
    if (!declaresUndo(step)) continue;
    showRunning(`undo of step ${step.id}`);
    let answer = await runUndo(run, step, cause);
    while (answer.kind === 'failed') {
      await takenUpAgain(run, step);
      answer = await runUndo(run, step, cause);
    }
    if (answer.kind === 'ended') return answer;
  }
  return await callFinish(run.traceId, cause);
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
async function takenUpAgain(run: Run, step: Undoing): Promise<void> {
  showUndoFailed(step);
  for (;;) {
    await condition(() => run.inbox.hasTyped() || run.recoveries.any());
    await settleLeftovers(run, step);
    if ((await recoveryOf(run, { step, span: step.undo.span, iteration: 1 })) === null) continue;
    showUndoTaken(step);
    return;
  }
}
