import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { begun, rehearse } from '../replay/endings.ts';
import { deployFixtures, ended, review, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { historyOf } from './history.ts';
import { refusalsOf } from './ledger.ts';

const FORGED = 60;

describe('recoveries that were typed by a hand, with ids that no request has', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  const signalled = async (traceId: string, name: string) =>
    (await historyOf(stack, traceId)).events?.filter(
      (event) => event.workflowExecutionSignaledEventAttributes?.signalName === name,
    ).length;

  async function flood(traceId: string, name: string): Promise<void> {
    const handle = stack.client.workflow.getHandle(`saga-${traceId}`);
    for (let at = 0; at < FORGED; at++) await handle.signal(name, { request: `recover-${randomUUID()}` });
    await until('all of them in the history', async () => (await signalled(traceId, name)) === FORGED);
  }

  /** Twenty one by one, and at most one entry for the rest at each boundary. */
  async function assertBounded(traceId: string): Promise<void> {
    const refusals = await refusalsOf(stack, traceId);
    const alone = refusals.filter((message) => message.startsWith('no request has the id'));
    assert.ok(alone.length > 0 && alone.length <= 20, `${alone.length} one by one`);
    assert.ok(refusals.length <= 25, refusals.join('\n'));
  }

  it('end no step that runs, and are recorded one by one only so often', async () => {
    rehearse(stack, { put_note: { delay_after_ms: 3_000 } });
    const traceId = await begun(stack, 'tools-undo');
    await until('the call', () =>
      stack.record().some((line) => line.event === 'effect' && line.key?.startsWith(traceId)),
    );
    await flood(traceId, 'retry_step');
    await review(stack, traceId);
    rehearse(stack, {});
    const effects = stack.record().filter((line) => line.event === 'effect' && line.key?.startsWith(traceId));
    assert.equal(effects.length, 1);
    await assertBounded(traceId);
    await stack.http.cancel(traceId);
    await ended(stack, traceId);
  });

  it('wake no undo that failed, and hide none of Warden', async () => {
    rehearse(stack, { restore_note: { fail: 'not now' } });
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await review(stack, traceId);
    await stack.http.reject(traceId, step_span_id);
    assert.equal((await ended(stack, traceId)).failure?.code, 'COMPENSATION_FAILED');
    await flood(traceId, 'retry_compensation');
    await assertBounded(traceId);
    rehearse(stack, {});
    const undo = (await steps(stack, traceId)).find(
      (row) => row.status === 'FAILED' && row.compensates_span_id,
    );
    assert.ok(undo);
    await stack.http.retryCompensation(traceId, undo.step_span_id, {});
    await until('the saga to be compensated', async () => {
      const { status } = await ended(stack, traceId);
      return status === 'COMPENSATED';
    });
    await assertBounded(traceId);
  });
});
