/**
 * The base of the benchmarks: the saga W3 as one would write it by hand on Temporal. Reason, reason with hold,
 * commit; a signal and a wait; no policy, ledger, read model, deadline, compensation or search attribute.
 */
import { condition, defineQuery, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { BaseActivities, BaseInput } from './base-activities.ts';

const approve = defineSignal<[{ comment: string | null }]>('approve');
const held = defineQuery<boolean>('held');

const { reason, commit } = proxyActivities<BaseActivities>({ startToCloseTimeout: '35 seconds' });

export async function base(input: BaseInput): Promise<void> {
  let waits = false;
  let approved = false;
  setHandler(approve, () => {
    approved = true;
  });
  setHandler(held, () => waits);
  await reason(input.subject);
  await reason(input.subject);
  waits = true;
  await condition(() => approved);
  waits = false;
  await commit(input);
}
