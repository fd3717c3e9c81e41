/** A step whose `when` is false: it never runs, and the saga goes on, or ends when it was the last. */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { asOwner } from './attempt.ts';
import { endAfter, recordOutcome } from './outcome.ts';
import type { Store } from './store.ts';
import { stepTiming, type Measured } from './timing.ts';

export async function skip(
  store: Store,
  ref: StepRef,
  token: number,
  measured: Measured = {},
): Promise<StepAnswer> {
  const skipped = await asOwner(store, ref, token, async (court): Promise<StepAnswer> => {
    const row = await court.tx
      .updateTable('steps')
      .set({ status: 'SKIPPED', end_time: court.now, timing: stepTiming(court, measured) })
      .where('trace_id', '=', ref.traceId)
      .where('span_id', '=', ref.span)
      .returning(['step_id', 'order_index'])
      .executeTakeFirstOrThrow();
    court.record({
      type: 'step.skipped',
      actor: SYSTEM,
      span_id: ref.span,
      data: { step_id: row.step_id, why: 'when' },
    });
    const { ended } = await endAfter(court, row.order_index);
    return recordOutcome(court, ref, { kind: 'skipped', ended });
  });
  return 'answer' in skipped ? skipped.answer : skipped.own;
}
