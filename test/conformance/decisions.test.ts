import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { proves } from './rule.ts';
import { NOTES, refused, think, UNDO, useWorld, write } from './world.ts';

const HELD = { hitl: true };

describe('approving and editing', () => {
  const world = useWorld();
  const http = () => world.stack().http;

  proves('DECIDE-1', async () => {
    const after = { path: { value: 'b.md' }, content: { from: '$.steps.a.output.data.summary' } };
    const traceId = await world.start([think('a', HELD), write('b', { with: after })]);
    const { step_span_id } = await world.held(traceId);
    await http().approve(traceId, step_span_id, { output: { data: { summary: 'as edited' } } });
    await world.end(traceId);
    assert.equal(world.note('b.md'), 'as edited');
  });

  proves('DECIDE-2', async () => {
    const traceId = await world.start([write('a', HELD)]);
    const { step_span_id } = await world.held(traceId);
    const edit = { path: 'edited.md', content: 'as edited' };
    await http().approve(traceId, step_span_id, { arguments: edit });
    await world.end(traceId);
    const calls = world.record(traceId).filter(({ event }) => event === 'call');
    assert.deepEqual(
      calls.map((line) => line.arguments),
      [edit],
    );
  });

  proves('DECIDE-3', async () => {
    const traceId = await world.start([think('a', HELD)]);
    const open = await world.held(traceId);
    const output = { data: { summary: '', more: 1 } };
    const error = await refused(http().approve(traceId, open.step_span_id, { output }));
    assert.equal(error.status, 422);
    assert.match(error.message, /summary/);
    assert.match(error.message, /more/);
    assert.deepEqual(await world.held(traceId), open);
  });

  proves('DECIDE-4', async () => {
    world.file('policies', 'here.yaml', { name: 'here', cel: 'arguments.path.startsWith("here/")' });
    const given = { path: { value: 'here/a.md' }, content: { value: 'a' } };
    const traceId = await world.start([write('a', { ...HELD, policy: 'here.yaml', with: given })]);
    const open = await world.held(traceId);
    const edit = { arguments: { path: 'there/a.md', content: 'a' } };
    assert.equal((await refused(http().approve(traceId, open.step_span_id, edit))).status, 422);
    assert.deepEqual(await world.held(traceId), open);
  });

  proves('DECIDE-5', async () => {
    const traceId = await world.start([write('a', HELD)]);
    const { step_span_id, payload_hash } = await world.held(traceId);
    await http().approve(traceId, step_span_id, { arguments: { path: 'a.md', content: 'edited' } });
    const { data } = (await world.ledger(traceId)).find(({ type }) => type === 'decision.approved') ?? {};
    assert.deepEqual(data?.['diff'], [{ op: 'replace', path: '/content', value: 'edited' }]);
    assert.notEqual(Object(data?.['edit']).payload_hash ?? data?.['payload_hash'], payload_hash);
  });

  proves('DECIDE-6', async () => {
    const traceId = await world.start([think('a', HELD), write('b', HELD)]);
    const first = await world.held(traceId, 'a');
    const wrong = { arguments: { path: 'x' } };
    assert.equal((await refused(http().approve(traceId, first.step_span_id, wrong))).status, 422);
    await http().approve(traceId, first.step_span_id, { output: {}, arguments: {} });
    const second = await world.held(traceId, 'b');
    const other = { output: { data: { summary: 'x' } } };
    assert.equal((await refused(http().approve(traceId, second.step_span_id, other))).status, 422);
  });
});

