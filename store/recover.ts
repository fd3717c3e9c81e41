/**
 * Operator recovery: retry-step and retry-compensation, judged under the saga's lock and answered when that commits.
 *
 * Invariants: 1. what was accepted is a request and a ledger entry, in one transaction with what it changes; 2. an
 * attempt that lives is not disturbed without force; 3. a token answers what it answered first, and does nothing
 * again; 4. while a request that does the same still stands, another operator's is told so and writes no second one.
 */
import { randomUUID } from 'node:crypto';
import type { Phase } from '../domain/answers.ts';
import type { JsonObject } from '../domain/json.ts';
import { digest } from '../ledger/canonical.ts';
import type { Actor } from '../ledger/entry.ts';
import type { Execution } from './executions.ts';
import { asJson } from './json.ts';
import { judge, type Court } from './judge.ts';
import { judgeStep } from './recover-step.ts';
import { judgeUndo, reopen } from './recover-undo.ts';
import { findStanding, otherHash, RECOVERY_ID, type RecoveredStep } from './recovering.ts';
import type { Store } from './store.ts';
import type { RecoveryAnswer } from './tables.ts';

export interface RecoveryAsked {
  namespace: string;
  traceId: string;
  span: string;
  act: 'retry-step' | 'retry-compensation';
  force: boolean;
  allowDestructive: boolean;
  /** null: whichever is the present one. */
  iteration: number | null;
  /** Of what was on hold before the step went on; null: whatever it was. */
  payloadHash: string | null;
  /** null: one is made, and answered. */
  recoveryToken: string | null;
  reason: string | null;
  comment: string | null;
  actor: Actor;
}

export type RecoveryResult =
  | { kind: 'accepted'; answer: RecoveryAnswer }
  | { kind: 'conflict'; message: string }
  | { kind: 'unknown'; message: string };

export type Judged = { kind: 'refuse'; message: string } | Accepted;

export interface Accepted {
  kind: 'accept';
  status: RecoveryAnswer['status'];
  /** The iteration as it stands. */
  present: number;
  /** The one that runs next: another one when a failed undo is taken up again. */
  iteration: number;
  phase: Phase;
  /** The execution of an undo that failed for good. */
  reopens: Execution | null;
}

/** Recovers a step or an undo. Rejects with the store's error: whether it happened then the token tells, asked again. */
export async function recover(store: Store, asked: RecoveryAsked): Promise<RecoveryResult> {
  const result = await judge(store, asked.traceId, (court) => recoverIn(court, asked), asked.namespace);
  return result ?? { kind: 'unknown', message: `no saga ${asked.traceId} in namespace ${asked.namespace}` };
}

async function recoverIn(court: Court, asked: RecoveryAsked): Promise<RecoveryResult> {
  const { span, recoveryToken } = asked;
  const step = await findStep(court, span);
  if (!step) return { kind: 'unknown', message: `no step ${span} in saga ${asked.traceId}` };
  const earlier = recoveryToken === null ? null : await answered(court, recoveryToken);
  if (earlier?.parameters === parametersOf(asked)) return { kind: 'accepted', answer: earlier.answer };
  if (earlier) {
    const message = `the recovery token ${recoveryToken ?? ''} was used with other parameters; take a new one`;
    return refuse(court, asked, message);
  }
  const judged = await (asked.act === 'retry-step' ? judgeStep : judgeUndo)(court, step, asked);
  if (judged.kind === 'refuse') return refuse(court, asked, judged.message);
  const stale = await staleness(court, step, asked, judged.present);
  if (stale !== null) return refuse(court, asked, stale);
  return { kind: 'accepted', answer: await carryOut(court, step, asked, judged) };
}

