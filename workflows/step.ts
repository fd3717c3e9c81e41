/** One forward step: its phases, its holds and its iterations, until it has an outcome. */
import { uuid4 } from '@temporalio/workflow';
import type { PlanStep, StepAnswer, StepRef } from '../domain/answers.ts';
import { attend } from './attended.ts';
import { continueIfLong } from './continue.ts';
import { callSettle, callStep } from './calls.ts';
import { hold } from './hold.ts';
import type { Run } from './run.ts';
import { showRunning } from './view.ts';

export type StepOutcome = Exclude<StepAnswer, { kind: 'held' }>;

/** Where a run that was continued as new goes on inside its step. */
export type Resumed = Pick<StepRef, 'iteration' | 'phase'>;

/** Runs a step. `resumed`: an earlier run was inside this step, so its review may be decided already. */
export async function runStep(run: Run, step: PlanStep, resumed?: Resumed): Promise<StepOutcome> {
  let iteration = resumed?.iteration ?? 1;
  let askFirst = resumed !== undefined;
  showRunning(`step ${step.id}, ${step.kind}`);
  let answer = await call(run, step, iteration, resumed?.phase ?? firstPhase(step));
  while (answer.kind === 'held') {
    const decided = await hold(run, step, answer, askFirst || answer.decided === true);
    askFirst = false;
    switch (decided.kind) {
      case 'act':
        answer = await call(run, step, iteration, 'act');
        // A request that decided nothing: back to the hold, asking what the review's state is.
        askFirst = true;
        if (answer.kind === 'held' && answer.decided !== true) run.distrustful = true;
        break;
      case 'approved':
        if (step.kind === 'reason') return { kind: 'completed', ended: decided.ended };
        answer = await call(run, step, iteration, 'act');
        break;
      case 'retried':
        iteration = decided.iteration;
        await continueIfLong(run, step, { iteration, phase: 'prepare' });
        answer = await call(run, step, iteration, 'prepare');
        break;
      case 'rejected':
        return { kind: 'failed', code: decided.code, uncertain: false, ended: false };
      case 'cancelled':
      case 'ended':
        return decided;
    }
  }
  return answer;
}

/** A step without review has only `act`. */
export function firstPhase(step: PlanStep): StepRef['phase'] {
  return step.hitl ? 'prepare' : 'act';
}

/**
 * Runs a phase. The store is told of a cancel as soon as it comes, and before the phase when it came earlier: a step
 * that has not begun then answers `cancelled`, a react step stops after its turn, the last step does not end the
 * saga, and in a run after a reset what stands is answered as it was recorded.
 */
async function call(
  run: Run,
  step: PlanStep,
  iteration: number,
  phase: StepRef['phase'],
): Promise<StepAnswer> {
  const ref: StepRef = { traceId: run.traceId, span: step.span, iteration, phase };
  if (run.cancelled()) await tellCancel(run, step, ref);
  return await attend(run, {
    step,
    span: step.span,
    iteration,
    call: (forced) => callStep(step, forced === undefined ? ref : { ...ref, forced }),
    tellCancel: () => tellCancel(run, step, ref),
  });
}

/** What the judge answers is what the step will answer too. */
async function tellCancel(run: Run, step: PlanStep, ref: StepRef): Promise<void> {
  if (run.cancelTold) return;
  run.cancelTold = true;
  const { traceId, span, iteration } = ref;
  await callSettle(step, { traceId, span, iteration, id: uuid4(), cause: { kind: 'cancel' } });
}
