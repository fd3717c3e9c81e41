/** What a decided review does to its step and its saga. */
import { sql } from 'kysely';
import type { SettleAnswer } from '../domain/answers.ts';
import { shownMessage, type Failure } from '../domain/failure.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { standing } from './edit.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import { completeStep, failStep } from './outcome.ts';
import { consumeRequestsOf } from './requests.ts';
import { keepSettled, nameOf, type Review } from './reviews.ts';

const OURS: readonly string[] = ['code', 'message', 'error'];

/** Carries a decided review into the step and the saga, once. */
export async function actOn(court: Court, review: Review): Promise<SettleAnswer> {
  if (review.settled) return review.settled;
  const answer = await effect(court, review);
  await keepSettled(court, review, answer);
  await consumeRequestsOf(court, review.span_id, review.iteration);
  return answer;
}

async function effect(court: Court, review: Review): Promise<SettleAnswer> {
  switch (review.status) {
    case 'approved':
      if (review.kind === 'reason') {
        const { payload: output } = standing(review);
        return { kind: 'approved', ...(await completeStep(court, review.span_id, { output })) };
      }
      await stepGoesOn(court, review.span_id, review.edit === null ? null : review.edit.payload);
      return { kind: 'approved', ended: false };
    case 'retried':
      await stepGoesOn(court, review.span_id);
      return { kind: 'retried', iteration: review.iteration + 1 };
    case 'rejected':
    case 'expired': {
      const failure = failureOf(review);
      await failStep(court, review.span_id, failure);
      return { kind: 'rejected', code: failure.code };
    }
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'pending':
      throw new Error('expected a decided review, got a pending one');
  }
}

/** `edited`: the arguments that a reviewer put in the place of the step's own. */
async function stepGoesOn(court: Court, span: string, edited: JsonObject | null = null): Promise<void> {
  await court.tx
    .updateTable('steps')
    .set({
      status: 'IN_PROGRESS',
      error_details: asJson(null),
      ...(edited === null ? {} : { resolved_arguments: withRetry(edited) }),
    })
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .execute();
  if (court.saga.status === 'AWAITING_HUMAN') court.saga.status = 'RUNNING';
}

/** Edited arguments in the row of the step; what the iteration was asked for stays beside them. */
function withRetry(edited: JsonObject) {
  return sql<string>`${asJson(edited)} || case
    when resolved_arguments->'_hitl_retry' is null then '{}'::jsonb
    else jsonb_build_object('_hitl_retry', resolved_arguments->'_hitl_retry') end`;
}

function failureOf(review: Review): Failure {
  if (review.status === 'expired') {
    return { code: 'REVIEW_EXPIRED', message: 'nobody decided before the deadline of the review' };
  }
  const said = review.verdict?.error_details ?? {};
  const who = review.actor === null ? 'a reviewer' : nameOf(review.actor);
  const words = review.comment === null ? `rejected by ${who}` : `rejected by ${who}: ${review.comment}`;
  const message = typeof said['message'] === 'string' ? said['message'] : words;
  return { code: 'HUMAN_REJECTED', message: shownMessage(message), details: withoutOurs(said) };
}

/** Members of the reviewer's that have the names of ours are kept as `reviewer_<name>`. */
function withoutOurs(said: JsonObject): JsonObject {
  const kept = Object.entries(said).map(([name, value]): [string, Json] => {
    const isPlain = name === 'message' && typeof value === 'string' && value === shownMessage(value);
    return [OURS.includes(name) && !isPlain ? `reviewer_${name}` : name, value];
  });
  return Object.fromEntries(kept);
}
