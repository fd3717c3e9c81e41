/** What a decided review does to its step and its saga. */
import type { SettleAnswer } from '../domain/answers.ts';
import { shownMessage, type Failure } from '../domain/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
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
        const output = isJsonObject(review.edit) ? review.edit : review.payload;
        return {
          kind: 'approved',
          ...(await completeStep(court, review.span_id, { output: reviewed(output) })),
        };
      }
      await stepGoesOn(court, review.span_id);
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

async function stepGoesOn(court: Court, span: string): Promise<void> {
  await court.tx
    .updateTable('steps')
    .set({ status: 'IN_PROGRESS', error_details: asJson(null) })
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .execute();
  if (court.saga.status === 'AWAITING_HUMAN') court.saga.status = 'RUNNING';
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

function reviewed(value: Json): JsonObject {
  if (!isJsonObject(value)) throw new Error('expected the reviewed output to be an object');
  return value;
}
