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
  // First of all: an older history has nothing of what follows.
  if (!patched(PATCH)) {
    run.keptAt = workflowInfo().historyLength;
    return;
  }
  await settleUncounted(run, step, at.iteration);
  if (waits(run, at)) return;
  const position: Position = { index: run.plan.indexOf(step), refusals: run.inbox.noted(), ...at };
  await continueAsNew({ ...run.input, at: position });
}

/**
 * What the next run would not know of. Our own requests it learns of: the judge is asked before it waits, and what
 * nobody acted on is sent again, so that one typed by a hand, which nobody takes, keeps no run from ending.
 */
function waits(run: Run, { cause }: Pick<Position, 'cause'>): boolean {
  if (run.inbox.hasTyped() || run.inbox.hasUncounted()) return true;
  // On the way back a cancel has been acted on.
  return cause ? run.recoveries.any() : run.cancelled();
}
