/** Reviews as rows: opening one, finding one, closing one with a verdict. */
import type { Selectable } from 'kysely';
import type { SettleAnswer, StepRef } from '../domain/answers.ts';
import type { OpenOrDecided } from '../domain/decision.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ReviewStatus, StepKind } from '../domain/status.ts';
import { SYSTEM, type Actor } from '../ledger/entry.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import { heldTiming, type Measured } from './timing.ts';
import type { ReviewEdit, Tables, Verdict } from './tables.ts';

export type Review = Selectable<Tables['reviews']>;

export interface Opening {
  kind: StepKind;
  payload: JsonObject;
  /** What the tool would be called with; null on reason steps. */
  sent: JsonObject | null;
  payloadHash: string;
  editSchema: JsonObject | null;
  policy: Json;
  /** null: the review never expires. */
  expiresMs: number | null;
  /** null: unlimited. */
  maxRetries: number | null;
  usage?: JsonObject | null;
  measured?: Measured;
  resolvedArguments: JsonObject;
}

/** Opens the review of an iteration: step and saga wait for a person from here on. */
export async function openReview(court: Court, ref: StepRef, opening: Opening): Promise<void> {
  const { tx, saga, now } = court;
  const expiresAt = opening.expiresMs === null ? null : new Date(now.getTime() + opening.expiresMs);
  await tx
    .insertInto('reviews')
    .values({
      trace_id: ref.traceId,
      span_id: ref.span,
      iteration: ref.iteration,
      namespace: saga.namespace,
      kind: opening.kind,
      status: 'pending',
      payload: asJson<Json>(opening.payload),
      sent: asJson(opening.sent),
      payload_hash: opening.payloadHash,
      edit_schema: asJson(opening.editSchema),
      policy: asJson(opening.policy),
      opened_at: now,
      expires_at: expiresAt,
      retries_left:
        opening.maxRetries === null ? null : Math.max(0, opening.maxRetries - (ref.iteration - 1)),
    })
    .execute();
  await tx
    .updateTable('steps')
    .set({
      status: 'AWAITING_HUMAN',
      resolved_arguments: asJson(opening.resolvedArguments),
      ...(opening.usage === undefined ? {} : { usage: asJson(opening.usage) }),
      timing: heldTiming(court, opening.measured ?? {}),
    })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .execute();
  saga.status = 'AWAITING_HUMAN';
  court.record({
    type: 'hold',
    actor: SYSTEM,
    span_id: ref.span,
    data: {
      iteration: ref.iteration,
      payload_hash: opening.payloadHash,
      payload: opening.payload,
      sent: opening.sent,
      expires_at: expiresAt?.toISOString() ?? null,
    },
  });
}

export async function findReview(court: Court, span: string, iteration: number): Promise<Review | null> {
  const row = await court.tx
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .executeTakeFirst();
  return row ?? null;
}

/** All reviews of a step, last iteration first. */
export async function reviewsOfStep(court: Court, span: string): Promise<Review[]> {
  return court.tx
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .orderBy('iteration', 'desc')
    .execute();
}

/** A review as the pure judgement sees it. */
export function judged(review: Review): OpenOrDecided {
  const decidedBy = review.actor === null ? null : nameOf(review.actor);
  return { ...review, edit: review.edit?.payload ?? null, decided_by: decidedBy };
}

export function nameOf(actor: Actor): string {
  return actor.label ?? actor.subject;
}

export interface Decided {
  status: ReviewStatus;
  actor: Actor;
  comment: string | null;
  verdict: Verdict | null;
  source: 'http' | 'signal';
  /** The edit that was approved, and its diff; absent without one. */
  edited?: { edit: ReviewEdit; diff: Json };
}

const DECISION_ENTRY = {
  approved: 'decision.approved',
  rejected: 'decision.rejected',
  retried: 'decision.retried',
} as const;

/** Closes an open review with a person's verdict; the ledger has the decision once, here. */
export async function closeWithVerdict(court: Court, review: Review, decided: Decided): Promise<Review> {
  const closed = await updateReview(court, review, decided);
  const { status } = decided;
  if (status !== 'approved' && status !== 'rejected' && status !== 'retried') {
    throw new Error(`expected a person's verdict, got ${status}`);
  }
  court.record({
    type: DECISION_ENTRY[status],
    actor: decided.actor,
    span_id: review.span_id,
    data: {
      iteration: review.iteration,
      payload_hash: decided.edited?.edit.payload_hash ?? review.payload_hash,
      comment: decided.comment,
      source: decided.source,
      ...(decided.edited ? editEntry(review, decided.edited) : {}),
      ...(decided.verdict?.error_details ? { error_details: decided.verdict.error_details } : {}),
      ...(decided.verdict?.guidance === undefined ? {} : { guidance: decided.verdict.guidance }),
    },
  });
  return closed;
}

/** Who edited what: with the entry of the hold it says all that was approved. */
function editEntry(review: Review, { edit, diff }: NonNullable<Decided['edited']>): JsonObject {
  const held = { held_payload_hash: review.payload_hash, diff };
  return edit.sent === null ? held : { ...held, sent: edit.sent };
}

/** Closes an open review by its deadline. */
export async function closeByDeadline(court: Court, review: Review): Promise<Review> {
  const closed = await updateReview(court, review, {
    status: 'expired',
    actor: SYSTEM,
    comment: null,
    verdict: null,
  });
  court.record({
    type: 'expiry',
    actor: SYSTEM,
    span_id: review.span_id,
    data: {
      iteration: review.iteration,
      payload_hash: review.payload_hash,
      expires_at: review.expires_at?.toISOString() ?? null,
    },
  });
  return closed;
}

async function updateReview(court: Court, review: Review, decided: Omit<Decided, 'source'>): Promise<Review> {
  return court.tx
    .updateTable('reviews')
    .set({
      status: decided.status,
      actor: asJson(decided.actor),
      comment: decided.comment,
      verdict: asJson(decided.verdict),
      decided_at: court.now,
      edit: asJson(decided.edited?.edit ?? null),
      diff: asJson(decided.edited?.diff ?? null),
    })
    .where('trace_id', '=', review.trace_id)
    .where('span_id', '=', review.span_id)
    .where('iteration', '=', review.iteration)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Keeps the answer that the hold was given, so that a second settle answers the same. */
export async function keepSettled(court: Court, review: Review, settled: SettleAnswer): Promise<void> {
  await court.tx
    .updateTable('reviews')
    .set({ settled: asJson(settled) })
    .where('trace_id', '=', review.trace_id)
    .where('span_id', '=', review.span_id)
    .where('iteration', '=', review.iteration)
    .execute();
}
