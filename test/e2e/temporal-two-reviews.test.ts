import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, review, saga } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { eventsOf, historyOf } from '../workflows/history.ts';
import { decisionsOf, refusalsOf } from '../workflows/ledger.ts';
import { heldAt } from '../workflows/shown.ts';
import { signalled } from '../workflows/temporal-command.ts';

describe('a signal meant for one review', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  /** Signals that Temporal has, worked on or not. */
  const signals = async (traceId: string) =>
    eventsOf(await historyOf(stack, traceId)).filter((each) => each.workflowExecutionSignaledEventAttributes)
      .length;

  /** Nobody polls while `queue` runs; then the worker finds everything at once. */
  async function queued(traceId: string, count: number, queue: () => Promise<unknown>): Promise<void> {
    await stack.stopWorker();
    await queue();
    await until(`${count} signals in the history`, async () => (await signals(traceId)) === count);
    await stack.startWorker();
  }

  const firstOpen = async () => {
    const traceId = await begun(stack, 'two-reviews');
    const { step_span_id } = await heldAt(stack, traceId, 'one#1');
    return { traceId, first: step_span_id };
  };

  const secondWaits = async (traceId: string) => {
    await heldAt(stack, traceId, 'two#1');
    assert.equal((await review(stack, traceId)).step_id, 'two');
    assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
  };

  it('never decides the next one, when it was queued just after the decision on its own', async () => {
    const { traceId, first } = await firstOpen();
    await queued(traceId, 4, async () => {
      await stack.http.approve(traceId, first);
      await until('the approval to be sent', async () => (await signals(traceId)) === 1);
      await signalled(stack, traceId, 'reject');
      await signalled(stack, traceId, 'reject', '{"review":"one#1"}');
      await signalled(stack, traceId, 'retry', '{"review":"one#1"}');
    });
    await secondWaits(traceId);
    const refused = await refusalsOf(stack, traceId);
    assert.equal(refused.length, 3);
    for (const each of refused) assert.match(each, /approved/);
    await stack.http.approve(traceId, (await review(stack, traceId)).step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  it('never decides the next one, when it came first and lost to a decision that was already accepted', async () => {
    const { traceId, first } = await firstOpen();
    await queued(traceId, 2, async () => {
      await signalled(stack, traceId, 'reject');
      await stack.http.approve(traceId, first);
    });
    await secondWaits(traceId);
    const decisions = await decisionsOf(stack, traceId);
    assert.deepEqual(
      decisions.map((each) => [each.type, each.span_id]),
      [['decision.approved', first]],
    );
    assert.equal((await refusalsOf(stack, traceId)).length, 1);
    await signalled(stack, traceId, 'approve', '{"review":"two#1"}');
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  it('is an answer and no refusal, when its review was decided in the same way', async () => {
    const { traceId, first } = await firstOpen();
    await queued(traceId, 3, async () => {
      await signalled(stack, traceId, 'approve', '{"review":"one#1"}');
      await stack.http.approve(traceId, first);
      await until('the approval to be sent', async () => (await signals(traceId)) === 2);
      await signalled(stack, traceId, 'approve', '{"review":"one#1"}');
    });
    await secondWaits(traceId);
    assert.deepEqual(await refusalsOf(stack, traceId), []);
    assert.equal((await decisionsOf(stack, traceId)).length, 1);
    await signalled(stack, traceId, 'approve', '{"review":"one#1"}');
    const [refusal] = await until('a refusal', async () => {
      const refused = await refusalsOf(stack, traceId);
      return refused.length > 0 && refused;
    });
    assert.match(refusal ?? '', /the open review is "two#1", not "one#1"/);
    await secondWaits(traceId);
    await signalled(stack, traceId, 'reject', '{"review":"two#1"}');
    assert.equal((await ended(stack, traceId)).failure?.code, 'HUMAN_REJECTED');
  });
});
