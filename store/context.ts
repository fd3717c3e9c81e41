/** The context of a saga, made from its rows: its input, and what its finished steps put out. */
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { loadFrozen, type FrozenDefinitions } from './definitions.ts';
import { spanOf } from './spans.ts';
import type { Store } from './store.ts';

/** A saga as its activities see it: what it froze at its start, and where it stands in a namespace. */
export interface RunningSaga extends FrozenDefinitions {
  traceId: string;
  namespace: string;
  /** Position of a forward step by its span id; -1 when the saga has no such step. */
  indexOf(span: string): number;
}

/** Throws when the store does not have the saga. */
export async function loadSaga(store: Store, traceId: string): Promise<RunningSaga> {
  const { namespace, digest } = await store.db
    .selectFrom('sagas')
    .select(['namespace', 'digest'])
    .where('trace_id', '=', traceId)
    .executeTakeFirstOrThrow(() => new Error(`expected saga ${traceId} in the store, found none`));
  const frozen = await loadFrozen(store, digest);
  const spans = frozen.saga.steps.map((_, index) => spanOf(traceId, index));
  return { traceId, namespace, indexOf: (span) => spans.indexOf(span), ...frozen };
}

/** `{input, steps: {<id>: {output: {data}, facts}}}`; a step that has not finished is there, empty. */
export async function readContext(store: Store, traceId: string): Promise<JsonObject> {
  const saga = await store.db
    .selectFrom('sagas')
    .select('input')
    .where('trace_id', '=', traceId)
    .executeTakeFirstOrThrow();
  const rows = await store.db
    .selectFrom('steps')
    .select(['step_id', 'status', 'output_payload'])
    .where('trace_id', '=', traceId)
    .where('compensates_span_id', 'is', null)
    .orderBy('order_index')
    .execute();
  const steps: Record<string, Json> = {};
  for (const { step_id, status, output_payload } of rows) {
    const { data, facts } = (status === 'COMPLETED' ? output_payload : null) ?? {};
    steps[step_id] = {
      output: { data: data ?? {} },
      facts: isJsonObject(facts) ? facts : {},
    };
  }
  return { input: saga.input, steps };
}
