/**
 * Force: an operator's word that a call may be made again although an earlier one may have taken effect. It is a
 * request; the attempt that carries it takes over from a live one, and uses it up when it writes `calling`. So each
 * request with force allows one call, whoever runs the attempt and however often Temporal repeats it.
 */
import { sql } from 'kysely';
import type { StepRef } from '../domain/answers.ts';
import type { Execution } from './executions.ts';
import type { Court } from './judge.ts';
import { findRequest, type Request } from './requests.ts';
import type { Store } from './store.ts';
import type { RecoveryKind } from './tables.ts';

export interface Force {
  /** The request, when this attempt is the first that carries it. */
  first: string | null;
  /** The request, while no call was begun for it. */
  granted: string | null;
}

const NONE: Force = { first: null, granted: null };

/** What the request that an attempt carries allows it on its row. An id that is no such request allows nothing. */
export async function forceOf(
  court: Court,
  kind: RecoveryKind,
  ref: StepRef,
  execution: Execution | null,
): Promise<Force> {
  if (ref.forced === undefined) return NONE;
  const request = await findRequest(court, ref.forced);
  if (request === null || request.kind !== kind || !isAbout(request, ref)) return NONE;
  if (request.body['force'] !== true || request.closed_at !== null) return NONE;
  const { id } = request;
  return {
    first: execution?.forced === id ? null : id,
    granted: execution?.forced_call === id ? null : id,
  };
}

/** Whether a recovery was asked for exactly this execution. */
export function isAbout(request: Request, { span, iteration, phase }: Omit<StepRef, 'traceId'>): boolean {
  return request.span_id === span && request.iteration === iteration && request.body['phase'] === phase;
}

/** The request that the attempt which holds the row carries, while no call was begun for it. */
export function grantOf(ref: StepRef, execution: Execution): string | null {
  const { forced } = ref;
  if (forced === undefined || execution.forced !== forced || execution.forced_call === forced) return null;
  return forced;
}

/** Whether an operator's force is to end the attempt that holds a row, although its call has begun. */
export async function isForcedOver(
  { db }: Pick<Store, 'db'>,
  { traceId, span, iteration, phase }: StepRef,
): Promise<boolean> {
  const last = await db
    .selectFrom('requests')
    .select('id')
    .where('trace_id', '=', traceId)
    .where('kind', 'in', ['retry_step', 'retry_compensation'])
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where(sql<boolean>`body @> ${JSON.stringify({ force: true, phase })}::text::jsonb`)
    .where('consumed_at', 'is not', null)
    .where('closed_at', 'is', null)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!last) return false;
  const held = await db
    .selectFrom('executions')
    .select('forced')
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where('phase', '=', phase)
    .executeTakeFirst();
  return held?.forced !== last.id;
}
