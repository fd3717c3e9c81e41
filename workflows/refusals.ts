/**
 * Signals that nobody waits for: typed while no hold was open, or about a review that is over. Each is judged by
 * the store like any other, which records why it was refused; those that were only counted are recorded as one.
 */
import { uuid4, workflowInfo } from '@temporalio/workflow';
import type { PlanStep } from '../domain/answers.ts';
import { callSettle } from './calls.ts';
import type { Run } from './run.ts';
import type { Queued } from './signals.ts';

/** Settles one typed signal about the review that was open when it came; `step` is where the saga is now. */
export async function settleTyped(
  run: Run,
  step: PlanStep,
  { id, review, cause }: Extract<Queued, { kind: 'typed' }>,
): Promise<void> {
  const { span, iteration } = review ?? { span: step.span, iteration: 1 };
  await callSettle(step, { traceId: run.traceId, span, iteration, id, cause });
}

/** Records what came in between; called at every boundary, costs nothing when nothing came. */
export async function settleLeftovers(run: Run, step: PlanStep): Promise<void> {
  for (let typed = run.inbox.takeTyped(); typed; typed = run.inbox.takeTyped()) {
    await settleTyped(run, step, typed);
  }
  await settleUncounted(run, step, 1);
}

/**
 * Records how many refusals were not kept one by one. What is told is their number in this run so far: a task that
 * Temporal runs again, with signals that came meanwhile, tells a higher one, of which the store records what is new.
 * A run that comes of a reset begins with the number of the one before it, so both tell the same name: the run from
 * which they were continued, and the saga when there is none.
 */
export async function settleUncounted(run: Run, step: PlanStep, iteration: number): Promise<void> {
  if (!run.inbox.hasUncounted()) return;
  const { traceId } = run;
  const { continuedFromExecutionRunId } = workflowInfo();
  const cause = {
    kind: 'refusals',
    count: run.inbox.takeUncounted(),
    run: continuedFromExecutionRunId ?? traceId,
  } as const;
  await callSettle(step, { traceId, span: step.span, iteration, id: uuid4(), cause });
}
