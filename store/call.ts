/**
 * A commit's call of its tool, as two transactions around it: `calling`, the last check before the call, and the
 * result. Between the two lies the only moment in which nobody knows whether the effect happened.
 */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import type { Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { digest } from '../ledger/canonical.ts';
import { SYSTEM, type Fact } from '../ledger/entry.ts';
import { asOwner, fail, inCourt, lostCall, recorded } from './attempt.ts';
import { findExecution, writeCalling } from './executions.ts';
import { grantOf } from './forced.ts';
import { asJson } from './json.ts';
import type { Court } from './judge.ts';
import { completeStep, recordOutcome } from './outcome.ts';
import { standing } from './edit.ts';
import { findReview } from './reviews.ts';
import type { Store } from './store.ts';
import type { Measured } from './timing.ts';

export interface Calling {
  token: number;
  tool: string;
  idempotent: boolean;
  /** What the tool will be called with. */
  sent: JsonObject;
  /** The step's arguments and the gate's verdict, when they were made in this phase and not before a hold. */
  prepared: { resolved: JsonObject; verdict: Fact | null } | null;
  /** This attempt may have written `calling` before, without an answer, and knows that it never called. */
  unmade?: boolean;
  /** Why the result of this attempt's last call was lost. */
  lostWhy?: string | null;
}

/** The go-ahead for one call, or the answer that stands in its way. */
export async function beginCall(
  store: Store,
  ref: StepRef,
  calling: Calling,
): Promise<{ kind: 'call' } | { kind: 'answer'; answer: StepAnswer }> {
  const begun = await asOwner(store, ref, calling.token, async (court, execution) => {
    const own = calling.unmade === true && execution.calling_token === calling.token;
    const granted = grantOf(ref, execution);
    const lost = own || granted !== null ? null : lostCall(execution, calling.idempotent, calling.lostWhy);
    if (lost) return fail(court, ref, lost, { uncertain: true });
    const altered = calling.prepared === null ? await alteredSince(court, ref, calling.sent) : null;
    if (altered) return fail(court, ref, altered, { uncertain: execution.calling_at !== null });
    // The same call again was gated when it was made first.
    if (calling.prepared && execution.calls === 0) await keepArguments(court, ref, calling.prepared);
    if (!own) await writeCalling(court, ref, { ...calling, granted });
    return null;
  });
  if ('answer' in begun) return { kind: 'answer', answer: begun.answer };
  return begun.own === null ? { kind: 'call' } : { kind: 'answer', answer: begun.own };
}

/** The tool is called with exactly what was approved, or not at all. */
async function alteredSince(court: Court, ref: StepRef, sent: JsonObject): Promise<Failure | null> {
  const review = await findReview(court, ref.span, ref.iteration);
  const found = digest(sent);
  const expected = review === null ? 'none' : standing(review).payload_hash;
  if (review?.status === 'approved' && found === expected) return null;
  return {
    code: 'POLICY_COMMIT_DENIED',
    message: `expected arguments with the approved hash ${expected}, found ${found}; nothing was called`,
    details: { status: review?.status ?? null },
  };
}

async function keepArguments(
  court: Court,
  ref: StepRef,
  prepared: NonNullable<Calling['prepared']>,
): Promise<void> {
  if (prepared.verdict) court.record(prepared.verdict);
  await court.tx
    .updateTable('steps')
    .set({ resolved_arguments: asJson(prepared.resolved) })
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .execute();
}

export type CallResult = { kind: 'done'; data: JsonObject } | { kind: 'failed'; failure: Failure };

/**
 * Writes the result of a call. Accepted from any attempt while there is no outcome: a result that came late is
 * still what happened.
 */
export function recordResult(
  store: Store,
  ref: StepRef,
  result: CallResult,
  measured: Measured = {},
): Promise<StepAnswer> {
  return inCourt(store, ref, async (court): Promise<StepAnswer> => {
    const execution = await findExecution(court, ref);
    if (execution?.outcome) {
      noteLate(court, ref, execution.outcome.kind, result.kind);
      return recorded(court, ref, execution.outcome);
    }
    if (result.kind === 'failed') {
      // An earlier call whose result was lost may have taken effect, whatever this one says.
      const uncertain = (execution?.calls ?? 1) > 1;
      return fail(court, ref, result.failure, { uncertain, measured });
    }
    const { ended } = await completeStep(court, ref.span, { output: { data: result.data }, measured });
    return recordOutcome(court, ref, { kind: 'completed', ended });
  });
}

/** A late result that says another thing than the outcome is what an auditor looks for; the same again says nothing. */
function noteLate(court: Court, ref: StepRef, outcome: string, result: CallResult['kind']): void {
  if (outcome === (result === 'done' ? 'completed' : 'failed')) return;
  court.record({
    type: 'refusal',
    actor: SYSTEM,
    span_id: ref.span,
    data: { act: 'result', message: `a result came after the outcome ${outcome}`, result },
  });
}
