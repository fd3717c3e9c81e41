/**
 * Every way in which a saga ends, acted out on a whole Warden: what the histories of this folder were recorded
 * from, and what the exact counts of events are taken of.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workflowId } from '../../workflows/messages.ts';
import { ended, saga, started } from '../support/sagas.ts';
import { until, type Stack } from '../support/stack.ts';
import { refusalsOf } from '../workflows/ledger.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';

/** Stands in every input, so that it would be seen wherever a payload went. */
export const CANARY = 'canary-7f3a91';

export const OUTSIDE = '../outside.md';

/** Each starts a saga, carries it to its end and answers its trace id. */
export const ENDINGS: Readonly<Record<string, (stack: Stack) => Promise<string>>> = {
  completed: async (stack) => approved(stack, await begun(stack, 'w3'), 'review#1'),
  'completed-before-a-deadline': async (stack) =>
    approved(stack, await begun(stack, 'w3-deadline'), 'review#1'),
  'held-commit-approved': async (stack) => approved(stack, await begun(stack, 'held-commit'), 'write#1'),
  'retried-then-approved': async (stack) => {
    const traceId = await begun(stack, 'w3-deadline');
    const held = await heldAt(stack, traceId, 'review#1');
    await stack.http.retry(traceId, held.step_span_id, { guidance: `${CANARY} shorter` });
    return approved(stack, traceId, 'review#2');
  },
  'rejected-and-undone': async (stack) => {
    const traceId = await begun(stack, 'tools-undo');
    const held = await heldAt(stack, traceId, 'review#1');
    await stack.http.reject(traceId, held.step_span_id, { error_details: { why: CANARY } });
    return over(stack, traceId);
  },
  'rejected-with-nothing-to-undo': async (stack) => {
    const traceId = await begun(stack, 'w3-deadline');
    const held = await heldAt(stack, traceId, 'review#1');
    await stack.http.reject(traceId, held.step_span_id, { comment: CANARY });
    return over(stack, traceId);
  },
  expired: async (stack) => over(stack, await begun(stack, 'expiring')),
  'failed-directly': async (stack) => over(stack, await begun(stack, 'three', { first: OUTSIDE })),
  'three-commits-undone': async (stack) => over(stack, await begun(stack, 'three', { fourth: OUTSIDE })),
  cancelled: async (stack) => {
    const traceId = await begun(stack, 'tools-undo');
    await heldAt(stack, traceId, 'review#1');
    await stack.http.cancel(traceId, { reason: CANARY });
    return over(stack, traceId);
  },
  'cancelled-while-a-step-runs': async (stack) => {
    rehearse(stack, { put_note: { delay_after_ms: 1_500 } });
    const traceId = await begun(stack, 'tools-undo');
    const called = () =>
      stack.record().some((line) => line.event === 'effect' && line.key?.startsWith(traceId));
    await until('the call', called);
    await stack.client.workflow.getHandle(workflowId(traceId)).cancel();
    await over(stack, traceId);
    rehearse(stack, {});
    return traceId;
  },
  'approved-by-a-typed-signal': async (stack) => {
    const traceId = await begun(stack, 'w3');
    const held = await heldAt(stack, traceId, 'review#1');
    const typed = stack.client.workflow.getHandle(workflowId(traceId));
    await typed.signal('approve');
    await until('the refusal', async () => (await refusalsOf(stack, traceId)).length === 1);
    await typed.signal('approve', { review: `${held.step_id}#1` });
    return over(stack, traceId);
  },
  'undo-failed-for-good': async (stack) => {
    const traceId = await begun(stack, 'tools-undo');
    const held = await heldAt(stack, traceId, 'review#1');
    rehearse(stack, { restore_note: { fail: `${CANARY} is stuck` } });
    await stack.http.reject(traceId, held.step_span_id);
    await over(stack, traceId);
    rehearse(stack, {});
    await until('the workflow to show it', async () => {
      return (await shownOf(stack, traceId)).status === 'FAILED';
    });
    return traceId;
  },
};

/** Tells the notes server how its tools behave from now on. */
export function rehearse({ notes }: Pick<Stack, 'notes'>, tools: object): void {
  writeFileSync(join(notes.folder, '.control.json'), JSON.stringify(tools));
}

/** Starts a saga of the fixtures whose every input has the canary. */
export function begun(stack: Stack, name: string, paths: Record<string, string> = {}): Promise<string> {
  const usual = ['first', 'second', 'third', 'fourth', 'write'].map((key) => [key, `${CANARY}-${key}.md`]);
  return started(stack, name, { ...Object.fromEntries(usual), subject: `${CANARY} subject`, ...paths });
}

async function approved(stack: Stack, traceId: string, name: string): Promise<string> {
  const { step_span_id, iteration } = await heldAt(stack, traceId, name);
  await stack.http.approve(traceId, step_span_id, { iteration, comment: CANARY });
  return over(stack, traceId);
}

/** Waits for the end of the saga, and unless an undo failed also for that of its workflow. */
async function over(stack: Stack, traceId: string): Promise<string> {
  await ended(stack, traceId);
  const { failure } = await saga(stack, traceId);
  if (failure?.code !== 'COMPENSATION_FAILED') {
    await stack.client.workflow
      .getHandle(workflowId(traceId))
      .result()
      .catch(() => undefined);
  }
  return traceId;
}
