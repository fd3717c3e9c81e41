/**
 * What waits for a person, newest first: one query for the page, over the index of open reviews, and one for what
 * rejecting each of them would undo.
 */
import { sql } from 'kysely';
import type { Json, JsonObject } from '../domain/json.ts';
import type { StepKind } from '../domain/status.ts';
import { undoScope, type UndoCandidate } from '../domain/undo.ts';
import type { Store } from './store.ts';

export interface PendingWanted {
  namespace: string;
  traceId: string | null;
  kind: StepKind | null;
  limit: number;
  offset: number;
}

export interface UndoPlanItem {
  order: number;
  step_id: string;
  step_name: string;
  step_span_id: string;
  tool: string | null;
  undo: 'declared' | 'none';
}

export interface PendingReviewRow {
  namespace: string;
  saga_trace_id: string;
  step_span_id: string;
  step_id: string;
  step_name: string;
  step_kind: StepKind;
  order_index: number;
  worker: string;
  worker_version: string;
  review_payload: Json;
  started_at: Date;
  sent: JsonObject | null;
  payload_hash: string;
  iteration: number;
  retries_left: number | null;
  expires_at: Date | null;
  policy: Json;
  undo_plan: UndoPlanItem[];
}

export async function listPendingReviews(
  store: Pick<Store, 'db'>,
  wanted: PendingWanted,
): Promise<PendingReviewRow[]> {
  const page = await readPage(store, wanted);
  const completed = await completedSteps(store, [...new Set(page.map((row) => row.saga_trace_id))]);
  return page.map((row) => ({
    ...row,
    undo_plan: undoPlan(completed.get(row.saga_trace_id) ?? [], row.order_index),
  }));
}

async function readPage({ db }: Pick<Store, 'db'>, wanted: PendingWanted) {
  const { namespace, traceId, kind, limit, offset } = wanted;
  let query = db
    .selectFrom('reviews as r')
    .innerJoin('steps as s', (join) =>
      join.onRef('s.trace_id', '=', 'r.trace_id').onRef('s.span_id', '=', 'r.span_id'),
    )
    .select(['r.namespace', 'r.trace_id as saga_trace_id', 'r.span_id as step_span_id'])
    .select(['s.step_id', 's.name as step_name', 'r.kind as step_kind', 's.order_index'])
    .select(['s.worker', 's.worker_version', 's.started_at'])
    .select(['r.payload as review_payload', 'r.sent', 'r.payload_hash', 'r.iteration'])
    .select(['r.retries_left', 'r.expires_at', 'r.policy'])
    // As a literal, so that the index of open reviews serves whatever plan is kept.
    .where(sql<boolean>`r.status = 'pending'`)
    .where('r.namespace', '=', namespace);
  if (traceId !== null) query = query.where('r.trace_id', '=', traceId);
  if (kind !== null) query = query.where('r.kind', '=', kind);
  return query
    .orderBy('r.opened_at', 'desc')
    .orderBy('r.trace_id')
    .orderBy('r.span_id')
    .limit(limit)
    .offset(offset)
    .execute();
}

export interface CompletedStep {
  trace_id: string;
  order_index: number;
  span_id: string;
  step_id: string;
  name: string;
  /** The tools of the declared undo, as one text; null without one. */
  tool: string | null;
}

/** Completed steps in their order, by trace id: the frozen definition says which of them declare an undo. */
export async function completedSteps(
  { db }: Pick<Store, 'db'>,
  traceIds: readonly string[],
): Promise<Map<string, CompletedStep[]>> {
  if (traceIds.length === 0) return new Map();
  const ids = sql.join(traceIds);
  const { rows } = await sql<CompletedStep>`
    with tools as materialized (
      select frozen.digest, step->>'id' as step_id, coalesce(
        step->'compensation'->'tool'->>'name', -- of an earlier release (stored-body.ts)
        (
          select string_agg(each.tool->>'name', ', ' order by each.at)
          from jsonb_array_elements(step->'compensation'->'tools') with ordinality as each (tool, at)
        )
      ) as tool
      from definition_bodies as frozen
      join definition_bodies as saga on saga.digest = frozen.body::jsonb->>'saga'
      cross join lateral jsonb_array_elements(saga.body::jsonb->'steps') as step
      where frozen.digest in (select digest from sagas where trace_id in (${ids}))
    )
    select s.trace_id, s.span_id, s.order_index, s.step_id, s.name, tools.tool
    from steps as s
    join sagas as g on g.trace_id = s.trace_id
    left join tools on tools.digest = g.digest and tools.step_id = s.step_id
    where s.trace_id in (${ids}) and s.compensates_span_id is null and s.status = 'COMPLETED'
    order by s.trace_id, s.order_index`.execute(db);
  const ofSaga = new Map<string, CompletedStep[]>();
  for (const row of rows) ofSaga.set(row.trace_id, [...(ofSaga.get(row.trace_id) ?? []), row]);
  return ofSaga;
}

/** What rejecting the review of the step at `orderIndex` would undo, or would have undone: what was completed before it. */
export function undoPlan(steps: readonly CompletedStep[], orderIndex: number): UndoPlanItem[] {
  const completed = steps.filter((step) => step.order_index < orderIndex);
  const candidates: UndoCandidate[] = completed.map(({ span_id, tool }) => ({
    span: span_id,
    completed: true,
    declared: tool !== null,
  }));
  const undone = new Set(undoScope(candidates, null).spans);
  return [...completed].reverse().map((step, at) => ({
    order: at + 1,
    step_id: step.step_id,
    step_name: step.name,
    step_span_id: step.span_id,
    tool: step.tool,
    undo: undone.has(step.span_id) ? 'declared' : 'none',
  }));
}
