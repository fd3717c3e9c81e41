/** Whether a forward step is run again. */
import type { SagaStatus } from '../domain/status.ts';
import { isAlive } from './executions.ts';
import type { Court, SagaRow } from './judge.ts';
import type { Judged, RecoveryAsked } from './recover.ts';
import { presentOf, type RecoveredStep } from './recovering.ts';

/** Judges retry-step: only of a forward step IN_PROGRESS of a RUNNING saga; one that lives only with force. */
export async function judgeStep(court: Court, step: RecoveredStep, asked: RecoveryAsked): Promise<Judged> {
  const { step_id } = step;
  if (step.compensates_span_id !== null) {
    return refusal(
      `expected a forward step, got the undo of ${step_id}; take it up again with retry-compensation`,
    );
  }
  if (step.status !== 'IN_PROGRESS' || court.saga.status !== 'RUNNING') {
    const is = `step ${step_id} is ${step.status} and the saga is ${court.saga.status}`;
    return refusal(`expected a step IN_PROGRESS of a RUNNING saga; ${is}: ${adviceFor(court.saga)}`);
  }
  if (asked.force && step.kind === 'commit' && !asked.allowDestructive) {
    return refusal(
      `step ${step_id} is a commit: its call may have taken effect, and force makes it again with the same key; ` +
        'expected allow_destructive as well, if that is meant',
    );
  }
  const { iteration, phase, execution } = await presentOf(court, step.span_id);
  const alive = execution !== null && isAlive(court, execution);
  const status = !alive ? 'requeued' : asked.force ? 'scheduled' : 'claim_active';
  return { kind: 'accept', status, present: iteration, iteration, phase, reopens: null };
}

export function refusal(message: string): Judged {
  return { kind: 'refuse', message };
}

const ADVICE: Record<SagaStatus, string> = {
  PENDING: 'it begins by itself as soon as a worker process runs; nothing is to be retried yet',
  RUNNING: 'only the step that runs now can be retried',
  AWAITING_HUMAN:
    'it waits for a decision, or is about to act on one; decide its review (approve, reject or retry)',
  COMPENSATING: 'it is being undone; an undo is taken up again with retry-compensation',
  COMPLETED: 'it has ended, and nothing is to be retried',
  COMPENSATED: 'it has ended and is undone; start a new saga',
  FAILED: 'it has ended; an undo that failed is taken up again with retry-compensation',
};

function adviceFor(saga: SagaRow): string {
  return isAbandoned(saga) ? ABANDONED : ADVICE[saga.status];
}

export const ABANDONED =
  'its workflow was ended in Temporal, so nothing carries this saga out any more; what its completed steps did is to be ' +
  'undone by hand, and a new saga is to be started if it is still wanted';

/** Nothing carries the saga out any more. */
export function isAbandoned({ status, failure }: SagaRow): boolean {
  return status === 'FAILED' && failure?.code === 'TERMINATED';
}
