/**
 * `timing` of a step row (http.md), in whole milliseconds; what took none is left out. It grows with each phase and
 * iteration of the step, so that its parts belong to its `total_ms`. Written with the row's other columns: it costs
 * no statement of its own.
 */
import { sql, type RawBuilder } from 'kysely';
import type { JsonObject } from '../domain/json.ts';
import type { Court } from './judge.ts';

const WORKER = ['hydration_ms', 'setup_ms', 'llm_ms', 'tool_ms'] as const;
const ENGINE = ['when_cel_ms', 'schedule_ms', 'policy_ms'] as const;

export type WorkerTime = (typeof WORKER)[number];
export type EngineTime = (typeof ENGINE)[number];

/** What one attempt at a phase measured. */
export interface Measured {
  worker?: Readonly<Partial<Record<WorkerTime, number>>>;
  engine?: Readonly<Partial<Record<EngineTime, number>>>;
  /** When the phase was dispatched first, in milliseconds of the epoch; what follows until now is its ingest. */
  dispatchedAt?: number;
  /** What a model used: written with the end of a step that failed; left out or null: the row keeps what it has. */
  usage?: { worker: JsonObject } | null;
}

/** The value of `steps.timing` when the step ends now. */
export function stepTiming(court: Court, measured: Measured = {}): RawBuilder<string> {
  const held = sql`(
    select nullif(round(extract(epoch from sum(reviews.decided_at - reviews.opened_at)) * 1000)::bigint, 0)
    from reviews
    where reviews.trace_id = steps.trace_id and reviews.span_id = steps.span_id
  )`;
  const total = sql`nullif(round(extract(epoch from ${court.now}::timestamptz - started_at) * 1000)::bigint, 0)`;
  return timingOf(court, measured, [sql`'hold_ms', ${held}`, sql`'total_ms', ${total}`]);
}

/** The value of `steps.timing` while the step is held. */
export function heldTiming(court: Court, measured: Measured): RawBuilder<string> {
  return timingOf(court, measured, []);
}

function timingOf(
  { now }: Court,
  { worker = {}, engine = {}, dispatchedAt }: Measured,
  rest: readonly RawBuilder<unknown>[],
): RawBuilder<string> {
  // The clock of Temporal and that of the store may differ.
  const ingest = dispatchedAt === undefined ? 0 : Math.max(0, now.getTime() - dispatchedAt);
  const ofEngine = [
    ...ENGINE.map((name) => sum('engine', name, engine[name] ?? 0)),
    sum('engine', 'dispatch_to_ingest_ms', ingest),
    ...rest,
  ];
  const ofWorker = WORKER.map((name) => sum('worker', name, worker[name] ?? 0));
  return sql<string>`jsonb_build_object(
    'worker', jsonb_strip_nulls(jsonb_build_object(${sql.join(ofWorker)})),
    'engine', jsonb_strip_nulls(jsonb_build_object(${sql.join(ofEngine)}))
  )`;
}

function sum(part: 'worker' | 'engine', name: string, ms: number): RawBuilder<unknown> {
  const before = sql`coalesce((timing -> ${sql.lit(part)} ->> ${sql.lit(name)})::bigint, 0)`;
  return sql`${sql.lit(name)}, nullif(${before} + ${Math.round(ms)}::bigint, 0)`;
}
