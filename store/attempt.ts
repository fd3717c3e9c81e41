/**
 * The transactions of one attempt at a forward step, in their order: take the row, write turns, open the review or
 * write `calling`, write the result or the failure.
 *
 * Invariants: 1. an outcome that is recorded is the answer of every attempt; 2. an attempt whose token is not the
 * row's writes nothing, except the result of a call while there is no outcome; 3. the transaction that writes
 * `calling` is the last check before the call.
 */
import type { StepAnswer, StepRef, UndoAnswer } from '../domain/answers.ts';
import type { Failure } from '../domain/failure.ts';
import { isForward, isInFlight, type StepKind } from '../domain/status.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { cancelStands } from './cancel.ts';
import {
  findExecution,
  raiseToken,
  refuseOvertaken,
  refuseWhileCalling,
  TokenLost,
  type Execution,
} from './executions.ts';
import { forceOf, type Force } from './forced.ts';
import { endedAnswer, judge, type Court } from './judge.ts';
import { failStep, recordOutcome } from './outcome.ts';
import { findReview, type Review } from './reviews.ts';
import { consumeStart } from './requests.ts';
import { settleNow } from './settle.ts';
import type { Store } from './store.ts';
import type { Measured } from './timing.ts';

/** Attempts at a reason step that died one after the other without recording a turn. */
const DEATHS = 3;
/** Calls with one key in all, when an idempotent tool's results were lost. */
export const CALLS = 3;

export type Taken =
  | { kind: 'answer'; answer: StepAnswer }
  /** `review`: the approved one, of a held commit. */
  | { kind: 'go'; token: number; review: Review | null };

export interface StepFacts {
  kind: StepKind;
  hitl: boolean;
}

/**
 * An attempt takes its row: what is recorded or decided against it is the answer, else the work is its own. Rejects
 * while another attempt stands in its way, and when it comes too late.
 * @param scheduledAt when Temporal scheduled this attempt
 */
export function takeStep(
  store: Store,
  ref: StepRef,
  step: StepFacts,
  scheduledAt: Date | null = null,
): Promise<Taken> {
  return inCourt(store, ref, async (court) => {
    const execution = await findExecution(court, ref);
    if (execution?.outcome) return answer(await recorded(court, ref, execution.outcome));
    refuseOvertaken(court, ref, execution, scheduledAt);
    if (!isInFlight(court.saga.status)) return answer(endedAnswer(court.saga));
    const held = step.hitl && ref.phase === 'act';
    const review = held ? await findReview(court, ref.span, ref.iteration) : null;
    if (held) {
      const waiting = await notApproved(court, ref, review);
      if (waiting) return answer(waiting);
    }
    if (!isForward(court.saga.status)) return answer({ kind: 'cancelled' });
    const fresh = execution === null && ref.iteration === 1 && !held;
    if (fresh && (await cancelStands(court))) return answer({ kind: 'cancelled' });
    const force = await forceOf(court, 'retry_step', ref, execution);
    if (execution && force.granted === null) refuseWhileCalling(court, ref, execution);
    const lost = lostBefore(execution, step, force);
    if (lost) return answer(await fail(court, ref, lost, { uncertain: true }));
    const token = await raiseToken(court, ref, scheduledAt, force.first);
    await begin(court, ref);
    return { kind: 'go', token, review };
  });
}

function answer(given: StepAnswer): Taken {
  return { kind: 'answer', answer: given };
}

/** What a recorded outcome answers now: a hold may have been decided since, and its deadline has come nearer. */
export async function recorded(
  court: Court,
  ref: StepRef,
  outcome: StepAnswer | UndoAnswer,
): Promise<StepAnswer> {
  if (!isStepAnswer(outcome))
    throw new Error(`expected the outcome of a step, found ${JSON.stringify(outcome)}`);
  if (outcome.kind !== 'held') return outcome;
  const review = await findReview(court, ref.span, ref.iteration);
  return review ? heldAnswer(court, review) : outcome;
}

function isStepAnswer(outcome: StepAnswer | UndoAnswer): outcome is StepAnswer {
  if (outcome.kind === 'failed') return 'code' in outcome;
  return outcome.kind !== 'completed' || 'ended' in outcome;
}

function heldAnswer(court: Court, review: Review): StepAnswer {
  const { iteration, expires_at } = review;
  if (review.status !== 'pending') return { kind: 'held', iteration, decided: true };
  if (expires_at === null) return { kind: 'held', iteration };
  return { kind: 'held', iteration, expiresInMs: Math.max(0, expires_at.getTime() - court.now.getTime()) };
}

