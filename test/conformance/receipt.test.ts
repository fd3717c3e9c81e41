import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { until } from '../support/stack.ts';
import { proves } from './rule.ts';
import { UNDO, useWorld, write } from './world.ts';

const HELD = { hitl: true };
const STAGES = ['decided', 'delivered', 'consumed', 'effect'] as const;

describe('the way of a decision to its effect', () => {
  const world = useWorld();
  const http = () => world.stack().http;

  /** The receipt once every stage has its time. */
  const whole = (id: string) =>
    until(`the effect of ${id}`, async () => {
      const { receipt } = await http().showReview(id);
      return STAGES.every((stage) => receipt[stage] !== null) ? receipt : null;
    });

  proves('DECIDE-27', async () => {
    const traceId = await world.start([write('a', UNDO), write('b', { ...HELD, ...UNDO }), write('c', HELD)]);
    const first = await world.held(traceId, 'b');
    const idOf = (span: string, iteration: number) => `${traceId}.${span}.${iteration}`;
    const retried = idOf(first.step_span_id, 1);
    const none = { decided: null, delivered: null, consumed: null, effect: null, stuck: null };
    assert.deepEqual((await http().showReview(retried)).receipt, none);
    await http().retry(traceId, first.step_span_id, { decided_by: 'ana' });
    const second = await world.held(traceId, 'b', 2);

    await world.stack().stopWorker();
    await http().approve(traceId, second.step_span_id, { decided_by: 'ben' });
    const approved = idOf(second.step_span_id, 2);
    const waiting = await until('the delivery', async () => {
      const { receipt } = await http().showReview(approved);
      return receipt.delivered === null ? null : receipt;
    });
    assert.ok(waiting.decided);
    assert.deepEqual([waiting.consumed, waiting.effect], [null, null]);
    assert.equal(world.note('b.md'), null);
    await world.stack().startWorker();

    const last = await world.held(traceId, 'c');
    assert.equal(world.note('b.md'), 'b');
    await http().reject(traceId, last.step_span_id, { decided_by: 'ana' });
    const { ended_at } = await world.end(traceId);
    assert.deepEqual([world.note('a.md'), world.note('b.md')], [null, null]);

    for (const id of [retried, approved, idOf(last.step_span_id, 1)]) {
      const { decided, consumed, effect, stuck } = await whole(id);
      assert.equal(stuck, null, id);
      const times = [decided, consumed, effect];
      assert.deepEqual([...times].sort(), times, `${id}: one stage after the other`);
      if (id.includes(last.step_span_id))
        assert.equal(effect, ended_at, 'a rejection is in effect when all is undone');
    }
    const { decided_by, earlier } = await http().showReview(approved);
    assert.deepEqual([decided_by, earlier.map((each) => each.decided_by)], ['ben', ['ana']]);
  });
});
