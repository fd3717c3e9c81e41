import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { until } from '../support/stack.ts';
import { proves } from './rule.ts';
import { refused, UNDO, useWorld, write } from './world.ts';

const HELD = { hitl: true };

describe('one decision for one review', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  const review = async (...more: Parameters<typeof world.start>[0]) => {
    const traceId = await world.start([write('a', HELD), ...more]);
    return { traceId, ...(await world.held(traceId)) };
  };

  proves('DECIDE-15', async () => {
    const { traceId } = await review(write('b'));
    const later = await world.show(traceId, 'b');
    const error = await refused(http().approve(traceId, later.step_span_id));
    assert.equal(error.status, 409);
    assert.match(error.message, /PENDING/);
  });

  proves('DECIDE-16', async () => {
    const steps = [write('done', UNDO), write('a', { ...HELD, review: { expires: '1s' } })];
    const { traceId, saga } = await world.run(steps);
    assert.deepEqual([saga.status, saga.failure?.code], ['COMPENSATED', 'REVIEW_EXPIRED']);
    const entry = (await world.ledger(traceId)).find(({ type }) => type === 'expiry');
    assert.deepEqual([entry?.actor.subject, entry?.actor.kind], ['system', 'service']);
  });

  proves('DECIDE-17', async () => {
    const traceId = await world.start([write('a', { ...HELD, review: { expires: '1s' } })]);
    const { step_span_id, expires_at } = await world.held(traceId);
    await world.stack().stopWorker();
    await until('the deadline', () => Date.now() > Date.parse(expires_at ?? ''));
    const error = await refused(http().approve(traceId, step_span_id));
    assert.equal(error.status, 409);
    assert.match(error.message, /expired/);
    assert.ok((await world.ledger(traceId)).some(({ type }) => type === 'expiry'));
    await world.stack().startWorker();
    assert.equal((await world.end(traceId)).failure?.code, 'REVIEW_EXPIRED');
    assert.deepEqual(world.record(traceId), []);
  });

  proves('DECIDE-18', async () => {
    const { traceId, step_span_id } = await review();
    await http().retry(traceId, step_span_id);
    await world.held(traceId, 'a', 2);
    assert.equal((await refused(http().approve(traceId, step_span_id, { iteration: 1 }))).status, 409);
    assert.equal((await refused(http().approve(traceId, step_span_id, { iteration: 3 }))).status, 409);
    assert.equal((await world.held(traceId)).iteration, 2);
  });

  proves('DECIDE-19', async () => {
    const { traceId, step_span_id } = await review();
    const error = await refused(http().approve(traceId, step_span_id, { payload_hash: '0'.repeat(64) }));
    assert.equal(error.status, 409);
    await world.held(traceId);
  });

  proves('DECIDE-20', async () => {
    const { traceId, step_span_id } = await review();
    const first = await http().approve(traceId, step_span_id);
    await world.end(traceId);
    const again = await http().approve(traceId, step_span_id);
    assert.deepEqual(again, { ...first, status: 'already_queued' });
  });

  proves('DECIDE-21', async () => {
    const { traceId, step_span_id } = await review();
    const edit = { arguments: { path: 'a.md', content: 'edited' } };
    const first = await http().approve(traceId, step_span_id, edit);
    const swapped = { arguments: { content: 'edited', path: 'a.md' } };
    const again = await http().approve(traceId, step_span_id, swapped);
    assert.deepEqual([first.status, again], ['queued', { ...first, status: 'already_queued' }]);
    await world.end(traceId);
    const decisions = (await world.ledger(traceId)).filter(({ type }) => type.startsWith('decision.'));
    assert.equal(decisions.length, 1);
  });

  proves('DECIDE-22', async () => {
    const { traceId, step_span_id } = await review();
    await http().approve(traceId, step_span_id, { decided_by: 'ana' });
    const error = await refused(http().reject(traceId, step_span_id, { decided_by: 'ben' }));
    assert.equal(error.status, 409);
    assert.match(error.message, /approved/);
    assert.match(error.message, /ana/);
    const refusal = (await world.ledger(traceId)).find(({ type }) => type === 'refusal');
    assert.equal(refusal?.actor.subject, 'ben');
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
  });

  proves('DECIDE-23', async () => {
    const { traceId, step_span_id } = await review();
    await http().approve(traceId, step_span_id, { arguments: { path: 'a.md', content: 'one' } });
    const other = { arguments: { path: 'a.md', content: 'two' } };
    assert.equal((await refused(http().approve(traceId, step_span_id, other))).status, 409);
    await world.end(traceId);
    assert.equal(world.note('a.md'), 'one');
  });

  proves('DECIDE-24', async () => {
    const { traceId, step_span_id } = await review();
    const answers = await Promise.allSettled([
      http().approve(traceId, step_span_id),
      http().reject(traceId, step_span_id),
    ]);
    const [approved, rejected] = answers.map(({ status }) => status === 'fulfilled');
    assert.notEqual(approved, rejected);
    const { status } = await world.end(traceId);
    assert.equal(status, approved === true ? 'COMPLETED' : 'FAILED');
    assert.equal(world.record(traceId).length > 0, approved);
  });

  proves('DECIDE-25', async () => {
    const { traceId, step_span_id } = await review();
    await world.stack().stopWorker();
    assert.equal((await http().approve(traceId, step_span_id)).status, 'queued');
    assert.deepEqual(world.record(traceId), []);
    await world.stack().startWorker();
    await world.end(traceId);
    assert.equal(world.record(traceId).filter(({ event }) => event === 'effect').length, 1);
  });

  proves('DECIDE-26', async () => {
    const { traceId, step_span_id } = await review();
    await world.stack().stopWorker();
    await http().approve(traceId, step_span_id);
    await world.stack().client.workflow.getHandle(`saga-${traceId}`).terminate();
    assert.equal((await world.end(traceId)).failure?.code, 'TERMINATED');
    const entries = await world.ledger(traceId);
    assert.ok(
      entries.some(({ type, data }) => type === 'refusal' && /superseded/.test(JSON.stringify(data))),
    );
    await world.stack().startWorker();
  });

  proves('DECIDE-28', async () => {
    const { traceId, step_span_id } = await review();
    const error = await refused(http().approve(traceId, step_span_id, {}, { namespace: 'elsewhere' }));
    assert.equal(error.status, 404);
    await world.held(traceId);
  });
});
