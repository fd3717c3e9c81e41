/**
 * Whether an operator may have reset this workflow. Its run is another then than the one that began it, so what was
 * answered before, and what decided the review on hold, may be behind the point to which it was reset: the judge is
 * asked once what stands. A run that was continued as new cannot be told apart, and asks once as well.
 */
import { patched, workflowInfo } from '@temporalio/workflow';
import type { Run } from './run.ts';

/** Says also where in the history the question was put: what is replayed before that point puts none. */
const PATCH = 'ask-after-reset';

/** True until the judge was asked. */
export function isAnotherRun(run: Run): boolean {
  const { runId, firstExecutionRunId } = workflowInfo();
  return !run.askedAnew && runId !== firstExecutionRunId && patched(PATCH);
}
