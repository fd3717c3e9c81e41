/** What judging a recovery looks at: the present execution of a span, and requests for it that still stand. */
import type { Phase, StepRef } from '../domain/answers.ts';
import type { StepKind, StepStatus } from '../domain/status.ts';
import { standing as standingPayload } from './edit.ts';
import { lastExecution, type Execution } from './executions.ts';
import type { Court } from './judge.ts';
import { isAbout } from './forced.ts';
import type { Request } from './requests.ts';
import { findReview } from './reviews.ts';
import type { RecoveryKind } from './tables.ts';

export interface RecoveredStep {
  span_id: string;
  step_id: string;
  kind: StepKind;
  status: StepStatus;
  order_index: number;
  compensates_span_id: string | null;
}

/** What the ids of recoveries' requests begin with. */
export const RECOVERY_ID = 'recover-';

/** An execution that has no outcome; `execution` is null while no attempt has taken its row. */
export interface Present {
  iteration: number;
  phase: Phase;
  execution: Execution | null;
}

/** The execution of a forward step that is to have an outcome next: the last one, or the one after its hold. */
export async function presentOf(court: Court, span: string): Promise<Present> {
  const execution = await lastExecution(court, span);
  if (execution === null) return { iteration: 1, phase: 'act', execution };
  const { iteration, phase } = execution;
  if (execution.outcome === null) return { iteration, phase, execution };
  const review = await findReview(court, span, iteration);
  if (review?.status === 'retried') return { iteration: iteration + 1, phase: 'prepare', execution: null };
  return { iteration, phase: 'act', execution: null };
}

/** Of thousands of them only the last can stand. */
const NEWEST = 50;
/** Within this time a run that was told to run a step again with force lets an attempt take its row. */
const TAKEN_MS = 60_000;

/**
 * A request that has not taken effect yet and that does what is asked now: it runs the same execution again, with
 * force when force is asked. Answers its id. One whose call was begun does nothing more, however often it is sent.
 */
export async function findStanding(
  court: Court,
  kind: RecoveryKind,
  at: Omit<StepRef, 'traceId'>,
  force: boolean,
): Promise<string | null> {
  const newestFirst = await court.tx
    .selectFrom('requests')
    .selectAll()
    .where('trace_id', '=', court.saga.trace_id)
    .where('kind', '=', kind)
    .where('span_id', '=', at.span)
    .where('iteration', '=', at.iteration)
    .where('closed_at', 'is', null)
    .orderBy('position', 'desc')
    .limit(NEWEST)
    .execute();
  const rows = newestFirst.toReversed();
  const execution = await lastExecution(court, at.span);
  const taken = rows.findIndex((row) => row.id === execution?.forced);
  const standing = rows.find(
    (row, index) => isAbout(row, at) && isStanding(court, row, { force, later: index > taken, execution }),
  );
  return standing?.id ?? null;
}

function isStanding(
  court: Court,
  request: Request,
  { force, later, execution }: { force: boolean; later: boolean; execution: Execution | null },
): boolean {
  const isForced = request.body['force'] === true;
  // A failed undo that is taken up again has called nothing yet: there is nothing that force would add.
  const reopens = request.body['reopens'] === true;
  if (force && !isForced && !reopens) return false;
  if (request.consumed_at === null) return request.id !== execution?.forced_call;
  return isForced && later && court.now.getTime() - request.consumed_at.getTime() < TAKEN_MS;
}

/** Why a payload hash does not name what an iteration went on with; null: it does. */
export async function otherHash(
  court: Court,
  span: string,
  iteration: number,
  hash: string,
): Promise<string | null> {
  const review = await findReview(court, span, iteration);
  if (review === null) {
    return `iteration ${iteration} had no payload on hold; leave payload_hash out`;
  }
  const known = [review.payload_hash, standingPayload(review).payload_hash];
  if (known.includes(hash)) return null;
  return `iteration ${iteration} went on with a payload of hash ${known[1] ?? ''}, not ${hash}; read the step again`;
}
