import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { until } from '../support/stack.ts';
import { proves } from './rule.ts';
import { UNDO, useWorld, write } from './world.ts';

const HELD = { hitl: true };
const NOTHING = { decided: null, delivered: null, consumed: null, effect: null, stuck: null };

describe('the way of a decision to its effect', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  const held = async (...steps: Parameters<typeof world.start>[0]) => {
    const traceId = await world.start(steps);
    const { step_span_id: span } = await world.held(traceId);
    return { traceId, span };
  };
  const receipt = async ({ traceId, span }: { traceId: string; span: string }, iteration = 1) =>
    (await http().showReview(`${traceId}.${span}.${iteration}`)).receipt;
  const reached = (
    at: Parameters<typeof receipt>[0],
    stage: 'delivered' | 'consumed' | 'effect',
  ): ReturnType<typeof receipt> =>
    until(stage, async () => {
      const shown = await receipt(at);
      return shown[stage] === null ? null : shown;
    });
  const inOrder = (shown: Awaited<ReturnType<typeof receipt>>) => {
    const times = [shown.decided, shown.consumed, shown.effect].map((time) => Date.parse(time ?? ''));
    assert.ok(
      times.every((time) => !Number.isNaN(time)),
      JSON.stringify(shown),
    );
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(shown.stuck, null);
  };

  proves('DECIDE-27', async () => {
    const at = await held(write('a', HELD));
    assert.deepEqual(await receipt(at), NOTHING);
    await world.stack().stopWorker();
    await http().approve(at.traceId, at.span);
    const delivered = await reached(at, 'delivered');
    assert.ok(delivered.decided);
    assert.deepEqual([delivered.consumed, delivered.effect], [null, null]);
    world.rehearse({ put_note: { delay_before_ms: 600 } });
    await world.stack().startWorker();
    const consumed = await reached(at, 'consumed');
    assert.deepEqual([consumed.decided, consumed.effect], [delivered.decided, null]);
    const done = await reached(at, 'effect');
    world.rehearse(null);
    inOrder(done);
    assert.deepEqual(
      [done.decided, done.delivered, done.consumed],
      [delivered.decided, delivered.delivered, consumed.consumed],
    );
  });

  proves('DECIDE-30', async () => {
    const at = await held(write('done', UNDO), write('a', HELD));
    world.rehearse({ restore_note: { delay_before_ms: 600 } });
    await http().reject(at.traceId, at.span);
    const consumed = await reached(at, 'consumed');
    assert.equal(consumed.effect, null);
    const undone = await reached(at, 'effect');
    world.rehearse(null);
    inOrder(undone);
    assert.equal(undone.effect, (await world.saga(at.traceId)).ended_at);
    assert.equal(world.note('done.md'), null);
  });

  proves('DECIDE-31', async () => {
    const at = await held(write('a', HELD));
    await http().retry(at.traceId, at.span);
    await world.held(at.traceId, 'a', 2);
    inOrder(await reached(at, 'effect'));
    assert.deepEqual(await receipt(at, 2), NOTHING);
  });

  proves('DECIDE-32', async () => {
    world.rehearse({ restore_note: { fail: 'the archive is locked' } });
    const at = await held(write('done', UNDO), write('a', HELD));
    await http().reject(at.traceId, at.span);
    await world.end(at.traceId);
    world.rehearse(null);
    const shown = await receipt(at);
    assert.ok(shown.consumed);
    assert.equal(shown.effect, null);
    assert.match(shown.stuck ?? '', /undo of step done failed.*archive is locked.*retry-compensation/s);
  });
});
