/**
 * The hold: a saga waits for a person. It wakes for a queued signal, the deadline's timer or a cancel, and asks
 * the judge (`settle`) until the answer is neither `pending` nor `refused`. It owns the binding of typed signals
 * to its review; it decides nothing itself.
 *
 * Invariants: an approve of ours on a commit is not settled here, the `act` activity settles it; at most one
 * timer at a time; nothing is read when the hold opens, unless the review may have been decided already.
 */
import { condition, uuid4 } from '@temporalio/workflow';
import type { Ended, PlanStep, SettleAnswer, SettleCause, StepAnswer } from '../domain/answers.ts';
import { reviewName } from '../domain/signal.ts';
import type { SagaStatus } from '../domain/status.ts';
import { callSettle } from './calls.ts';
import { continueIfLong, isLong } from './continue.ts';
import { startDeadline } from './deadline.ts';
import { settleTyped, settleUncounted } from './refusals.ts';
import { isAnotherRun } from './resets.ts';
import type { Run } from './run.ts';
import type { Review } from './signals.ts';
import { showClosed, showOpened } from './view.ts';

export type HoldOutcome =
  | Extract<SettleAnswer, { kind: 'approved' | 'rejected' | 'retried' | 'cancelled' }>
  | { kind: 'act' }
  | Ended;

type Ask = (cause: SettleCause, id?: string) => Promise<SettleAnswer>;

/**
 * Waits for the decision on the review that `opened` reports.
 * @param askFirst the review may be decided already: the judge is asked before anything is shown
 */
export async function hold(
  run: Run,
  step: PlanStep,
  opened: Extract<StepAnswer, { kind: 'held' }>,
  askFirst: boolean,
): Promise<HoldOutcome> {
  const { iteration } = opened;
  const review: Review = { span: step.span, iteration, name: reviewName(step.id, iteration) };
  const ask: Ask = (cause, id = uuid4()) =>
    callSettle(step, { traceId: run.traceId, span: step.span, iteration, id, cause });
  run.inbox.bind(review);
  const early = isUnasked(run) || askFirst ? await ask({ kind: 'opened' }) : null;
  const decided = early === null ? null : outcomeOf(early);
  const outcome = decided ?? (await wait(run, step, review, early?.kind === 'pending' ? early : opened, ask));
  run.inbox.bind(null);
  await settleUncounted(run, step, iteration);
  if (decided === null) showClosed(review, statusAfter(outcome), outcome.kind);
  return outcome;
}

async function wait(
  run: Run,
  step: PlanStep,
  review: Review,
  { expiresInMs }: { expiresInMs?: number },
  ask: Ask,
): Promise<HoldOutcome> {
  showOpened(step, review, expiresInMs);
  const deadline = startDeadline(expiresInMs, `deadline of ${review.name}`);
  const isWoken = () => run.inbox.size() > 0 || run.cancelled() || deadline.isDue();
  for (;;) {
    await condition(() => isWoken() || isAnotherRun(run) || isLong(run));
    await continueIfLong(run, step, { iteration: review.iteration, phase: 'prepare' });
    const askAnew = isUnasked(run);
    if (!askAnew && !isWoken()) continue;
    const answer = askAnew ? await ask({ kind: 'opened' }) : await wake(run, step, review, ask);
    const outcome = answer.kind === 'act' ? answer : outcomeOf(answer);
    if (outcome !== null) {
      deadline.stop();
      return outcome;
    }
    if (answer.kind === 'pending') deadline.renew(answer.expiresInMs);
  }
}

/** True once in a run that may come of a reset. */
function isUnasked(run: Run): boolean {
  if (!isAnotherRun(run)) return false;
  run.askedAnew = true;
  return true;
}

/**
 * A typed signal comes before a cancel, a cancel before the deadline. A request of ours is decided already, so a
 * cancel that came with it is told first: the judge acts on both. What each is worth the judge says.
 */
async function wake(
  run: Run,
  step: PlanStep,
  review: Review,
  ask: Ask,
): Promise<SettleAnswer | { kind: 'act' }> {
  const queued = run.inbox.take();
  if (queued?.kind === 'typed') {
    if (queued.review?.name === review.name) return ask(queued.cause, queued.id);
    await settleTyped(run, step, queued);
    return { kind: 'refused' };
  }
  if (run.cancelled()) {
    run.cancelTold = true;
    return ask({ kind: 'cancel' });
  }
  if (!queued) return ask({ kind: 'deadline' });
  if (queued.name === 'approve' && step.kind === 'commit' && !run.distrustful) return { kind: 'act' };
  return askRequest(run, queued.id, ask);
}

/** A request that decided nothing was typed by a hand. A few such are recorded one by one, the rest are counted. */
async function askRequest(run: Run, id: string, ask: Ask): Promise<SettleAnswer> {
  if (run.distrustful && !run.inbox.noteForged()) return ask({ kind: 'opened' });
  const answer = await ask({ kind: 'request', request: id }, id);
  if (answer.kind === 'refused') run.distrustful = true;
  return answer;
}

function outcomeOf(answer: SettleAnswer): HoldOutcome | null {
  switch (answer.kind) {
    case 'pending':
    case 'refused':
    case 'rerun':
      return null;
    default:
      return answer;
  }
}

function statusAfter(outcome: HoldOutcome): SagaStatus {
  if (outcome.kind === 'ended') return outcome.status;
  return outcome.kind === 'approved' && outcome.ended ? 'COMPLETED' : 'RUNNING';
}
