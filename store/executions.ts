/**
 * Executions: one row per span, iteration and phase. An attempt first takes its row; an outcome there is the
 * answer, else the row's token is raised and everything that the attempt writes later is written only while the
 * token is its own. Tokens are ours: Temporal's attempt numbers repeat after a reset.
 */
import type { StepRef } from '../domain/answers.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';
import { sql, type Selectable } from 'kysely';
import type { Json } from '../domain/json.ts';

/** An attempt whose token was raised by another one: it must stop and write nothing. */
export class TokenLost extends Error {
  override name = 'TokenLost';
  constructor(ref: StepRef) {
    super(
      `another attempt has taken over ${ref.span} iteration ${ref.iteration} (${ref.phase}); this one stops`,
    );
  }
}

export type Execution = Selectable<Tables['executions']>;

/** An attempt that noted that it lives within this time is believed to live. */
const ALIVE_MS = 10_000;

/** Another attempt seems to be in the middle of its call: this one waits for what comes of it. */
export class StillCalling extends Error {
  override name = 'StillCalling';
}

/** Whether the attempt that holds a row gave a sign of life a short time ago. */
export function isAlive({ now }: Pick<Court, 'now'>, execution: Execution): boolean {
  return execution.outcome === null && now.getTime() - execution.alive_at.getTime() < ALIVE_MS;
}

/**
 * Throws `StillCalling` while the attempt that began a call lives. It was not ended, only Temporal's word for it:
 * an operator paused, reset or completed the activity by hand, and the call's result is still to come.
 */
export function refuseWhileCalling(court: Pick<Court, 'now'>, ref: StepRef, execution: Execution): void {
  if (execution.calling_at === null || !isAlive(court, execution)) return;
  throw new StillCalling(`an attempt that lives is calling ${execution.tool ?? 'a tool'} for ${ref.span}`);
}

export async function findExecution(court: Court, ref: StepRef): Promise<Execution | null> {
  const row = await court.tx
    .selectFrom('executions')
    .selectAll()
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .executeTakeFirst();
  return row ?? null;
}

