/**
 * Interceptors of the workflow bundle. The sender of a signal is known only to the activation that brings it;
 * it is carried in a header of that signal to the handler, as its second argument. It is a label that anybody
 * can choose, not an authentication.
 */
import { defaultPayloadConverter, type ActivateInput, type WorkflowInterceptors } from '@temporalio/workflow';

const HEADER = 'warden-sender';
/** Signals with Temporal's own prefix would fail the task when a default handler is set. */
const RESERVED = '__temporal_';

type Job = NonNullable<ActivateInput['activation']['jobs']>[number];

/** Found by this name when a workflow starts. */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input, next) {
          for (const job of input.activation.jobs ?? []) label(job);
          next(input);
        },
      },
    ],
    inbound: [
      {
        handleSignal(input, next) {
          const header = input.headers[HEADER];
          const sender = header ? defaultPayloadConverter.fromPayload(header) : '';
          return next({ ...input, args: [input.args[0], sender] });
        },
      },
    ],
  };
}

function label({ signalWorkflow: signal }: Job): void {
  if (!signal) return;
  signal.headers = { ...signal.headers, [HEADER]: defaultPayloadConverter.toPayload(signal.identity ?? '') };
  if (signal.signalName?.startsWith(RESERVED)) signal.signalName = signal.signalName.slice(2);
}
