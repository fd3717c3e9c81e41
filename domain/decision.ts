/**
 * What a decision about a review comes to. Pure: the judge reads the review under the saga's lock, asks here, and
 * writes what is answered.
 *
 * 1. An open review before its deadline takes the first decision. 2. The same decision again answers the same.
 * 3. Any other is refused and names the winner. 4. At or after the deadline nobody wins but the deadline.
 */
import { canonicalEqual } from './equal.ts';
import type { Json, JsonObject } from './json.ts';
import type { ReviewStatus } from './status.ts';

export type Verb = 'approve' | 'reject' | 'retry';

export interface OpenOrDecided {
  iteration: number;
  status: ReviewStatus;
  payload_hash: string;
  expires_at: Date | null;
  decided_at: Date | null;
  decided_by: string | null;
  /** null: unlimited. */
  retries_left: number | null;
  edit: Json;
  verdict: { error_details?: JsonObject; guidance?: string; retry_token?: string } | null;
}

export interface Asked {
  verb: Verb;
  payload_hash: string | null;
  edit: Json;
  error_details: JsonObject | null;
  retry_token: string | null;
}

export type Judgement =
  | { kind: 'accept'; status: ReviewStatus }
  | { kind: 'same' }
  | { kind: 'expire' }
  | { kind: 'refuse'; reason: 'decided' | 'hash' | 'retries'; message: string };

const STATUS_OF: Record<Verb, ReviewStatus> = { approve: 'approved', reject: 'rejected', retry: 'retried' };

export function judgeDecision(review: OpenOrDecided, asked: Asked, now: Date): Judgement {
  if (asked.payload_hash !== null && asked.payload_hash !== review.payload_hash) {
    return {
      kind: 'refuse',
      reason: 'hash',
      message:
        `the decision is about a payload with hash ${asked.payload_hash}, but iteration ${review.iteration} ` +
        `holds ${review.payload_hash}; read the review again`,
    };
  }
  if (review.status !== 'pending') return judgeDecided(review, asked);
  if (review.expires_at !== null && now.getTime() >= review.expires_at.getTime()) return { kind: 'expire' };
  if (asked.verb === 'retry' && review.retries_left === 0) {
    return {
      kind: 'refuse',
      reason: 'retries',
      message: 'the limit of retries (hitl_max_retries) is reached; approve or reject',
    };
  }
  return { kind: 'accept', status: STATUS_OF[asked.verb] };
}

function judgeDecided(review: OpenOrDecided, asked: Asked): Judgement {
  const same =
    review.status === STATUS_OF[asked.verb] &&
    canonicalEqual(review.edit, asked.edit) &&
    (asked.verb !== 'retry' || sameToken(review, asked));
  if (same) return { kind: 'same' };
  return { kind: 'refuse', reason: 'decided', message: winner(review) };
}

function sameToken(review: OpenOrDecided, asked: Asked): boolean {
  return asked.retry_token === null || asked.retry_token === review.verdict?.retry_token;
}

/** Who won, in words: the text of every 409 about a decided review. */
export function winner(review: {
  iteration: number;
  status: ReviewStatus;
  decided_by: string | null;
  decided_at: Date | null;
}): string {
  const when = review.decided_at?.toISOString() ?? 'an unknown time';
  const who = review.decided_by ?? 'system';
  return `iteration ${review.iteration} was already ${review.status} by ${who} at ${when}`;
}
