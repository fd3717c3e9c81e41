/**
 * Decisions that come from outside the saga (HTTP, and what stands behind it). Judged under the saga's lock and
 * answered when the transaction commits: an accepted decision is a row, and a request that Temporal is told of.
 */
import { randomUUID } from 'node:crypto';
import { judgeDecision, winner, type Verb } from '../domain/decision.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Actor } from '../ledger/entry.ts';
import { keepEdit, pickReview, type EditAsked } from './edit.ts';
import { asJson } from './json.ts';
import { judge, type Court } from './judge.ts';
import { closeByDeadline, closeWithVerdict, judged, reviewsOfStep, type Review } from './reviews.ts';
import type { Store } from './store.ts';
import type { Verdict } from './tables.ts';

export interface DecisionAsked {
  namespace: string;
  traceId: string;
  span: string;
  verb: Verb;
  /** null: the open review and, where none is open, the last one. */
  iteration: number | null;
  payloadHash: string | null;
  /** null: approved as it is on hold. */
  edit: EditAsked | null;
  errorDetails: JsonObject | null;
  guidance: string | null;
  retryToken: string | null;
  comment: string | null;
  actor: Actor;
}

export type DecisionResult =
  | { kind: 'queued' | 'already_queued'; idempotencyKey: string; retryToken: string | null }
  | { kind: 'conflict'; message: string }
  | { kind: 'unknown'; message: string };

/** Decides a review. Rejects with the store's error: nothing happened then, ask again. */
export async function decide(store: Store, asked: DecisionAsked): Promise<DecisionResult> {
  const result = await judge(store, asked.traceId, (court) => decideIn(court, asked), asked.namespace);
  const unknown = {
    kind: 'unknown' as const,
    message: `no saga ${asked.traceId} in namespace ${asked.namespace}`,
  };
  return result ?? unknown;
}

async function decideIn(court: Court, asked: DecisionAsked): Promise<DecisionResult> {
  const step = await court.tx
    .selectFrom('steps')
    .select(['step_id', 'status', 'compensates_span_id'])
    .where('trace_id', '=', asked.traceId)
    .where('span_id', '=', asked.span)
    .executeTakeFirst();
  if (!step) return { kind: 'unknown', message: `no step ${asked.span} in saga ${asked.traceId}` };
  if (step.compensates_span_id !== null) {
    const what = `this is the undo of step ${step.step_id}, which is ${step.status} and is not reviewed`;
    return refuse(court, asked, null, `expected a step awaiting review; ${what}`);
  }
  const reviews = await reviewsOfStep(court, asked.span);
  const review = pick(reviews, asked);
  if (!review) {
    const [last] = reviews;
    const what =
      asked.iteration === null || !last
        ? `step ${step.step_id} is ${step.status} and has no review`
        : `step ${step.step_id} has no review of iteration ${asked.iteration}; its last is ${last.iteration}`;
    return refuse(court, asked, null, `expected a step awaiting review; ${what}`);
  }
  const judgement = judgeDecision(
    judged(review),
    {
      verb: asked.verb,
      payload_hash: asked.payloadHash,
      edit: asked.edit?.payload ?? null,
      error_details: asked.errorDetails,
      retry_token: asked.retryToken,
    },
    court.now,
  );
  switch (judgement.kind) {
    case 'accept':
      if (asked.edit !== null && asked.edit.checkedFor !== review.iteration) {
        const what = `iteration ${review.iteration} was opened while the edit of another was checked`;
        return refuse(court, asked, review, `step ${step.step_id}: ${what}; read the review again`);
      }
      return accept(court, review, asked, judgement.status);
    case 'same':
      return answer('already_queued', review);
    case 'expire': {
      const closed = await closeByDeadline(court, review);
      return refuse(court, asked, closed, `step ${step.step_id}: ${winner(judged(closed))}`);
    }
    case 'refuse':
      return refuse(court, asked, review, `step ${step.step_id}: ${judgement.message}`);
  }
}

/** `reviews` come last iteration first. A retry token names the review that it already retried. */
function pick(reviews: readonly Review[], asked: DecisionAsked): Review | null {
  const { iteration, verb, retryToken } = asked;
  if (iteration !== null) return pickReview(reviews, iteration);
  const retried =
    verb === 'retry' && retryToken !== null
      ? reviews.find((review) => review.verdict?.retry_token === retryToken)
      : undefined;
  return retried ?? pickReview(reviews, null);
}

async function accept(
  court: Court,
  review: Review,
  asked: DecisionAsked,
  status: Review['status'],
): Promise<DecisionResult> {
  const closed = await closeWithVerdict(court, review, {
    status,
    actor: asked.actor,
    comment: asked.comment,
    verdict: verdictOf(asked),
    source: 'http',
    ...(asked.edit === null ? {} : { edited: keepEdit(review, asked.edit) }),
  });
  await court.tx
    .insertInto('requests')
    .values({
      id: randomUUID(),
      trace_id: asked.traceId,
      kind: asked.verb,
      span_id: review.span_id,
      iteration: review.iteration,
      body: asJson({}),
      actor: asJson(asked.actor),
      created_at: court.now,
      next_at: court.now,
    })
    .execute();
  court.requested();
  return answer('queued', closed);
}

/** A retry without a token gets one, so that its answer names what to send when it is to be asked again. */
function verdictOf({ verb, errorDetails, guidance, retryToken }: DecisionAsked): Verdict | null {
  switch (verb) {
    case 'approve':
      return null;
    case 'reject':
      return errorDetails === null ? {} : { error_details: errorDetails };
    case 'retry':
      return {
        ...(guidance === null ? {} : { guidance }),
        retry_token: retryToken ?? randomUUID(),
      };
  }
}

function answer(kind: 'queued' | 'already_queued', review: Review): DecisionResult {
  const again = review.iteration === 1 ? '' : `-${review.iteration}`;
  const idempotencyKey = `human-decision-${review.trace_id}-${review.span_id}${again}`;
  return { kind, idempotencyKey, retryToken: review.verdict?.retry_token ?? null };
}

/** A refused decision is in the ledger: who wanted what, and why it was refused. */
function refuse(court: Court, asked: DecisionAsked, review: Review | null, message: string): DecisionResult {
  court.record({
    type: 'refusal',
    actor: asked.actor,
    span_id: asked.span,
    data: { act: asked.verb, iteration: review?.iteration ?? asked.iteration, message },
  });
  return { kind: 'conflict', message };
}
