import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe } from 'mocha';
import { until } from '../support/stack.ts';
import { proves } from './rule.ts';
import { fails, think, UNDO, useWorld, write } from './world.ts';

const spanOf = (traceId: string, index: number) =>
  createHash('sha256').update(`${traceId}:${index}`).digest('hex').slice(0, 16);

describe('the states of sagas and steps', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  const listed = async (traceId: string, query: object) =>
    (await http().listSagas({ trace_id: traceId, ...query })).items.length === 1;

  proves('LIFE-1', async () => {
    const traceId = await world.start([think('first', { hitl: true }), write('last')]);
    const { step_span_id } = await world.held(traceId);
    assert.equal((await world.saga(traceId)).status, 'AWAITING_HUMAN');
    await http().approve(traceId, step_span_id);
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
    const types = (await world.ledger(traceId)).map(({ type }) => type);
    const order = ['start', 'step.in_progress', 'hold', 'decision.approved', 'step.completed', 'end'];
    assert.deepEqual(
      types.filter((type, at) => order.includes(type) && types.indexOf(type) === at),
      order,
    );
  });

  proves('LIFE-2', async () => {
    world.rehearse({ restore_note: { delay_before_ms: 400 } });
    const traceId = await world.start([write('undone', UNDO), fails('bad')]);
    await until('COMPENSATING', async () => (await world.saga(traceId)).status === 'COMPENSATING');
    world.rehearse(null);
    assert.equal((await world.end(traceId)).status, 'COMPENSATED');
  });

  proves('LIFE-3', async () => {
    const { saga, rows } = await world.run([fails('bad', UNDO)]);
    assert.deepEqual([saga.status, rows.map(({ status }) => status)], ['FAILED', ['FAILED']]);
  });

  proves('LIFE-4', async () => {
    const traceId = await world.start([write('a', { hitl: true }), write('b'), think('c')]);
    await world.held(traceId);
    const rows = await world.rows(traceId);
    assert.deepEqual(
      rows.map((row) => [row.step_id, row.status, row.step_span_id]),
      [
        ['a', 'AWAITING_HUMAN', spanOf(traceId, 0)],
        ['b', 'PENDING', spanOf(traceId, 1)],
        ['c', 'PENDING', spanOf(traceId, 2)],
      ],
    );
  });

  proves('LIFE-5', async () => {
    const traceId = await world.start([write('a', { hitl: true }), write('b')]);
    const { step_span_id } = await world.held(traceId);
    const { started_at } = await world.saga(traceId);
    const startOf = async (id: string) => (await world.show(traceId, id)).started_at;
    assert.equal(await startOf('b'), started_at);
    await http().approve(traceId, step_span_id);
    await world.end(traceId);
    assert.ok((await startOf('b')) > started_at);
  });

  proves('LIFE-6', async () => {
    const { saga, rows } = await world.run([write('skipped', { when: { cel: 'input.go' } }), write('done')], {
      go: false,
    });
    assert.deepEqual(
      [saga.status, ...rows.map(({ status }) => status)],
      ['COMPLETED', 'SKIPPED', 'COMPLETED'],
    );
  });

  proves('LIFE-7', async () => {
    const { traceId } = await world.run([fails('bad'), write('never'), think('neither')]);
    assert.deepEqual(await world.statuses(traceId), ['bad FAILED', 'never SKIPPED', 'neither SKIPPED']);
  });

  proves('LIFE-8', async () => {
    const traceId = await world.start([write('a', { hitl: true })]);
    const { step_span_id } = await world.held(traceId);
    await world.stack().stopWorker();
    await http().approve(traceId, step_span_id);
    assert.deepEqual((await http().pendingReviews({ trace_id: traceId })).items, []);
    assert.equal((await world.saga(traceId)).status, 'AWAITING_HUMAN');
    await world.stack().startWorker();
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
  });

  proves('LIFE-9', async () => {
    await world.stack().stopWorker();
    const traceId = await world.start([write('a', { hitl: true, ...UNDO }), fails('bad')]);
    const flying: string[] = [];
    const noteFlying = async () => {
      const { status } = await world.saga(traceId);
      if (await listed(traceId, { in_flight: true })) flying.push(status);
    };
    await noteFlying();
    await world.stack().startWorker();
    const { step_span_id } = await world.held(traceId);
    await noteFlying();
    world.rehearse({ put_note: { delay_before_ms: 300 }, restore_note: { delay_before_ms: 300 } });
    await http().approve(traceId, step_span_id);
    await until('the end', async () => {
      await noteFlying();
      return (await world.saga(traceId)).ended_at !== null;
    });
    world.rehearse(null);
    assert.deepEqual(
      ['PENDING', 'RUNNING', 'AWAITING_HUMAN', 'COMPENSATING'].filter((status) => !flying.includes(status)),
      [],
    );
    assert.equal(await listed(traceId, { in_flight: true }), false);
    assert.equal(await listed(traceId, { failed: true }), true);
  });
});

