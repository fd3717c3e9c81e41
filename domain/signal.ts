/**
 * Signals that people type in Temporal's own tools. `approve` and `retry` must name the review they are about,
 * because the one on hold may have changed since it was read; a bare `reject` binds to the review that is open
 * when it arrives.
 */
import type { SignalBody } from './answers.ts';
import { isDeeperThan, isJsonObject, storable, storableText } from './json.ts';

export type SignalName = 'approve' | 'reject' | 'retry';

/** What an operator asked of a step or an undo; only our own requests come as these. */
export type RecoveryName = 'retry_step' | 'retry_compensation';

export type SignalReading =
  | { kind: 'request'; request: string }
  | { kind: 'typed'; body: SignalBody }
  | { kind: 'refused'; reason: string };

/** Ids of requests are ours; anything else could not even be looked up. */
const REQUEST_ID = /^[\w-]{1,64}$/;
const DEPTH_LIMIT = 64;
export const COMMENT_LIMIT = 10_000;
export const GUIDANCE_LIMIT = 4096;
/** Of a typed reject's `error_details`, as JSON; over HTTP it is the same. */
const DETAILS_LIMIT = 65_536;

/** The name of a review inside its saga, ready to paste: `<step id>#<iteration>`. */
export function reviewName(stepId: string, iteration: number): string {
  return `${stepId}#${iteration}`;
}

/**
 * Reads a signal's arguments. `open` is the name of the review open when it arrived, null when none is.
 * Never throws: what cannot be understood is refused with the reason and what to do.
 */
export function readSignal(name: SignalName, args: readonly unknown[], open: string | null): SignalReading {
  const [argument] = args;
  if (isJsonObject(argument) && typeof argument['request'] === 'string') {
    const { request } = argument;
    if (REQUEST_ID.test(request)) return { kind: 'request', request };
    return { kind: 'refused', reason: 'expected the id of a request of Warden, got something else' };
  }
  if (isDeeperThan(argument, DEPTH_LIMIT)) {
    return {
      kind: 'refused',
      reason: `expected an argument nested at most ${DEPTH_LIMIT} deep, got a deeper one`,
    };
  }
  if (isJsonObject(argument) && JSON.stringify(argument['error_details'] ?? null).length > DETAILS_LIMIT) {
    return { kind: 'refused', reason: `error_details may have at most ${DETAILS_LIMIT} characters` };
  }
  const body = readBody(argument);
  if (body === null) {
    return {
      kind: 'refused',
      reason: `expected no argument, a text, or {"review": "<step>#<iteration>", "comment"?}; got something else`,
    };
  }
  if (open === null) return { kind: 'refused', reason: 'no review is open' };
  if (body.review === undefined && name !== 'reject') {
    return { kind: 'refused', reason: `${name} must name its review: send {"review": "${open}"}` };
  }
  if (body.review !== undefined && body.review !== open) {
    return { kind: 'refused', reason: `the open review is "${open}", not "${cut(body.review, 80)}"` };
  }
  return { kind: 'typed', body: { ...body, review: open } };
}

/** The id of the request that a recovery carries; null: it was typed by a hand. */
export function recoveryOf(argument: unknown): string | null {
  const id = isJsonObject(argument) ? argument['request'] : undefined;
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : null;
}

function readBody(argument: unknown): SignalBody | null {
  if (argument === undefined || argument === null) return {};
  if (typeof argument === 'string') return { comment: cut(argument, COMMENT_LIMIT) };
  if (!isJsonObject(argument)) return null;
  const body: SignalBody = {};
  if (typeof argument['review'] === 'string') body.review = argument['review'];
  if (typeof argument['comment'] === 'string') body.comment = cut(argument['comment'], COMMENT_LIMIT);
  if (typeof argument['guidance'] === 'string') body.guidance = cut(argument['guidance'], GUIDANCE_LIMIT);
  if (isJsonObject(argument['error_details'])) body.error_details = storable(argument['error_details']);
  return body;
}

/** Cutting may halve a pair of surrogates, which the store cannot hold. */
function cut(text: string, limit: number): string {
  return storableText(text.slice(0, limit));
}
