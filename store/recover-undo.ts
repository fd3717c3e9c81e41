/** Whether an undo is taken up again, and the saga with it. */
import type { StepStatus } from '../domain/status.ts';
import { causeOf } from './compensation.ts';
import { isAlive, lastExecution, openExecution, type Execution } from './executions.ts';
import type { Court } from './judge.ts';
import type { Judged, RecoveryAsked } from './recover.ts';
import { ABANDONED, isAbandoned, refusal } from './recover-step.ts';
import type { RecoveredStep } from './recovering.ts';

/**
 * Judges retry-compensation: one that failed for good is taken up again, one in flight is made due, and one that lives
 * is run again only with force.
 */
export async function judgeUndo(court: Court, step: RecoveredStep, asked: RecoveryAsked): Promise<Judged> {
  const { saga } = court;
  const { step_id, status } = step;
  if (step.compensates_span_id === null) return refusal(await insteadOf(court, step));
  const is = `the undo of ${step_id} is ${status} and the saga is ${saga.status}`;
  if (isAbandoned(saga)) return refusal(`${is}: ${ABANDONED}`);
  const execution = await lastExecution(court, step.span_id);
  if (status === 'FAILED' && execution !== null && saga.failure?.code === 'COMPENSATION_FAILED') {
    const { iteration } = execution;
    return {
      kind: 'accept',
      status: 'scheduled',
      present: iteration,
      iteration: iteration + 1,
      phase: 'act',
      reopens: execution,
    };
  }
  // One that was taken up again, and that no attempt has begun yet, is PENDING as well.
  const inFlight = status === 'COMPENSATING' || status === 'IN_PROGRESS' || status === 'PENDING';
  if (saga.status !== 'COMPENSATING' || execution === null || !inFlight) {
    return refusal(`expected an undo that has failed or is running; ${is}: ${adviceFor(status)}`);
  }
  const alive = isAlive(court, execution);
  const answer = !alive ? 'requeued' : asked.force ? 'scheduled' : 'claim_active';
  const { iteration } = execution;
  return { kind: 'accept', status: answer, present: iteration, iteration, phase: 'act', reopens: null };
}

async function insteadOf(court: Court, { step_id, span_id }: RecoveredStep): Promise<string> {
  const undo = await court.tx
    .selectFrom('steps')
    .select(['span_id', 'status'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('compensates_span_id', '=', span_id)
    .executeTakeFirst();
  const its = undo
    ? `its undo is ${undo.span_id}, which is ${undo.status}`
    : `no undo of it runs, and the saga is ${court.saga.status}`;
  return `expected the span of an undo, got the forward step ${step_id}; ${its}; a forward step that runs is for retry-step`;
}

function adviceFor(status: StepStatus): string {
  switch (status) {
    case 'PENDING':
      return 'it has not begun; undos run one at a time, and an earlier one is in its way or a worker process is missing';
    case 'COMPENSATED':
      return 'it is done';
    default:
      return 'nothing is to be taken up again';
  }
}

/**
 * A failed undo and its saga are in flight again: the saga fails of what it failed of before the undo did, the undo
 * has a new execution, and its error stays until that begins.
 */
export async function reopen(court: Court, step: RecoveredStep, failed: Execution): Promise<void> {
  const { saga, tx } = court;
  saga.failure = (await causeOf(court)) ?? saga.failure;
  saga.status = 'COMPENSATING';
  saga.ended_at = null;
  saga.stuck = null;
  await tx
    .updateTable('steps')
    .set({ status: 'PENDING', end_time: null })
    .where('trace_id', '=', saga.trace_id)
    .where('span_id', '=', step.span_id)
    .execute();
  await openExecution(court, failed);
}
