/**
 * Sagas for the tests of this room: started for real, and carried along by the very transactions
 * that the activities make, in their order. No worker process, no tool, no Temporal.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type {
  Cause,
  SettleAnswer,
  SettleCause,
  StepAnswer,
  StepRef,
  UndoInput,
} from '../../domain/answers.ts';
import type { Identity, StepDefinition } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import { digest } from '../../ledger/canonical.ts';
import type { Actor } from '../../ledger/entry.ts';
import { asOwner, takeStep } from '../../store/attempt.ts';
import { beginCall, recordResult, type CallResult } from '../../store/call.ts';
import { cancelSaga, type CancelResult } from '../../store/cancel.ts';
import { loadSaga, type RunningSaga } from '../../store/context.ts';
import { decide, type DecisionAsked, type DecisionResult } from '../../store/decide.ts';
import { deploy } from '../../store/definitions.ts';
import { openHold } from '../../store/holding.ts';
import { completeStep, recordOutcome } from '../../store/outcome.ts';
import { settle } from '../../store/settle.ts';
import { undoSpanOf, spanOf } from '../../store/spans.ts';
import { startSaga } from '../../store/start.ts';
import type { Store } from '../../store/store.ts';
import { sagaOf, worker } from './definitions.ts';

export const ANA: Actor = { subject: 'ana', kind: 'person' };
export const BEN: Actor = { subject: 'ben', kind: 'person' };
export const OPEN = { authentication: false, trusted: false };

/** A started saga, with its spans at hand. */
export interface Run {
  trace: string;
  saga: RunningSaga;
  span(index: number): string;
  ref(index: number, phase?: StepRef['phase'], iteration?: number): StepRef;
  undo(index: number, cause: Cause): UndoInput;
}

/** Deploys a saga of these steps and starts it. */
export async function started(store: Store, steps: StepDefinition[]): Promise<Run> {
  return startedFrom(store, await deployed(store, steps));
}

export async function deployed(store: Store, steps: StepDefinition[]): Promise<Identity> {
  const definition = sagaOf(steps);
  await deploy(store, worker(), ANA);
  await deploy(store, definition, ANA);
  return definition;
}

export async function startedFrom(store: Store, { name, version, namespace }: Identity): Promise<Run> {
  const asked = { namespace, name, version, input: {}, idempotencyKey: null, traceId: null, actor: ANA };
  const result = await startSaga(store, asked);
  assert.equal(result.kind, 'started');
  assert.ok('traceId' in result);
  const trace = result.traceId;
  const span = (index: number) => spanOf(trace, index);
  return {
    trace,
    saga: await loadSaga(store, trace),
    span,
    ref: (index, phase = 'act', iteration = 1) => ({ traceId: trace, span: span(index), iteration, phase }),
    undo: (index, cause) => ({ traceId: trace, span: undoSpanOf(trace, index), cause }),
  };
}

function stepAt(run: Run, index: number): StepDefinition {
  const step = run.saga.saga.steps[index];
  assert.ok(step);
  return step;
}

/** An attempt takes its row and must be told to go. */
export async function take(store: Store, run: Run, ref: StepRef): Promise<number> {
  const taken = await takeStep(store, ref, stepAt(run, run.saga.indexOf(ref.span)));
  assert.equal(taken.kind, 'go', JSON.stringify(taken));
  return taken.kind === 'go' ? taken.token : 0;
}

/** What `takeStep` answers instead of letting the attempt go. */
export async function takeAnswer(store: Store, run: Run, ref: StepRef): Promise<StepAnswer> {
  const taken = await takeStep(store, ref, stepAt(run, run.saga.indexOf(ref.span)));
  assert.equal(taken.kind, 'answer', 'the attempt was let go');
  return taken.kind === 'answer' ? taken.answer : { kind: 'cancelled' };
}

/** A reason step without a review, from its beginning to its outcome. */
export async function think(
  store: Store,
  run: Run,
  index: number,
  data: JsonObject = {},
): Promise<StepAnswer> {
  const ref = run.ref(index);
  const token = await take(store, run, ref);
  const done = await asOwner(store, ref, token, async (court): Promise<StepAnswer> => {
    const { ended } = await completeStep(court, ref.span, { output: { data } });
    return recordOutcome(court, ref, { kind: 'completed', ended });
  });
  return 'own' in done ? done.own : done.answer;
}

/** What a held commit would send. */
export const SENT = { id: 'today', text: 'Ready.' };

/** Takes the row of a held step and opens the review of an iteration. */
export async function holdOn(
  store: Store,
  run: Run,
  index: number,
  { iteration = 1, expiresMs = null }: { iteration?: number; expiresMs?: number | null } = {},
): Promise<StepAnswer> {
  const ref = run.ref(index, 'prepare', iteration);
  const token = await take(store, run, ref);
  return openHold(store, ref, token, { opening: openingOf(stepAt(run, index), expiresMs), verdict: null });
}

export function openingOf(step: StepDefinition, expiresMs: number | null) {
  const isCommit = step.kind === 'commit';
  const payload: JsonObject = isCommit ? SENT : { data: { text: 'Ready.' } };
  return {
    kind: step.kind,
    payload,
    sent: isCommit ? SENT : null,
    payloadHash: digest(payload),
    editSchema: null,
    policy: null,
    expiresMs,
    maxRetries: step.hitl_max_retries,
    resolvedArguments: payload,
  };
}

export const DONE: CallResult = { kind: 'done', data: { ok: true } };

export interface CallOptions {
  idempotent?: boolean;
  sent?: JsonObject;
}

/** What `beginCall` is asked with: a held step's call was prepared before its review. */
export function calling(
  run: Run,
  ref: StepRef,
  token: number,
  { idempotent = false, sent = SENT }: CallOptions = {},
) {
  const { hitl } = stepAt(run, run.saga.indexOf(ref.span));
  const prepared = hitl ? null : { resolved: sent, verdict: null };
  return { token, tool: 'write_note', idempotent, sent, prepared };
}

/** A commit's `act`, from taking its row to the result of its call. */
export async function act(store: Store, run: Run, index: number, iteration = 1): Promise<StepAnswer> {
  const ref = run.ref(index, 'act', iteration);
  const token = await take(store, run, ref);
  const begun = await beginCall(store, ref, calling(run, ref, token));
  if (begun.kind === 'answer') return begun.answer;
  return recordResult(store, ref, DONE);
}

export function decision(run: Run, index: number, asked: Partial<DecisionAsked> = {}): DecisionAsked {
  return {
    namespace: 'default',
    traceId: run.trace,
    span: run.span(index),
    verb: 'approve',
    iteration: null,
    payloadHash: null,
    edit: null,
    errorDetails: null,
    guidance: null,
    retryToken: null,
    comment: null,
    actor: ANA,
    ...asked,
  };
}

export function decideOn(
  store: Store,
  run: Run,
  index: number,
  asked: Partial<DecisionAsked> = {},
): Promise<DecisionResult> {
  return decide(store, decision(run, index, asked));
}

export function settleOn(
  store: Store,
  run: Run,
  index: number,
  cause: SettleCause,
  { iteration = 1, id = randomBytes(8).toString('hex'), trust = OPEN } = {},
): Promise<SettleAnswer> {
  return settle(store, trust, { traceId: run.trace, span: run.span(index), iteration, id, cause });
}

export function cancel(store: Store, run: Run): Promise<CancelResult> {
  return cancelSaga(store, {
    traceId: run.trace,
    namespace: 'default',
    actor: ANA,
    reason: 'no longer wanted',
  });
}