/** The last execution of a span: of its highest iteration, the call rather than what prepared it. */
export async function lastExecution({ tx, saga }: Court, span: string): Promise<Execution | null> {
  const row = await tx
    .selectFrom('executions')
    .selectAll()
    .where('trace_id', '=', saga.trace_id)
    .where('span_id', '=', span)
    .orderBy('iteration', 'desc')
    .orderBy('phase')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * Stops an attempt that Temporal scheduled before the one that holds the row, while that one lives: it was given to
 * a process that was frozen, was given up, and begins only now. Rejects with `TokenLost`.
 * @param scheduledAt when Temporal scheduled it; null: not by Temporal, so nothing is known
 */
export function refuseOvertaken(
  court: Court,
  ref: StepRef,
  execution: Execution | null,
  scheduledAt: Date | null,
): void {
  if (!execution?.scheduled_at || scheduledAt === null || scheduledAt >= execution.scheduled_at) return;
  // Were the holder dead, the order would count for nothing: a server's clock may have been set back.
  if (isAlive(court, execution)) throw new TokenLost(ref);
}

/**
 * Creates the row or raises its token; answers the token of this attempt.
 * @param forced the request with force that this attempt is the first of; deaths before it do not count
 */
export async function raiseToken(
  court: Court,
  ref: StepRef,
  scheduledAt: Date | null,
  forced: string | null = null,
): Promise<number> {
  const row = await court.tx
    .insertInto('executions')
    .values({
      trace_id: ref.traceId,
      span_id: ref.span,
      iteration: ref.iteration,
      phase: ref.phase,
      token: 1,
      idle_attempts: 1,
      alive_at: court.now,
      scheduled_at: scheduledAt,
      idempotent: false,
      calls: 0,
      failed_calls: 0,
      forced,
    })
    .onConflict((conflict) =>
      conflict.columns(['trace_id', 'span_id', 'iteration', 'phase']).doUpdateSet((eb) => ({
        token: eb('executions.token', '+', 1),
        idle_attempts: forced === null ? eb('executions.idle_attempts', '+', 1) : 1,
        alive_at: court.now,
        scheduled_at: scheduledAt,
        ...(forced === null ? {} : { forced }),
      })),
    )
    .returning('token')
    .executeTakeFirstOrThrow();
  return row.token;
}

/**
 * Makes the next execution of an undo that failed for good. Nobody has taken it; its tokens go on from those of the
 * failed one, and the first is nobody's, so that no attempt of that one is taken for one of this.
 */
export async function openExecution({ tx }: Court, failed: Execution): Promise<void> {
  const { trace_id, span_id, phase } = failed;
  await tx
    .insertInto('executions')
    .values({
      trace_id,
      span_id,
      iteration: failed.iteration + 1,
      phase,
      token: failed.token + 1,
      alive_at: new Date(0),
    })
    .execute();
}

/** Notes that an attempt lives. False: its token is lost, or the outcome is known. */
export async function noteAlive(store: Store, ref: StepRef, token: number): Promise<boolean> {
  const noted = await store.db
    .updateTable('executions')
    .set({ alive_at: store.clock })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .where('token', '=', token)
    .where('outcome', 'is', null)
    .executeTakeFirst();
  return noted.numUpdatedRows === 1n;
}

/** An attempt that stops in an orderly way is not one that died. */
export async function noteOrderlyStop(store: Store, ref: StepRef, token: number): Promise<void> {
  await store.db
    .updateTable('executions')
    .set({ idle_attempts: sql<number>`greatest(idle_attempts - 1, 0)`, alive_at: new Date(0) })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .where('token', '=', token)
    .where('outcome', 'is', null)
    .execute();
}

/** Writes `calling`: the last thing before a tool is called. `granted`: the request with force that it uses up. */
export async function writeCalling(
  court: Court,
  ref: StepRef,
  call: { token: number; tool: string; idempotent: boolean; granted: string | null },
): Promise<void> {
  await court.tx
    .updateTable('executions')
    .set((eb) => ({
      tool: call.tool,
      idempotent: call.idempotent,
      calling_at: court.now,
      calling_token: call.token,
      alive_at: court.now,
      calls: eb('calls', '+', 1),
      ...(call.granted === null ? {} : { forced_call: call.granted }),
    }))
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .execute();
}

/** Appends a turn of a reason step or of an undo; it has made progress, so earlier deaths no longer count. */
export async function writeTurn(court: Court, ref: StepRef, n: number, turn: Json): Promise<void> {
  const inserted = await court.tx
    .insertInto('turns')
    .values({
      trace_id: ref.traceId,
      span_id: ref.span,
      iteration: ref.iteration,
      n,
      at: court.now,
      turn: asJson(turn),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 0n) await refuseAnother(court, ref, n, turn);
  await court.tx
    .updateTable('executions')
    .set({ idle_attempts: 0, alive_at: court.now })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('phase', '=', ref.phase)
    .execute();
}

/** A turn may be told again, because the answer did not come; another in its place is a fault. */
async function refuseAnother(court: Court, ref: StepRef, n: number, turn: Json): Promise<void> {
  const { same } = await court.tx
    .selectFrom('turns')
    .select(sql<boolean>`turn = ${asJson(turn)}::jsonb`.as('same'))
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .where('n', '=', n)
    .executeTakeFirstOrThrow();
  if (!same)
    throw new Error(`expected turn ${n} of ${ref.span} to be written once, got another in its place`);
}

/** The recorded turns of an iteration, in order. */
export async function readTurns(store: Store, ref: StepRef): Promise<Json[]> {
  const rows = await store.db
    .selectFrom('turns')
    .select('turn')
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration)
    .orderBy('n')
    .execute();
  return rows.map((row) => row.turn);
}
