/** `timing` of a step row (http.md): what the worker measured, and what the rows say of the engine. */
import { sql, type RawBuilder } from 'kysely';
import type { JsonObject } from '../domain/json.ts';
import type { Court } from './judge.ts';

/**
 * The value of `steps.timing` when the step ends now. What the worker measured in earlier phases is kept; zeros are
 * left out.
 */
export function stepTiming({ now }: Court, worker: JsonObject = {}): RawBuilder<string> {
  const measured = Object.fromEntries(Object.entries(worker).filter(([, ms]) => ms !== 0));
  return sql<string>`jsonb_build_object(
    'worker', coalesce(timing -> 'worker', '{}'::jsonb) || ${JSON.stringify(measured)}::text::jsonb,
    'engine', jsonb_strip_nulls(jsonb_build_object(
      'hold_ms', (
        select nullif(round(extract(epoch from sum(reviews.decided_at - reviews.opened_at)) * 1000)::bigint, 0)
        from reviews
        where reviews.trace_id = steps.trace_id and reviews.span_id = steps.span_id
      ),
      'total_ms', nullif(round(extract(epoch from ${now}::timestamptz - started_at) * 1000)::bigint, 0)
    ))
  )`;
}

/** The value of `steps.timing` while the step is held. */
export function heldTiming(worker: JsonObject): JsonObject {
  return { worker, engine: {} };
}
