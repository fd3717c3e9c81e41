/**
 * What a recovery is worth when it arrives at the saga: judged again, because the step may have had its outcome
 * meanwhile. Its request is consumed with the judgement, unless the saga is not there yet: after Temporal lost the
 * workflow a new one may be told of it before it has come to that step, and is told again.
 */
import type { SettleInput } from '../domain/answers.ts';
import { isAlive, lastExecution } from './executions.ts';
import { isAbout } from './forced.ts';
import type { Court } from './judge.ts';
import { presentOf, RECOVERY_ID, type Present } from './recovering.ts';
import { consumeRequest, type Request } from './requests.ts';

/** `refused` with what to say of it; null: nothing is to be said. */
export type RecoverySettled = { kind: 'rerun' } | { kind: 'refused'; why: string | null };

const SILENT: RecoverySettled = { kind: 'refused', why: null };

/** Ids of recoveries' requests have a form of their own, so that no other request is taken for one. */
export function isRecoveryId(id: string): boolean {
  return id.startsWith(RECOVERY_ID);
}

/** Judges the request of a recovery for a saga that is at the step of `input`. */
export async function settleRecovery(
  court: Court,
  request: Request,
  input: SettleInput,
): Promise<RecoverySettled> {
  if (request.closed_at !== null) return SILENT;
  const span = request.span_id ?? '';
  const step = await court.tx
    .selectFrom('steps')
    .select(['step_id', 'status', 'compensates_span_id'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .executeTakeFirstOrThrow();
  const undo = step.compensates_span_id !== null;
  const present = undo ? await undoOf(court, span) : await presentOf(court, span);
  const is = `${undo ? 'the undo of' : 'step'} ${step.step_id} is ${step.status}`;
  const here = undo
    ? input.span === span || input.span === step.compensates_span_id
    : input.span === span && input.iteration === request.iteration;
  const reopens = request.body['reopens'] === true;
  const settled = reopens
    ? judgeReopening(court, request, present, { status: step.status, is })
    : judgeRunning(court, request, present, { runs: runs(step.status), is });
  if (settled.kind === 'rerun' && !here) return SILENT;
  await consumeRequest(court, request.id);
  return settled;
}

async function undoOf(court: Court, span: string): Promise<Present> {
  const execution = await lastExecution(court, span);
  return { iteration: execution?.iteration ?? 1, phase: 'act', execution };
}

function runs(status: string): boolean {
  return status === 'IN_PROGRESS' || status === 'COMPENSATING' || status === 'PENDING';
}

function judgeRunning(
  court: Court,
  request: Request,
  { iteration, phase, execution }: Present,
  { runs, is }: { runs: boolean; is: string },
): RecoverySettled {
  const asked = isAbout(request, { span: request.span_id ?? '', iteration, phase });
  if (!runs || !asked || execution?.outcome) {
    return { kind: 'refused', why: `too late for iteration ${request.iteration ?? ''}: ${is}` };
  }
  if (request.body['force'] !== true) {
    const alive = execution !== null && isAlive(court, execution);
    return alive ? { kind: 'refused', why: `${is} and an attempt of it lives; only force ends it` } : RERUN;
  }
  // Settled a second time: the attempt with its force runs, or has used it up.
  const taken = request.consumed_at !== null && execution?.forced === request.id;
  const begun = taken || execution?.forced_call === request.id;
  return begun ? SILENT : RERUN;
}

const RERUN: RecoverySettled = { kind: 'rerun' };

/** Taken up again in the transaction that accepted it; the workflow that stayed open has to be told. */
function judgeReopening(
  court: Court,
  request: Request,
  { iteration, execution }: Present,
  { status, is }: { status: string; is: string },
): RecoverySettled {
  const outcome = iteration === request.iteration ? (execution?.outcome ?? null) : null;
  const failedAgain = iteration !== request.iteration || outcome?.kind === 'failed';
  if (failedAgain) return { kind: 'refused', why: `iteration ${request.iteration ?? ''} is over: ${is}` };
  if (outcome !== null) return RERUN;
  const waits = status === 'PENDING' && court.saga.status === 'COMPENSATING';
  return waits ? RERUN : SILENT;
}