async function carryOut(
  court: Court,
  step: RecoveredStep,
  asked: RecoveryAsked,
  judged: Accepted,
): Promise<RecoveryAnswer> {
  const { traceId, span, force, allowDestructive: allow_destructive, reason, comment } = asked;
  const { status, iteration, reopens } = judged;
  const token = asked.recoveryToken ?? randomUUID();
  if (reopens !== null) await reopen(court, step, reopens);
  const request = status === 'claim_active' ? null : await ask(court, asked, judged, token);
  const said = { force, allow_destructive, reason, ...(comment === null ? {} : { comment }) };
  court.record({
    type: `recovery.${asked.act}`,
    actor: asked.actor,
    span_id: span,
    data: { step_id: step.step_id, status, iteration, ...said, recovery_token: token, request },
  });
  const key = `${traceId}:${span}`;
  const answer: RecoveryAnswer = {
    status,
    idempotency_key: key,
    worker_command_key: `${key}:${iteration}`,
    recovery_token: token,
  };
  await court.tx
    .insertInto('recoveries')
    .values({
      trace_id: traceId,
      token,
      parameters: parametersOf(asked),
      answer: asJson(answer),
      at: court.now,
    })
    .execute();
  return answer;
}

async function findStep(court: Court, span: string): Promise<RecoveredStep | null> {
  const row = await court.tx
    .selectFrom('steps')
    .select(['span_id', 'step_id', 'kind', 'status', 'order_index', 'compensates_span_id'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .executeTakeFirst();
  return row ?? null;
}

function parametersOf(asked: RecoveryAsked): string {
  const { act, span, force, allowDestructive, iteration, payloadHash, reason, comment } = asked;
  return digest({ act, span, force, allowDestructive, iteration, payloadHash, reason, comment });
}

/** What a token answered; its members in the order in which they were, which the store does not keep. */
async function answered(
  court: Court,
  token: string,
): Promise<{ parameters: string; answer: RecoveryAnswer } | null> {
  const row = await court.tx
    .selectFrom('recoveries')
    .select(['parameters', 'answer'])
    .where('trace_id', '=', court.saga.trace_id)
    .where('token', '=', token)
    .executeTakeFirst();
  if (!row) return null;
  const { status, idempotency_key, worker_command_key, recovery_token } = row.answer;
  return {
    parameters: row.parameters,
    answer: { status, idempotency_key, worker_command_key, recovery_token },
  };
}

/** Whoever names an iteration or a payload means that one, and none that took its place. */
async function staleness(
  court: Court,
  { step_id, span_id }: RecoveredStep,
  { iteration, payloadHash }: RecoveryAsked,
  present: number,
): Promise<string | null> {
  if (iteration !== null && iteration !== present) {
    return `expected iteration ${present} of ${step_id}, which is the present one, got ${iteration}; read the step again`;
  }
  return payloadHash === null ? null : otherHash(court, span_id, present, payloadHash);
}

/** Writes the request, unless one that does the same still stands. Answers its id. */
async function ask(
  court: Court,
  asked: RecoveryAsked,
  { iteration, phase, reopens }: Accepted,
  recovery_token: string,
): Promise<string> {
  const { span, force, allowDestructive: allow_destructive, reason, act } = asked;
  const kind = act === 'retry-step' ? 'retry_step' : 'retry_compensation';
  if (reopens === null) {
    const standing = await findStanding(court, kind, { span, iteration, phase }, force);
    if (standing !== null) return standing;
  }
  const id = `${RECOVERY_ID}${randomUUID()}`;
  const body: JsonObject = { force, allow_destructive, reason, recovery_token, phase };
  await court.tx
    .insertInto('requests')
    .values({
      id,
      trace_id: asked.traceId,
      kind,
      span_id: span,
      iteration,
      body: asJson(reopens === null ? body : { ...body, reopens: true }),
      actor: asJson(asked.actor),
      created_at: court.now,
      next_at: court.now,
    })
    .execute();
  court.requested();
  return id;
}

/** A refused recovery is in the ledger: who wanted what, and why it was refused. */
function refuse(court: Court, { act, actor, span }: RecoveryAsked, message: string): RecoveryResult {
  court.record({ type: 'refusal', actor, span_id: span, data: { act, message } });
  return { kind: 'conflict', message };
}
