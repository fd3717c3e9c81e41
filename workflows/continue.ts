/**
 * Continue-as-new: a saga whose history has become long goes on in a new run, at a boundary: before a step, an
 * iteration or an undo, or inside a hold. Only ids and the position go over; what was done is in the store.
 *
 * Invariants: nothing that came is left behind (the inbox is empty, the count of refusals is recorded, no cancel is
 * untold); a run that begins inside a hold asks the judge first.
 */
import { continueAsNew, patched, workflowInfo } from '@temporalio/workflow';
import type { PlanStep, Position } from '../domain/answers.ts';
import { settleUncounted } from './refusals.ts';
import type { Run } from './run.ts';

/** Histories that grew long before this was there replay without it. */
const PATCH = 'continue-as-new';

/** True once for each length that the history has had, so that whoever waits for it does not turn in circles. */
export function isLong({ keptAt }: Run): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested && historyLength > keptAt;
}

/** Leaves this run when its history is long and nothing waits; else answers. */
export async function continueIfLong(
  run: Run,
  step: PlanStep,
  at: Omit<Position, 'index' | 'refusals'> & { index?: number },
): Promise<void> {
  if (!isLong(run)) return;
  // More may come while they are recorded.
  while (run.inbox.hasUncounted()) await settleUncounted(run, step, at.iteration);
  // Requests come again when nobody acted on them.
  run.recoveries.take();
  // On the way back a cancel has been acted on, and decisions that come decide nothing.
  const waits = at.cause ? run.inbox.hasTyped() : run.inbox.size() > 0 || run.cancelled();
  if (waits) return;
  if (!patched(PATCH)) {
    run.keptAt = workflowInfo().historyLength;
    return;
  }
  const position: Position = { index: run.plan.indexOf(step), refusals: run.inbox.noted(), ...at };
  await continueAsNew({ ...run.input, at: position });
}
