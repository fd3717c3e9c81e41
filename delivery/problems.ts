/** Workflow tasks that fail again and again, as Temporal reports them, in the words of a saga that is stuck. */
import type { Stuck } from '../store/tables.ts';

const CODES = { failed: 'WORKFLOW_TASK_FAILED', timedOut: 'WORKFLOW_TASK_TIMED_OUT' } as const;

export const PROBLEM_CODES: readonly string[] = Object.values(CODES);

/** `reports`: values of `TemporalReportedProblems`, like `category=WorkflowTaskFailed`, `cause=…`. */
export function stuckFrom(workflowId: string, reports: readonly string[]): Stuck {
  const timedOut = reports.includes('category=WorkflowTaskTimedOut');
  const cause = reports.find((each) => each.startsWith('cause='))?.slice('cause='.length);
  const why = cause === undefined ? '' : `: ${cause.replace(/^WorkflowTask(Failed|TimedOut)Cause/, '')}`;
  return {
    code: timedOut ? CODES.timedOut : CODES.failed,
    message: timedOut
      ? `the worker process does not finish the workflow's tasks in time${why}`
      : `the workflow's tasks fail in the worker process${why}`,
    hint:
      `nothing is lost, and the saga goes on by itself once the cause is gone. Read it with ` +
      `"temporal workflow describe --workflow-id ${workflowId}"; when it began with a new version of the worker ` +
      `process, run the former one again`,
  };
}
