/**
 * Interceptor of the workflow bundle. A saga undone because of a cancel ends Canceled, also when Temporal itself
 * was never asked to cancel it: a cancel over HTTP is a row first, and after a reset, or in a Temporal that was
 * replaced, no second cancel comes. The SDK ends a workflow Canceled only on Temporal's own cancel, so the
 * workflow fails with the code and its last command is changed here.
 */
import type { ConcludeActivationInput, WorkflowInterceptors } from '@temporalio/workflow';
import type { FailureCode } from '../domain/failure.ts';

type Command = ConcludeActivationInput['commands'][number];

const CANCELLED: FailureCode = 'CANCELLED';

/** Found by this name when a workflow starts. */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        concludeActivation: (input, next) => ({ commands: next(input).commands.map(asCanceled) }),
      },
    ],
  };
}

function asCanceled(command: Command): Command {
  const type = command.failWorkflowExecution?.failure?.applicationFailureInfo?.type;
  return type === CANCELLED ? { cancelWorkflowExecution: {} } : command;
}