describe('one forward step', () => {
  const world = useWorld();
  const http = () => world.stack().http;

  proves('STEP-1', async () => {
    const nothing = { with: { subject: { from: '$.input.none.at.all' } }, prompt: 'broken.md' };
    world.file('prompts', 'broken.md', '{{ subject.name.first }}');
    const { saga, rows } = await world.run([think('a', { ...nothing, when: { cel: 'false' } })]);
    assert.deepEqual([saga.status, rows[0]?.status, rows[0]?.usage], ['COMPLETED', 'SKIPPED', null]);
  });

  proves('STEP-2', async () => {
    const steps = [think('a', { with: { subject: { from: '$.input.deep[1].name' } } })];
    const { traceId } = await world.run(steps, { deep: [{}, { name: 'Ada' }] });
    const shown = await world.show(traceId, 'a');
    assert.deepEqual(shown.resolved_arguments, { subject: 'Ada' });
    assert.match(JSON.stringify(shown.output_payload), /Ada/);
  });

  proves('STEP-3', async () => {
    world.file('policies', 'never.yaml', { name: 'never', cel: 'false' });
    const { traceId, saga } = await world.run([write('a', { policy: 'never.yaml', hitl: true })]);
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'POLICY_COMMIT_DENIED']);
    const types = (await world.ledger(traceId)).map(({ type }) => type);
    assert.ok(types.includes('policy.denied') && !types.includes('hold'), types.join(' '));
  });

  proves('STEP-4', async () => {
    const facts = [{ tool: 'list_notes', into: 'notes', fields: { first: '$.paths[0]' } }];
    const tools = { allow: [{ name: 'list_notes' }] };
    const traceId = await world.start([think('a', { hitl: true, tools, facts })]);
    const review = await world.held(traceId);
    assert.equal(review.review_subject, 'output');
    assert.deepEqual(Object.keys(Object(review.review_payload)), ['data', 'facts']);
    assert.equal(review.sent, null);
  });

  proves('STEP-5', async () => {
    const input = {
      path: { value: 'a.md' },
      content: { value: 'a' },
      reason: { value: 'only for the policy' },
    };
    const traceId = await world.start([write('a', { hitl: true, with: input })]);
    const review = await world.held(traceId);
    assert.equal(review.review_subject, 'arguments');
    assert.deepEqual(review.review_payload, { path: 'a.md', content: 'a', reason: 'only for the policy' });
    assert.deepEqual(review.sent, { path: 'a.md', content: 'a' });
  });

  proves('STEP-6', async () => {
    const traceId = await world.start([write('a', { hitl: true })]);
    const { step_span_id } = await world.held(traceId);
    assert.deepEqual(world.record(traceId), []);
    await http().approve(traceId, step_span_id);
    await world.end(traceId);
    assert.equal(world.record(traceId).filter(({ event }) => event === 'call').length, 1);
  });

  proves('STEP-7', async () => {
    const traceId = await world.start([write('a', { hitl: true })]);
    const { step_span_id, sent, payload_hash } = await world.held(traceId);
    await http().approve(traceId, step_span_id, { payload_hash });
    await world.end(traceId);
    const calls = world.record(traceId).filter(({ event }) => event === 'call');
    assert.deepEqual(
      calls.map((line) => line.arguments),
      [sent],
    );
    // RFC 8785 of two texts in the order of their names is what JSON.stringify makes of them in that order.
    const canonical = JSON.stringify({ content: sent?.['content'], path: sent?.['path'] });
    assert.equal(createHash('sha256').update(canonical).digest('hex'), payload_hash);
  });

  proves('STEP-8', async () => {
    world.file('schemas', 'never.json', { type: 'object', required: ['not there'] });
    const { saga } = await world.run([write('a', { output_schema: 'never.json' })]);
    assert.equal(saga.failure?.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
  });

  proves('STEP-9', async () => {
    const facts = [{ tool: 'list_notes', into: 'notes', fields: { first: '$.paths[0]' } }];
    const tools = { allow: [{ name: 'list_notes' }] };
    const { traceId } = await world.run([
      think('a', { tools, facts }),
      write('b'),
      write('c', {
        with: {
          path: { value: 'c.md' },
          content: { from: '$.steps.a.output.data.summary' },
          fact: { from: '$.steps.a.facts.notes.first' },
          result: { from: '$.steps.b.output.data.path' },
        },
      }),
    ]);
    const { resolved_arguments } = await world.show(traceId, 'c');
    const { output_payload } = await world.show(traceId, 'a');
    assert.equal(resolved_arguments['result'], 'b.md');
    assert.deepEqual(output_payload, {
      data: { summary: resolved_arguments['content'] },
      facts: { notes: { first: resolved_arguments['fact'] } },
    });
  });

  proves('STEP-10', async () => {
    world.file('prompts', 'talker.yaml', {
      steps: { a: [{ call: { tool: 'list_notes', arguments: {} } }, { submit: { summary: 'only this' } }] },
    });
    await world.deploy({
      kind: 'worker',
      name: 'talker',
      version: '1',
      provider: 'mock',
      model_name: 'talker.yaml',
      system_prompt: 'You talk.',
      tool_sources: [{ name: 'notes', transport: 'stdio', command: 'warden-notes' }],
    });
    const { traceId } = await world.run([
      think('a', { worker: 'talker', tools: { allow: [{ name: 'list_notes' }] } }),
      write('b', {
        with: {
          path: { value: 'b.md' },
          content: { value: 'b' },
          all: { from: '$.steps' },
        },
      }),
    ]);
    const { resolved_arguments } = await world.show(traceId, 'b');
    assert.deepEqual(Object(resolved_arguments['all']).a, {
      output: { data: { summary: 'only this' } },
      facts: {},
    });
  });

  proves('STEP-11', async () => {
    const { traceId } = await world.run([
      think('a'),
      write('b', { with: { path: { value: 'b.md' }, content: { value: 'b' }, all: { from: '$.steps.a' } } }),
    ]);
    const first = await world.show(traceId, 'a');
    assert.ok(Number(Object(first.usage?.['worker'])['total_tokens']) > 0);
    assert.equal(typeof Object(first.timing?.['engine'])['total_ms'], 'number');
    const { resolved_arguments } = await world.show(traceId, 'b');
    assert.deepEqual(Object.keys(Object(resolved_arguments['all'])).toSorted(), ['facts', 'output']);
  });
});
