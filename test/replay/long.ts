/**
 * Sagas that an operator recovered, and sagas that went on in new runs: what more the histories of this folder were
 * recorded from. The Temporal server of the second suggests a new run after few events.
 */
import assert from 'node:assert/strict';
import { workflowId } from '../../workflows/messages.ts';
import { ended, saga, steps } from '../support/sagas.ts';
import { until, type Stack } from '../support/stack.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';
import { begun, CANARY, ENDINGS, rehearse } from './endings.ts';

type Act = (stack: Stack) => Promise<string>;

/** Longer than it takes to recover: what hangs does not come to its effect. */
const HANGS_MS = 50_000;

export const RECOVERED: Readonly<Record<string, Act>> = {
  'step-run-again-by-force': async (stack) => {
    rehearse(stack, { put_note: { delay_before_ms: HANGS_MS } });
    const traceId = await begun(stack, 'plain', { last: `${CANARY}-last.md` });
    await until('the call', () =>
      stack.record().some((line) => line.event === 'call' && line.key?.startsWith(traceId)),
    );
    rehearse(stack, {});
    const [step] = await steps(stack, traceId);
    const force = { force: true, allow_destructive: true };
    await stack.http.retryStep(traceId, step?.step_span_id ?? '', force);
    return closed(stack, traceId, 'COMPLETED');
  },
  'undo-taken-up-again': async (stack) => {
    const traceId = (await ENDINGS['undo-failed-for-good']?.(stack)) ?? '';
    await undoAgain(stack, traceId);
    return closed(stack, traceId, 'COMPENSATED');
  },
};

/** How many events Temporal lets a run have before it suggests another, when these are acted out. */
export const SUGGEST_AFTER = 30;

export const LONG: Readonly<Record<string, Act>> = {
  'continued-between-iterations': async (stack) => {
    const traceId = await begun(stack, 'w3-deadline');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await stack.http.retry(traceId, step_span_id, { iteration: 1, guidance: 'shorter' });
    await heldAt(stack, traceId, 'review#2');
    await stack.http.retry(traceId, step_span_id, { iteration: 2, guidance: 'shorter' });
    await heldAt(stack, traceId, 'review#3');
    await stack.http.approve(traceId, step_span_id, { iteration: 3 });
    return closed(stack, traceId, 'COMPLETED');
  },
  'continued-in-a-hold': async (stack) => {
    const traceId = await begun(stack, 'held-commit');
    const held = await heldAt(stack, traceId, 'write#1');
    await refused(stack, traceId, 12);
    await stack.http.approve(traceId, held.step_span_id);
    return closed(stack, traceId, 'COMPLETED');
  },
  'continued-while-undone': async (stack) =>
    closed(stack, await begun(stack, 'three', { fourth: '../outside.md' }), 'COMPENSATED'),
  'continued-after-a-failed-undo': async (stack) => {
    const traceId = (await ENDINGS['undo-failed-for-good']?.(stack)) ?? '';
    await refused(stack, traceId, 8);
    await undoAgain(stack, traceId);
    return closed(stack, traceId, 'COMPENSATED');
  },
};

async function undoAgain(stack: Stack, traceId: string): Promise<void> {
  const failed = (await steps(stack, traceId)).find(
    (row) => row.compensates_span_id !== null && row.status === 'FAILED',
  );
  await stack.http.retryCompensation(traceId, failed?.step_span_id ?? '', {});
}

/** Types signals that decide nothing, one after the other, until the saga is in another run. */
async function refused(stack: Stack, traceId: string, least: number): Promise<void> {
  const { runId } = await shownOf(stack, traceId);
  const typed = stack.client.workflow.getHandle(workflowId(traceId));
  for (let at = 0; at < least || (await shownOf(stack, traceId)).runId === runId; at++) {
    assert.ok(at < 10 * SUGGEST_AFTER, 'no other run');
    await typed.signal('approve', { review: 'none#1' });
  }
}

async function closed(stack: Stack, traceId: string, status: string): Promise<string> {
  await until(`the saga to be ${status}`, async () => {
    await ended(stack, traceId);
    return (await saga(stack, traceId)).status === status;
  });
  await stack.client.workflow
    .getHandle(workflowId(traceId))
    .result()
    .catch(() => undefined);
  return traceId;
}