/** Settles the review of a held commit; null when it is approved. */
async function notApproved(court: Court, ref: StepRef, review: Review | null): Promise<StepAnswer | null> {
  if (review === null)
    throw new Error(`expected a review of ${ref.span} iteration ${ref.iteration}, found none`);
  const settled = await settleNow(court, review);
  if (settled.kind === 'approved') return null;
  if (settled.kind === 'pending') return { ...settled, kind: 'held', iteration: ref.iteration };
  return { kind: 'held', iteration: ref.iteration, decided: true };
}

function lostBefore(execution: Execution | null, step: StepFacts, force: Force): Failure | null {
  if (execution === null) return null;
  if (step.kind === 'reason') {
    if (force.first !== null || execution.idle_attempts < DEATHS) return null;
    const message = `${DEATHS} attempts in a row died without recording a turn of the model`;
    return { code: 'SYSTEM_CRASH', message };
  }
  return force.granted === null ? lostCall(execution, execution.idempotent) : null;
}

/** A call that began and whose result never came: repeated only on an idempotent tool, and not for ever. */
export function lostCall(
  execution: Execution,
  idempotent: boolean,
  lostWhy: string | null = null,
): Failure | null {
  if (execution.calling_at === null) return null;
  const { tool, calls } = execution;
  if (idempotent && calls < CALLS) return null;
  const why = idempotent ? `${calls} times` : 'and the tool is not idempotent';
  const began = `the call of ${tool ?? 'the tool'} began and its result was lost ${why}: it may have taken effect`;
  if (lostWhy === null) return { code: 'SYSTEM_CRASH', message: began, details: { tool, calls } };
  const message = `${began} (${lostWhy})`;
  return { code: 'SYSTEM_CRASH', message, details: { tool, calls, last_error: lostWhy } };
}

async function begin(court: Court, ref: StepRef): Promise<void> {
  const { tx, saga, now } = court;
  if (saga.status === 'PENDING') {
    saga.status = 'RUNNING';
    await consumeStart(court);
  }
  const started = await tx
    .updateTable('steps')
    .set({ status: 'IN_PROGRESS', started_at: now })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('status', '=', 'PENDING')
    .returning('step_id')
    .executeTakeFirst();
  if (started) {
    court.record({
      type: 'step.in_progress',
      actor: SYSTEM,
      span_id: ref.span,
      data: { step_id: started.step_id },
    });
  }
}

/**
 * Runs `act` for the attempt that holds the token, in a saga that runs forward; else answers what stands: the
 * recorded outcome, or how the saga stands. Rejects with `TokenLost`.
 */
export function asOwner<T>(
  store: Store,
  ref: StepRef,
  token: number,
  act: (court: Court, execution: Execution) => Promise<T>,
): Promise<{ own: T } | { answer: StepAnswer }> {
  return inCourt(store, ref, async (court) => {
    const execution = await findExecution(court, ref);
    if (execution?.outcome) return { answer: await recorded(court, ref, execution.outcome) };
    if (execution?.token !== token) throw new TokenLost(ref);
    if (!isInFlight(court.saga.status)) return { answer: endedAnswer(court.saga) };
    if (!isForward(court.saga.status)) return { answer: { kind: 'cancelled' } };
    return { own: await act(court, execution) };
  });
}

/** Records a known failure of the step; `uncertain` when its effect is unknown. */
export async function fail(
  court: Court,
  ref: StepRef,
  failure: Failure,
  how: { uncertain: boolean; timedOut?: boolean; measured?: Measured },
): Promise<StepAnswer> {
  const { timedOut, measured = {} } = how;
  await failStep(court, ref.span, failure, { status: timedOut ? 'TIMED_OUT' : 'FAILED', measured });
  const { code } = failure;
  return recordOutcome(court, ref, { kind: 'failed', code, uncertain: how.uncertain, ended: false });
}

/** A judged transaction about the saga of `ref`, which must exist. */
export async function inCourt<T>(store: Store, ref: StepRef, act: (court: Court) => Promise<T>): Promise<T> {
  const result = await judge(store, ref.traceId, async (court) => ({ given: await act(court) }));
  if (result === null) throw new Error(`expected saga ${ref.traceId} in the store, found none`);
  return result.given;
}