describe('rejecting and retrying', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  const talker = async () => {
    world.file('prompts', 'guided.yaml', { steps: { a: [{ submit: { summary: 'said: {{ guidance }}' } }] } });
    await world.deploy({
      kind: 'worker',
      name: 'guided',
      version: '1',
      provider: 'mock',
      model_name: 'guided.yaml',
      system_prompt: 'You listen.',
      tool_sources: [NOTES],
    });
    return { ...HELD, worker: 'guided' };
  };

  proves('DECIDE-7', async () => {
    const traceId = await world.start([write('done', UNDO), think('a', HELD)]);
    const { step_span_id } = await world.held(traceId);
    await http().reject(traceId, step_span_id, { error_details: { colour: 'red', list: [1] } });
    assert.equal((await world.end(traceId)).status, 'COMPENSATED');
    const { status, error_details } = await world.show(traceId, 'a');
    assert.equal(status, 'FAILED');
    assert.deepEqual(
      [error_details?.['code'], error_details?.['colour'], error_details?.['list']],
      ['HUMAN_REJECTED', 'red', [1]],
    );
  });

  proves('DECIDE-8', async () => {
    const traceId = await world.start([think('a', HELD)]);
    const { step_span_id } = await world.held(traceId);
    await http().reject(traceId, step_span_id, { error_details: { code: 'MINE' } });
    await world.end(traceId);
    const { error_details } = await world.show(traceId, 'a');
    assert.deepEqual([error_details?.['code'], error_details?.['reviewer_code']], ['HUMAN_REJECTED', 'MINE']);
  });

  proves('DECIDE-9', async () => {
    const traceId = await world.start([think('a', HELD)]);
    const first = await world.held(traceId, 'a', 1);
    await http().retry(traceId, first.step_span_id, { guidance: 'again' });
    const second = await world.held(traceId, 'a', 2);
    assert.equal((await http().pendingReviews({ trace_id: traceId })).items.length, 1);
    const late = { iteration: 1, payload_hash: first.payload_hash };
    const error = await refused(http().approve(traceId, first.step_span_id, late));
    assert.match(error.message, /retr/);
    await http().approve(traceId, second.step_span_id, { iteration: 2 });
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
  });

  proves('DECIDE-10', async () => {
    const traceId = await world.start([think('a', { ...(await talker()), hitl_max_retries: 3 })]);
    const { step_span_id } = await world.held(traceId);
    await http().retry(traceId, step_span_id, { guidance: 'be brief' });
    const { review_payload } = await world.held(traceId, 'a', 2);
    assert.deepEqual(review_payload, { data: { summary: 'said: be brief' } });
    const { resolved_arguments } = await world.show(traceId, 'a');
    assert.deepEqual(resolved_arguments['_hitl_retry'], { attempt: 1, max_retries: 3, guidance: 'be brief' });
  });

  proves('DECIDE-11', async () => {
    const traceId = await world.start([think('a', { ...(await talker()), hitl_retry_guidance: 'as ever' })]);
    const { step_span_id } = await world.held(traceId);
    await http().retry(traceId, step_span_id);
    const { review_payload } = await world.held(traceId, 'a', 2);
    assert.deepEqual(review_payload, { data: { summary: 'said: as ever' } });
  });

  proves('DECIDE-12', async () => {
    const traceId = await world.start([write('a', HELD)]);
    const { step_span_id, sent } = await world.held(traceId);
    await http().retry(traceId, step_span_id, { guidance: 'a secret of the reviewer' });
    const again = await world.held(traceId, 'a', 2);
    assert.deepEqual(again.sent, sent);
    await http().approve(traceId, step_span_id, { iteration: 2 });
    await world.end(traceId);
    assert.ok(!JSON.stringify(world.record(traceId)).includes('secret'));
  });

  proves('DECIDE-13', async () => {
    world.file('policies', 'unguided.yaml', { name: 'unguided', cel: 'output.data.summary == "said: "' });
    const traceId = await world.start([think('a', { ...(await talker()), policy: 'unguided.yaml' })]);
    const { step_span_id } = await world.held(traceId);
    await http().retry(traceId, step_span_id, { guidance: 'forbidden' });
    assert.equal((await world.end(traceId)).failure?.code, 'POLICY_REASON_DENIED');
  });

  proves('DECIDE-14', async () => {
    const traceId = await world.start([think('a', { ...HELD, hitl_max_retries: 1 })]);
    const { step_span_id, retries_left } = await world.held(traceId);
    assert.equal(retries_left, 1);
    await http().retry(traceId, step_span_id);
    const second = await world.held(traceId, 'a', 2);
    assert.equal(second.retries_left, 0);
    assert.equal((await refused(http().retry(traceId, step_span_id, { iteration: 2 }))).status, 409);
    assert.deepEqual(await world.held(traceId), second);
  });

  proves('DECIDE-29', async () => {
    const traceId = await world.start([write('a', HELD)]);
    const { step_span_id } = await world.held(traceId);
    await http().retry(traceId, step_span_id, { guidance: 'look again' });
    await world.held(traceId, 'a', 2);
    const { resolved_arguments } = await world.show(traceId, 'a');
    assert.equal(Object(resolved_arguments['_hitl_retry']).guidance, 'look again');
  });
});
