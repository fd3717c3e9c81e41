import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe } from 'mocha';
import { fails, think, UNDO, useWorld, write } from './world.ts';
import { odd, ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';

const HELD = { hitl: true };

describe('idempotency keys', () => {
  const world = useWorld(ODD_ENV);
  const server = useOdd(world);
  const http = () => world.stack().http;

  proves('KEY-1', async () => {
    const traceId = await world.start([odd('a', 'die_hinted', HELD)]);
    const { step_span_id: span } = await world.held(traceId);
    await http().retry(traceId, span);
    await world.held(traceId, 'a', 2);
    await http().approve(traceId, span, { iteration: 2 });
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
    const key = `${traceId}:${span}`;
    assert.deepEqual(
      server.calls(traceId).map((call) => call.key),
      [key, key],
    );
  });

  proves('KEY-2', async () => {
    const { traceId, rows } = await world.run([write('a', UNDO), fails('b')]);
    const [forward, undo] = rows.map(({ step_span_id }) => `${traceId}:${step_span_id}`);
    const calls = world.record(traceId).filter(({ event }) => event === 'call');
    assert.deepEqual(
      calls
        .slice(0, 1)
        .concat(calls.filter(({ tool }) => tool === 'restore_note'))
        .map(({ key }) => key),
      [forward, undo],
    );
    assert.notEqual(forward, undo);
  });

  proves('KEY-3', async () => {
    const tools = { allow: [{ name: 'list_notes' }, { name: 'put_note' }] };
    const by = server.undoBy('take');
    const { traceId, rows } = await world.run([
      think('a', { tools }),
      odd('b', 'take', by),
      odd('c', 'refuse'),
    ]);
    const spans = new Set(rows.map(({ step_span_id }) => `${traceId}:${step_span_id}`));
    const calls = server.calls(traceId);
    assert.equal(calls.length, 3);
    assert.ok(calls.every(({ key }) => key !== null && spans.has(key)));
    const asked = world.record(traceId).filter(({ event }) => event === 'call');
    const keys = asked.map(({ key }) => key ?? '');
    assert.deepEqual([asked.length, new Set(keys).size], [2, 2]);
    const span = (await world.show(traceId, 'a')).step_span_id;
    assert.ok(keys.every((key) => key.startsWith(`${traceId}:${span}:`)));
  });

  proves('KEY-4', async () => {
    const { traceId, rows } = await world.run([odd('a', 'take'), odd('b', 'take_key')]);
    const key = `${traceId}:${rows[1]?.step_span_id}`;
    assert.deepEqual(
      server.calls(traceId).map((call) => call.arguments),
      [{ text: 'a' }, { text: 'b', warden_idempotency_key: key }],
    );
  });

  proves('KEY-5', async () => {
    const traceId = await world.start([odd('a', 'take_key', HELD)]);
    const { step_span_id, sent, payload_hash, review_payload } = await world.held(traceId);
    assert.deepEqual([sent, review_payload], [{ text: 'a' }, { text: 'a' }]);
    assert.equal(createHash('sha256').update('{"text":"a"}').digest('hex'), payload_hash);
    await http().approve(traceId, step_span_id, { payload_hash });
    await world.end(traceId);
    const key = `${traceId}:${step_span_id}`;
    assert.deepEqual(server.calls(traceId), [
      { tool: 'take_key', arguments: { text: 'a', warden_idempotency_key: key }, key, first: true },
    ]);
  });

  proves('KEY-6', async () => {
    const declared = { tools: { allow: [{ name: 'die', idempotent: true }] } };
    const steps = [odd('hinted', 'die_hinted'), odd('declared', 'die', declared), odd('neither', 'die')];
    // One after the other: a server that dies takes the calls of others with it.
    const runs: Awaited<ReturnType<typeof world.run>>[] = [];
    for (const step of steps) runs.push(await world.run([step]));
    assert.deepEqual(
      runs.map(({ traceId, saga }) => [server.calls(traceId).length, saga.failure?.code]),
      [
        [2, undefined],
        [2, undefined],
        [1, 'SYSTEM_CRASH'],
      ],
    );
  });

  proves('KEY-7', async () => {
    const traceId = await world.start([odd('a', 'take_key', HELD)]);
    const { step_span_id } = await world.held(traceId);
    const review = await http().showReview(`${traceId}.${step_span_id}.1`);
    assert.equal(review.idempotency_key, `${traceId}:${step_span_id}`);
    assert.deepEqual(review.sent, { text: 'a' });
  });
});
