import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { workflowId } from '../../workflows/messages.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, saga, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { entriesOf, refusalsOf } from '../workflows/ledger.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';
import { onWorkflow } from '../workflows/temporal-command.ts';

describe('a saga that is ended in Temporal', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());
  afterEach(() => rmSync(control(), { force: true }));

  const control = () => join(stack.notes.folder, '.control.json');
  const lines = (traceId: string, event: string) =>
    stack.record().filter((line) => line.event === event && (line.undone ?? line.key)?.startsWith(traceId));
  const effects = (traceId: string) =>
    lines(traceId, 'effect').flatMap((line) => (line.tool === 'put_note' ? [line.path] : []));
  const undone = (traceId: string) => lines(traceId, 'undo').length;

  /** The saga was cancelled, and Temporal shows it so. */
  async function isCancelled(traceId: string, status: string): Promise<void> {
    const found = await ended(stack, traceId);
    assert.deepEqual([found.status, found.failure?.code], [status, 'CANCELLED']);
    await until('the workflow to end', async () => (await shownOf(stack, traceId)).workflow !== 'RUNNING');
    const shown = await shownOf(stack, traceId);
    assert.deepEqual([shown.workflow, shown.status], ['CANCELLED', status]);
    assert.deepEqual((await stack.http.pendingReviews({ trace_id: traceId })).items, []);
    const cancels = (await entriesOf(stack, traceId)).filter((entry) => entry.type === 'cancel');
    assert.deepEqual(
      cancels.map((entry) => entry.actor.subject),
      ['temporal'],
    );
    assert.deepEqual(await waiting(traceId), []);
  }

  /** Requests that are neither consumed nor closed. */
  const waiting = (traceId: string) =>
    stack.store.db
      .selectFrom('requests')
      .select('kind')
      .where('trace_id', '=', traceId)
      .where('consumed_at', 'is', null)
      .where('closed_at', 'is', null)
      .where('kind', '!=', 'start')
      .execute();

  it('is undone when it was cancelled during a hold', async () => {
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await onWorkflow(stack, traceId, 'cancel');
    await isCancelled(traceId, 'COMPENSATED');
    assert.equal(undone(traceId), 1);
    const held = (await steps(stack, traceId)).find((step) => step.step_span_id === step_span_id);
    assert.deepEqual([held?.status, held?.error_details?.['code']], ['FAILED', 'CANCELLED']);
    await assert.rejects(stack.http.approve(traceId, step_span_id), /CANCELLED|cancelled/);
  });

  it('awaits the step that runs when it is cancelled, and undoes it', async () => {
    const slow = { put_note: { delay_after_ms: 2_500 } };
    writeFileSync(control(), JSON.stringify(slow));
    const traceId = await begun(stack, 'tools-undo');
    await until('the call', () => effects(traceId).length === 1);
    await onWorkflow(stack, traceId, 'cancel');
    await isCancelled(traceId, 'COMPENSATED');
    const [first] = await steps(stack, traceId);
    assert.equal(first?.status, 'COMPLETED');
    assert.equal(effects(traceId).length, 1);
    assert.equal(undone(traceId), 1);
  });

  it('is compensated and not completed when its last step runs at that moment', async () => {
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    writeFileSync(control(), JSON.stringify({ put_note: { delay_after_ms: 2_500 } }));
    await stack.http.approve(traceId, step_span_id);
    await until('the call', () => effects(traceId).length === 2);
    await onWorkflow(stack, traceId, 'cancel');
    await isCancelled(traceId, 'COMPENSATED');
    assert.deepEqual([effects(traceId).length, undone(traceId)], [2, 2]);
    const forward = (await steps(stack, traceId)).filter((step) => step.compensates_span_id === null);
    assert.deepEqual(
      forward.map((step) => step.status),
      ['COMPLETED', 'COMPLETED', 'COMPLETED'],
    );
  });

  it('does nothing when it was cancelled before its first step', async () => {
    await stack.stopWorker();
    const traceId = await begun(stack, 'tools-undo');
    await until('the workflow', () => shownOf(stack, traceId).catch(() => null));
    await onWorkflow(stack, traceId, 'cancel');
    await stack.startWorker();
    await isCancelled(traceId, 'FAILED');
    assert.deepEqual(effects(traceId), []);
    const statuses = (await steps(stack, traceId)).map((step) => step.status);
    assert.deepEqual(statuses, ['SKIPPED', 'SKIPPED', 'SKIPPED']);
  });

  it('makes the call that was approved before the cancel, and undoes it', async () => {
    const traceId = await begun(stack, 'held-commit');
    const { step_span_id } = await heldAt(stack, traceId, 'write#1');
    await stack.stopWorker();
    await stack.http.approve(traceId, step_span_id);
    await until('the approval to be sent', async () => {
      const sent = await stack.store.db
        .selectFrom('requests')
        .select('delivered_at')
        .where('trace_id', '=', traceId)
        .where('kind', '=', 'approve')
        .executeTakeFirst();
      return sent?.delivered_at;
    });
    await onWorkflow(stack, traceId, 'cancel');
    await stack.startWorker();
    await isCancelled(traceId, 'COMPENSATED');
    assert.deepEqual([effects(traceId).length, undone(traceId)], [1, 1]);
  });

  it('is FAILED with TERMINATED in the lists soon after it was terminated', async () => {
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await onWorkflow(stack, traceId, 'terminate', '--reason', 'enough');
    const { status, failure } = await ended(stack, traceId);
    assert.deepEqual([status, failure?.code, failure?.step_id], ['FAILED', 'TERMINATED', 'review']);
    assert.deepEqual((await stack.http.pendingReviews({ trace_id: traceId })).items, []);
    assert.deepEqual(await waiting(traceId), []);
    assert.equal(undone(traceId), 0);
    await assert.rejects(stack.http.approve(traceId, step_span_id), /already cancelled by system/);
    const [end] = (await entriesOf(stack, traceId)).filter((entry) => entry.type === 'end');
    assert.deepEqual(end?.data, { status: 'FAILED', code: 'TERMINATED' });
  });

  it('says in the ledger that a decision was superseded when it is terminated before that took effect', async () => {
    const traceId = await begun(stack, 'held-commit');
    const { step_span_id } = await heldAt(stack, traceId, 'write#1');
    await stack.stopWorker();
    await stack.http.approve(traceId, step_span_id);
    await onWorkflow(stack, traceId, 'terminate');
    const { failure } = await ended(stack, traceId);
    await stack.startWorker();
    assert.equal(failure?.code, 'TERMINATED');
    assert.match((await refusalsOf(stack, traceId)).join('; '), /^superseded: the workflow was terminated/);
    assert.deepEqual(await waiting(traceId), []);
    assert.deepEqual(effects(traceId), []);
    assert.equal((await saga(stack, traceId)).status, 'FAILED');
    const { status } = await stack.client.workflow.getHandle(workflowId(traceId)).describe();
    assert.equal(status.name, 'TERMINATED');
  });
});
