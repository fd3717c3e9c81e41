import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { until } from '../support/stack.ts';
import { proves } from './rule.ts';
import { fails, NOTES, refused, think, UNDO, useWorld, write } from './world.ts';

const HELD = { hitl: true };

describe('cancelling and terminating', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  const workflow = (traceId: string) => world.stack().client.workflow.getHandle(`saga-${traceId}`);
  const called = (traceId: string, tool: string) =>
    until(`a call of ${tool}`, () =>
      world.record(traceId).some((line) => line.event === 'call' && line.tool === tool),
    );

  proves('CANCEL-1', async () => {
    const traceId = await world.start([write('done', UNDO), write('a', HELD)]);
    await world.held(traceId);
    assert.equal((await http().cancel(traceId)).status, 'queued');
    assert.deepEqual((await http().pendingReviews({ trace_id: traceId })).items, []);
    const { status, failure } = await world.end(traceId);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'CANCELLED']);
    const step = await world.show(traceId, 'a');
    assert.deepEqual([step.status, step.error_details?.['code']], ['FAILED', 'CANCELLED']);
    assert.equal(world.note('done.md'), null);
  });

  proves('CANCEL-2', async () => {
    const traceId = await world.start([write('a', { ...HELD, ...UNDO }), write('b')]);
    const { step_span_id } = await world.held(traceId);
    await world.stack().stopWorker();
    await http().approve(traceId, step_span_id);
    await http().cancel(traceId);
    await world.stack().startWorker();
    const { status, failure } = await world.end(traceId);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'CANCELLED']);
    const tools = world.record(traceId).flatMap((line) => (line.event === 'call' ? (line.tool ?? []) : []));
    assert.deepEqual(tools, ['put_note', 'restore_note']);
    assert.equal(world.note('a.md'), null);
  });

  proves('CANCEL-3', async () => {
    world.rehearse({ put_note: { delay_before_ms: 800 } });
    const traceId = await world.start([write('a', UNDO), write('b')]);
    await called(traceId, 'put_note');
    await http().cancel(traceId);
    const { status, failure } = await world.end(traceId);
    world.rehearse(null);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'CANCELLED']);
    assert.deepEqual(await world.statuses(traceId), ['a COMPLETED', 'undo of a COMPENSATED', 'b SKIPPED']);
  });

  proves('CANCEL-4', async () => {
    world.file('prompts', 'writer.yaml', {
      steps: {
        a: [
          { call: { tool: 'write_note', arguments: { path: 'agent.md', content: 'x' } } },
          { call: { tool: 'write_note', arguments: { path: 'agent-2.md', content: 'x' } } },
          { submit: { summary: 'done' } },
        ],
      },
    });
    const worker = {
      kind: 'worker',
      name: 'writer',
      version: '1',
      provider: 'mock',
      model_name: 'writer.yaml',
    };
    await world.deploy({ ...worker, system_prompt: 'You write.', tool_sources: [NOTES] });
    world.rehearse({ write_note: { delay_before_ms: 800 } });
    const tools = { allow: [{ name: 'write_note' }] };
    const traceId = await world.start([think('a', { worker: 'writer', tools, ...UNDO }), write('b')]);
    await until('the first call', () =>
      world
        .stack()
        .record()
        .some((line) => line.arguments?.['path'] === 'agent.md'),
    );
    await http().cancel(traceId);
    const { failure } = await world.end(traceId);
    world.rehearse(null);
    assert.equal(failure?.code, 'CANCELLED');
    assert.deepEqual(await world.statuses(traceId), ['a FAILED', 'undo of a COMPENSATED', 'b SKIPPED']);
    assert.equal(world.note('agent-2.md'), null);
  });

  proves('CANCEL-5', async () => {
    world.rehearse({ put_note: { delay_before_ms: 800 } });
    const traceId = await world.start([write('a', UNDO)]);
    await called(traceId, 'put_note');
    await http().cancel(traceId);
    const { status } = await world.end(traceId);
    world.rehearse(null);
    assert.equal(status, 'COMPENSATED');
    assert.equal(world.note('a.md'), null);
  });

  proves('CANCEL-6', async () => {
    const traceId = await world.start([write('done', UNDO), write('a', HELD)]);
    await world.held(traceId);
    await workflow(traceId).cancel();
    const { status, failure } = await world.end(traceId);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'CANCELLED']);
    assert.equal((await world.show(traceId, 'a')).status, 'FAILED');
  });

  proves('CANCEL-7', async () => {
    const traceId = await world.start([write('a', HELD)]);
    await world.held(traceId);
    const first = await http().cancel(traceId, { reason: 'no need' });
    assert.deepEqual(await http().cancel(traceId), { ...first, status: 'already_queued' });
  });

  proves('CANCEL-8', async () => {
    const { traceId } = await world.run([write('a')]);
    assert.equal((await refused(http().cancel(traceId))).status, 409);
    world.rehearse({ restore_note: { delay_before_ms: 800 } });
    const other = await world.start([write('a', UNDO), fails('bad')]);
    await called(other, 'restore_note');
    const error = await refused(http().cancel(other));
    world.rehearse(null);
    assert.equal(error.status, 409);
    assert.match(error.message, /COMPENSATING/);
    await world.end(other);
  });

  proves('CANCEL-9', async () => {
    const traceId = await world.start([write('done', UNDO), write('a', HELD)]);
    await world.held(traceId);
    await workflow(traceId).terminate('by hand');
    const { status, failure } = await world.end(traceId);
    assert.deepEqual([status, failure?.code], ['FAILED', 'TERMINATED']);
    assert.deepEqual((await http().pendingReviews({ trace_id: traceId })).items, []);
    assert.equal(world.note('done.md'), 'done');
  });

  proves('CANCEL-10', async () => {
    const { traceId } = await world.run([write('a', UNDO), fails('bad')]);
    assert.deepEqual(await world.statuses(traceId), ['a COMPLETED', 'undo of a COMPENSATED', 'bad FAILED']);
  });
});
