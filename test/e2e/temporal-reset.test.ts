import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { begun, ENDINGS } from '../replay/endings.ts';
import { deployFixtures, ended, saga, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { decisionsOf, entriesOf } from '../workflows/ledger.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';
import { onWorkflow } from '../workflows/temporal-command.ts';

describe('a saga whose workflow is reset', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  /** What the tool server did for a saga: every effect, undos included, in order. */
  const effects = (traceId: string) =>
    stack
      .record()
      .flatMap((line) => (line.event === 'effect' && line.key?.startsWith(traceId) ? [line.key] : []));

  async function reset(traceId: string, ...flags: string[]): Promise<string> {
    const { runId } = await shownOf(stack, traceId);
    const point = flags.includes('--event-id') ? [] : ['--type', 'FirstWorkflowTask'];
    await onWorkflow(stack, traceId, 'reset', ...point, '--reason', 'a test', ...flags);
    const shown = await until('another run', async () => {
      const found = await shownOf(stack, traceId);
      return found.runId !== runId && found;
    });
    return shown.runId;
  }

  /** Temporal's status of the workflow once it has ended. */
  const workflowEnd = (traceId: string) =>
    until('the end of the workflow', async () => {
      const { workflow } = await shownOf(stack, traceId);
      return workflow !== 'RUNNING' && workflow;
    });

  /** Everything about a saga that a reset must leave as it is. */
  async function stateOf(traceId: string) {
    const { status, failure, ended_at } = await saga(stack, traceId);
    const rows = (await steps(stack, traceId)).map((step) => [step.step_span_id, step.status, step.end_time]);
    const decisions = (await decisionsOf(stack, traceId)).length;
    return { status, failure, ended_at, rows, decisions, effects: effects(traceId) };
  }

  it('waits on before the decision, and can then be decided', async () => {
    const traceId = await begun(stack, 'w3-deadline');
    const before = await heldAt(stack, traceId, 'review#1');
    await reset(traceId);
    const held = await heldAt(stack, traceId, 'review#1');
    assert.deepEqual([held.payload_hash, held.expires_at], [before.payload_hash, before.expires_at]);
    await stack.http.approve(traceId, held.step_span_id, { payload_hash: held.payload_hash });
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(await workflowEnd(traceId), 'COMPLETED');
    assert.equal(effects(traceId).length, 1);
  });

  for (const flags of [[], ['--reapply-exclude', 'All']]) {
    it(`goes on from where it was after a decision (${flags.join(' ') || 'signals applied again'})`, async () => {
      const traceId = await begun(stack, 'two-reviews');
      const first = await heldAt(stack, traceId, 'one#1');
      await stack.http.approve(traceId, first.step_span_id);
      const second = await heldAt(stack, traceId, 'two#1');
      await reset(traceId, ...flags);
      await heldAt(stack, traceId, 'two#1');
      assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
      await stack.http.approve(traceId, second.step_span_id);
      assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
      assert.equal(await workflowEnd(traceId), 'COMPLETED');
      assert.equal((await decisionsOf(stack, traceId)).length, 2);
      assert.equal(effects(traceId).length, 1);
    });
  }

  it('makes another iteration only once after a retry', async () => {
    const traceId = await begun(stack, 'w3');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await stack.http.retry(traceId, step_span_id, { guidance: 'shorter' });
    await heldAt(stack, traceId, 'review#2');
    await reset(traceId);
    const { retries_left } = await heldAt(stack, traceId, 'review#2');
    assert.equal(retries_left, 2);
    await stack.http.approve(traceId, step_span_id, { iteration: 2 });
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  const OVER = {
    completed: 'COMPLETED',
    'held-commit-approved': 'COMPLETED',
    'rejected-and-undone': 'FAILED',
    'three-commits-undone': 'FAILED',
    'failed-directly': 'FAILED',
    cancelled: 'CANCELLED',
  };
  for (const [ending, workflow] of Object.entries(OVER)) {
    it(`ends again as it had ended, with nothing done twice: ${ending}`, async () => {
      const traceId = (await ENDINGS[ending]?.(stack)) ?? '';
      const before = await stateOf(traceId);
      assert.equal(await workflowEnd(traceId), workflow);
      await reset(traceId);
      assert.equal(await workflowEnd(traceId), workflow);
      assert.deepEqual(await stateOf(traceId), before);
    });
  }

  it('stays open and undoes nothing again after an undo that failed for good', async () => {
    const traceId = (await ENDINGS['undo-failed-for-good']?.(stack)) ?? '';
    const before = await stateOf(traceId);
    await reset(traceId);
    await until('the failure to be shown', async () => (await shownOf(stack, traceId)).status === 'FAILED');
    const shown = await shownOf(stack, traceId);
    assert.equal(shown.workflow, 'RUNNING');
    assert.deepEqual(await stateOf(traceId), before);
  });

  it('ends with its row when it had been terminated', async () => {
    const traceId = await begun(stack, 'tools-undo');
    await heldAt(stack, traceId, 'review#1');
    await onWorkflow(stack, traceId, 'terminate');
    await ended(stack, traceId);
    const before = await stateOf(traceId);
    await reset(traceId);
    assert.equal(await workflowEnd(traceId), 'FAILED');
    assert.deepEqual(await stateOf(traceId), before);
  });

  for (const [ending, workflow] of [
    ['completed', 'COMPLETED'],
    ['rejected-and-undone', 'FAILED'],
    ['expired', 'FAILED'],
  ] as const) {
    it(`ends again when it was reset into the hold that it had left: ${ending}`, async () => {
      const traceId = (await ENDINGS[ending]?.(stack)) ?? '';
      const before = await stateOf(traceId);
      assert.equal(await workflowEnd(traceId), workflow);
      const { events } = await stack.client.workflow.getHandle(`saga-${traceId}`).fetchHistory();
      // The task that opened the hold is the last one before something woke it.
      const woken = events?.findIndex(
        (event) => event.workflowExecutionSignaledEventAttributes ?? event.timerFiredEventAttributes,
      );
      const opened = events
        ?.slice(0, woken)
        .findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
      await reset(traceId, '--event-id', String(opened), '--reapply-exclude', 'All');
      assert.equal(await workflowEnd(traceId), workflow);
      assert.deepEqual(await stateOf(traceId), before);
    });
  }

  it('is noted in the ledger while the saga is in flight', async () => {
    const traceId = await begun(stack, 'w3');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    const runId = await reset(traceId);
    const noted = await until('the note', async () =>
      (await entriesOf(stack, traceId)).find((entry) => entry.type === 'recovery.reset'),
    );
    assert.match(JSON.stringify(noted.data), new RegExp(runId));
    await stack.http.approve(traceId, step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });
});
