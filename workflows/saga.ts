/**
 * The workflow of every saga: forward step by step, and back when a step fails, a person says no or it is
 * cancelled. It carries ids, states and the open review's name; all else is in the store, which judges every
 * act. Nothing here is cancelled by Temporal: a cancel is acted on at the next boundary.
 */
import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { Cause, Ended, PlanStep, SagaInput } from '../domain/answers.ts';
import { continueIfLong } from './continue.ts';
import { settleLeftovers } from './refusals.ts';
import { createRun, type Run } from './run.ts';
import { firstPhase, runStep, type StepOutcome } from './step.ts';
import { undoAll } from './undo.ts';
import { showEnded } from './view.ts';

/** Ends as Temporal should show it: completed, failed with the saga's code, or canceled (canceled.ts). */
export async function saga(input: SagaInput): Promise<void> {
  const run = createRun(input);
  const ended = await CancellationScope.nonCancellable(() => carry(run, input.at));
  showEnded(ended);
  if (ended.status === 'COMPLETED') return;
  const code = ended.code ?? ended.status;
  throw ApplicationFailure.nonRetryable(`${ended.status}: ${code}`, code);
}

async function carry(run: Run, at: SagaInput['at']): Promise<Ended> {
  if (at?.cause) return await back(run, at.index, at.cause);
  const first = at?.index ?? 0;
  for (const [index, step] of run.plan.entries()) {
    if (index < first) continue;
    if (index > first) await continueIfLong(run, step, { iteration: 1, phase: firstPhase(step) });
    const resumed = index === first ? at : undefined;
    const outcome = await runStep(run, step, resumed);
    await settleLeftovers(run, step);
    const end = await after(run, index, step, outcome);
    if (end) return end;
  }
  // The last step's transaction did not end the saga: a cancel stands.
  return await back(run, run.plan.length, cancelledAt(null));
}

/** What an outcome leads to; null: on to the next step. */
async function after(run: Run, index: number, step: PlanStep, outcome: StepOutcome): Promise<Ended | null> {
  switch (outcome.kind) {
    case 'skipped':
    case 'completed':
      return outcome.ended ? { kind: 'ended', status: 'COMPLETED', code: null } : null;
    case 'cancelled':
      return await back(run, index, cancelledAt(step.span));
    case 'failed': {
      const cause: Cause = { code: outcome.code, span: step.span, uncertain: outcome.uncertain };
      return await back(run, outcome.uncertain ? index + 1 : index, cause);
    }
    case 'ended':
      return outcome;
  }
}

function cancelledAt(span: string | null): Cause {
  return { code: 'CANCELLED', span, uncertain: false };
}

/** Undoes the steps before `end`. */
async function back(run: Run, end: number, cause: Cause): Promise<Ended> {
  const ended = await undoAll(run, run.plan.slice(0, end), cause);
  const last = run.plan.at(-1);
  if (last) await settleLeftovers(run, last);
  return ended;
}
