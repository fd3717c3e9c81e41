/** Opening a hold, and what a reviewer asked of the iteration after it. */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Fact } from '../ledger/entry.ts';
import { asOwner, fail } from './attempt.ts';
import { cancelStands } from './cancel.ts';
import { failStep, recordOutcome } from './outcome.ts';
import { openReview, type Opening } from './reviews.ts';
import type { Store } from './store.ts';

/**
 * Opens the review of an iteration and records that the step is held; under a cancel no hold is opened. `wrote`: the
 * step called a tool that is not read-only, so that a cancelled one has to be undone.
 */
export async function openHold(
  store: Store,
  ref: StepRef,
  token: number,
  hold: { opening: Opening; verdict: Fact | null; wrote?: boolean },
): Promise<StepAnswer> {
  const { opening, verdict } = hold;
  const opened = await asOwner(store, ref, token, async (court): Promise<StepAnswer> => {
    if (verdict) court.record(verdict);
    if (await cancelStands(court)) {
      const { measured = {}, resolvedArguments } = opening;
      if (hold.wrote) return fail(court, ref, CANCELLED, { uncertain: true, measured });
      await failStep(court, ref.span, CANCELLED, { resolvedArguments, measured });
      return recordOutcome(court, ref, { kind: 'cancelled' });
    }
    await openReview(court, ref, opening);
    const { expiresMs } = opening;
    const { iteration } = ref;
    return recordOutcome(court, ref, {
      kind: 'held',
      iteration,
      ...(expiresMs === null ? {} : { expiresInMs: expiresMs }),
    });
  });
  return 'answer' in opened ? opened.answer : opened.own;
}

export const CANCELLED = {
  code: 'CANCELLED',
  message: 'the saga was cancelled while this step ran',
} as const;

/**
 * `_hitl_retry` of an iteration that a reviewer asked for: the guidance given, else the step's own. Null for the
 * first iteration. It goes to a model only, never to a tool.
 */
export async function retryOf(
  store: Store,
  ref: StepRef,
  step: { hitl_max_retries: number | null; hitl_retry_guidance: string | null },
): Promise<JsonObject | null> {
  if (ref.iteration === 1) return null;
  const row = await store.db
    .selectFrom('reviews')
    .select('verdict')
    .where('trace_id', '=', ref.traceId)
    .where('span_id', '=', ref.span)
    .where('iteration', '=', ref.iteration - 1)
    .executeTakeFirst();
  return {
    attempt: ref.iteration - 1,
    max_retries: step.hitl_max_retries,
    guidance: row?.verdict?.guidance ?? step.hitl_retry_guidance,
  };
}
