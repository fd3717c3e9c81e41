import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { deployFixtures, ended, review, saga, started, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { shortRuns, startTemporal, type TemporalServer } from '../support/temporal.ts';
import { refusalsOf } from './ledger.ts';

/** Temporal suggests it after so many events; in earnest it is after 4,096. */
const SUGGEST_AFTER = 30;

describe('a saga whose history becomes long', () => {
  let temporal: TemporalServer;
  let stack: Stack;
  before(async () => {
    temporal = await startTemporal({ config: shortRuns(SUGGEST_AFTER) });
    stack = await startStack({ temporalAddress: temporal.address });
    await deployFixtures(stack);
  });
  after(async () => {
    await stack.stop();
    await temporal.stop();
  });

  const handle = (traceId: string) => stack.client.workflow.getHandle(`saga-${traceId}`);
  async function runs(traceId: string): Promise<number> {
    const found = stack.client.workflow.list({ query: `WorkflowId = 'saga-${traceId}'` });
    let count = 0;
    for await (const _ of found) count += 1;
    return count;
  }
  const continued = (traceId: string, least: number) =>
    until(`${least} runs`, async () => (await runs(traceId)) >= least);
  const effects = (traceId: string) =>
    stack.record().filter((line) => line.event === 'effect' && line.key?.startsWith(traceId)).length;
  const length = async (traceId: string) => (await handle(traceId).describe()).historyLength;

  it('goes on in a new run between two iterations, and loses nothing of them', async () => {
    const traceId = await started(stack, 'held-plain', {
      write: 'iterations.md',
      first: 'i.md',
      subject: 'x',
    });
    for (let iteration = 1; iteration <= 12; iteration++) {
      const held = await until(`iteration ${iteration}`, async () => {
        const open = await review(stack, traceId);
        return open.iteration === iteration && open;
      });
      const answer = { iteration, retry_token: `the-token-${iteration}` };
      await stack.http.retry(traceId, held.step_span_id, answer);
    }
    const held = await until('the last', async () => {
      const open = await review(stack, traceId);
      return open.iteration === 13 && open;
    });
    await continued(traceId, 3);
    await stack.http.approve(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const closed = async () => (await handle(traceId).describe()).status.name;
    await until('the end of the workflow', async () => (await closed()) === 'COMPLETED');
    assert.equal(effects(traceId), 2);
  });

  it('goes on in a new run inside a hold that thousands of refused signals flood', async () => {
    const traceId = await started(stack, 'held-plain', { write: 'flood.md', first: 'f.md', subject: 'x' });
    const held = await review(stack, traceId);
    for (let round = 0; round < 20; round++) {
      const flood = Array.from({ length: 50 }, () => handle(traceId).signal('approve', { review: 'none#1' }));
      await Promise.all(flood);
    }
    await continued(traceId, 2);
    await stack.http.approve(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const refusals = await refusalsOf(stack, traceId);
    const counts = refusals.map((message) => Number(/^(\d+) more refused/.exec(message)?.[1] ?? 1));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      1000,
    );
    assert.ok(refusals.length < 200, `${refusals.length} entries`);
  });

  it('is decided by what came while it changed runs', async () => {
    const traceId = await started(stack, 'held-plain', { write: 'both.md', first: 'b.md', subject: 'x' });
    const held = await review(stack, traceId);
    const flood = Array.from({ length: 200 }, () => handle(traceId).signal('approve', { review: 'none#1' }));
    await Promise.all([...flood, stack.http.reject(traceId, held.step_span_id)]);
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    assert.equal((await saga(stack, traceId)).failure?.code, 'HUMAN_REJECTED');
  });

  it('is cancelled by a cancel that came while it changed runs', async () => {
    const traceId = await started(stack, 'held-plain', { write: 'cancel.md', first: 'c.md', subject: 'x' });
    await review(stack, traceId);
    const flood = Array.from({ length: 200 }, () => handle(traceId).signal('approve', { review: 'none#1' }));
    await Promise.all([...flood, handle(traceId).cancel()]);
    assert.equal((await ended(stack, traceId)).failure?.code, 'CANCELLED');
  });

  it('is undone in new runs, each undo once, and stays open with a history that does not grow', async () => {
    const notes = `${stack.notes.folder}/.control.json`;
    const { writeFileSync, rmSync } = await import('node:fs');
    writeFileSync(notes, JSON.stringify({ restore_note: { fail: 'not now' } }));
    const traceId = await started(stack, 'held-plain', { write: 'open.md', first: 'o.md', subject: 'x' });
    const held = await review(stack, traceId);
    await stack.http.reject(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'FAILED');
    rmSync(notes);
    const flood = Array.from({ length: 300 }, () => handle(traceId).signal('approve', { review: 'none#1' }));
    await Promise.all(flood);
    await continued(traceId, 2);
    await until('a short history', async () => (await length(traceId)) < 100);
    const undo = (await steps(stack, traceId)).find(
      (row) => row.status === 'FAILED' && row.compensates_span_id,
    );
    assert.ok(undo);
  });
});
