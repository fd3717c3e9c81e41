/**
 * A reviewer's edit of what is on hold: what it is checked against before it is accepted, and what stands in its
 * place once the review is approved.
 *
 * The checks themselves are made outside any transaction. What an iteration holds never changes, so an edit that
 * was checked for an iteration is accepted for that iteration and for no other.
 */
import jsonPatch from 'fast-json-patch';
import type { StepDefinition } from '../domain/definition.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import type { StepKind } from '../domain/status.ts';
import { digest } from '../ledger/canonical.ts';
import { loadSaga, type RunningSaga } from './context.ts';
import type { Review } from './reviews.ts';
import type { Store } from './store.ts';
import type { ReviewEdit } from './tables.ts';

export interface EditAsked {
  /** What is on hold, as the reviewer wants it; in the shape of the review's payload. */
  payload: JsonObject;
  /** What the tool would be called with then; null on reason steps. */
  sent: JsonObject | null;
  /** The iteration whose schema and policy it satisfies; null: it was not checked, and cannot be accepted. */
  checkedFor: number | null;
}

export interface Editable {
  kind: StepKind;
  /** As {@link pickReview} finds it. */
  review: Review | null;
  saga: RunningSaga;
  /** null on the row of an undo, which is not reviewed. */
  step: StepDefinition | null;
  /** The saga's start input. */
  input: Json;
  /** The step's resolved arguments, without `_hitl_retry`. */
  arguments: JsonObject;
}

/** What a reviewer's edit is about. null: there is no such step in a saga of the namespace. */
export async function findEditable(
  store: Store,
  asked: { namespace: string; traceId: string; span: string; iteration: number | null },
): Promise<Editable | null> {
  const { namespace, traceId, span } = asked;
  const row = await store.db
    .selectFrom('steps as s')
    .innerJoin('sagas as g', 'g.trace_id', 's.trace_id')
    .select(['s.kind', 's.resolved_arguments', 'g.input'])
    .where('s.trace_id', '=', traceId)
    .where('s.span_id', '=', span)
    .where('g.namespace', '=', namespace)
    .executeTakeFirst();
  if (!row) return null;
  const reviews = await store.db
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .orderBy('iteration', 'desc')
    .execute();
  const saga = await loadSaga(store, traceId);
  const { _hitl_retry, ...resolved } = row.resolved_arguments;
  return {
    kind: row.kind,
    review: pickReview(reviews, asked.iteration),
    saga,
    step: saga.saga.steps[saga.indexOf(span)] ?? null,
    input: row.input,
    arguments: resolved,
  };
}

/** The review that an iteration names; without one the open review, else the last. `reviews`: last iteration first. */
export function pickReview(reviews: readonly Review[], iteration: number | null): Review | null {
  if (iteration !== null) return reviews.find((review) => review.iteration === iteration) ?? null;
  return reviews.find((review) => review.status === 'pending') ?? reviews[0] ?? null;
}

/** What is kept of an accepted edit, and how it differs from what was on hold (RFC 6902). */
export function keepEdit(review: Review, { payload, sent }: EditAsked): { edit: ReviewEdit; diff: Json } {
  const edit = { payload, sent, payload_hash: digest(sent ?? payload) };
  return { edit, diff: differences(review.payload, payload) };
}

function differences(held: Json, edited: JsonObject): Json {
  if (!isJsonObject(held)) throw new Error('expected the payload of a review to be an object');
  return jsonPatch.compare(held, edited).map((operation): JsonObject => {
    const { op, path } = operation;
    const value: unknown = 'value' in operation ? operation.value : undefined;
    return isJson(value) ? { op, path, value } : { op, path };
  });
}

/** Values come out of what went in, which was JSON. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}

/** What stands after an approval: as it was on hold, or as the reviewer edited it. */
export function standing(review: Review): ReviewEdit {
  const { edit, payload, sent, payload_hash } = review;
  if (edit !== null) return edit;
  if (!isJsonObject(payload)) throw new Error('expected the payload of a review to be an object');
  return { payload, sent, payload_hash };
}
