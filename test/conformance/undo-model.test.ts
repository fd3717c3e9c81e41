import assert from 'node:assert/strict';
import { after, before, describe } from 'mocha';
import { local, type Said } from '../agent/protocols.ts';
import { startProvider, type ProviderServer } from '../agent/provider-server.ts';
import { proves } from './rule.ts';
import { fails, NOTES, useWorld, write } from './world.ts';

const TOOLS = { tools: { allow: [{ name: 'list_notes' }, { name: 'restore_note' }] } };

/** What a model says that undoes: each call with its arguments, or the end. */
const calls = (tool: string, args: object = {}): Said => ({
  calls: [{ tool, arguments: JSON.stringify(args) }],
});
const done = (status = 'success'): Said =>
  calls('_submit', { rollback_status: status, summary: 'The note is gone.' });

describe('an undo of several tools', () => {
  let provider: ProviderServer;
  before(async () => {
    provider = await startProvider();
  });
  // Less than any turn takes: what is undone must not count it.
  const world = useWorld(() => ({ WARDEN_LOCAL_LLM_BASE_URL: provider.url, WARDEN_MAX_STEP_TOKENS: '1' }));
  const http = () => world.stack().http;
  before(async () => {
    const undoer = { kind: 'worker', version: '1', tool_sources: [NOTES], system_prompt: 'You keep notes.' };
    const asks = { ...undoer, provider: 'local', model_name: 'model-of-today' };
    await world.deploy({ ...asks, name: 'prompted', compensation_prompt: 'You take notes back.' });
    await world.deploy({ ...asks, name: 'unprompted' });
    const turns = Array<object>(5).fill({ call: { tool: 'list_notes', arguments: {} } });
    world.file('prompts', 'endless.yaml', { steps: { 'a:undo': turns } });
    await world.deploy({ ...undoer, name: 'endless', provider: 'mock', model_name: 'endless.yaml' });
  });
  after(() => provider.close());

  const undoBy = (worker: string, more: object = {}) => ({
    compensation: world.file('compensations', `${worker}-${Object.keys(more).length}.yaml`, {
      worker,
      worker_version: '1',
      with: { key: { from: '$._compensation.forward_idempotency_key' } },
      ...TOOLS,
      ...more,
    }),
  });
  async function undoOf(traceId: string) {
    const row = (await world.rows(traceId)).find(({ compensates_span_id }) => compensates_span_id !== null);
    assert.ok(row);
    return await http().showStep(traceId, row.step_span_id);
  }
  /** Starts a saga whose step `a` a model undoes, which says these turns. */
  async function undone(worker: string, ...turns: (Said | ((key: string) => Said))[]) {
    const traceId = await world.start([write('a', { ...undoBy(worker), hitl: true }), fails('b')]);
    const { step_span_id } = await world.held(traceId);
    const key = `${traceId}:${step_span_id}`;
    provider.requests.splice(0);
    const said = turns.map((turn) => (typeof turn === 'function' ? turn(key) : turn));
    provider.answers.splice(0, Infinity, ...said.map((each) => ({ events: local.turn(each) })));
    await http().approve(traceId, step_span_id);
    const saga = await world.end(traceId);
    return { traceId, saga, undo: await undoOf(traceId), bodies: provider.requests.map(({ body }) => body) };
  }
  const restore = (key: string) => calls('restore_note', { forward_key: key });

  proves('UNDO-16', async () => {
    const { traceId, saga, undo, bodies } = await undone('prompted', calls('list_notes'), restore, done());
    assert.deepEqual([saga.status, undo.status], ['COMPENSATED', 'COMPENSATED']);
    assert.equal(world.note('a.md'), null);
    const [system, told] = bodies[0].messages;
    assert.deepEqual([system.role, system.content], ['system', 'You take notes back.']);
    assert.match(JSON.stringify(told), /forward_idempotency_key/);
    assert.equal(bodies.length, 3);
    const offered = local.tools(bodies[0]).map(({ name }) => name);
    assert.deepEqual(offered, ['list_notes', 'restore_note', '_submit']);
    const { rollback_status, tool_results } = undo.output_payload ?? {};
    assert.equal(rollback_status, 'success');
    assert.deepEqual(
      Array.from(Object(tool_results), (result) => Object(result).tool),
      ['list_notes', 'restore_note'],
    );
    const tools = world.record(traceId).flatMap(({ event, tool }) => (event === 'call' ? [tool] : []));
    assert.deepEqual(tools, ['put_note', 'put_note', 'list_notes', 'restore_note']);
  });

  proves('UNDO-22', async () => {
    const { saga, bodies } = await undone('unprompted', restore, done());
    assert.equal(saga.status, 'COMPENSATED');
    const [system] = bodies[0].messages;
    assert.notEqual(system.content, 'You keep notes.');
    assert.match(system.content, /not look for the reason|diagnos/i);
    assert.match(system.content, /not do the work of the step again|retry/i);
  });

  proves('UNDO-23', async () => {
    const { traceId, saga, undo, bodies } = await undone(
      'prompted',
      restore,
      done('failed'),
      restore,
      done(),
    );
    assert.deepEqual([saga.status, undo.status, bodies.length], ['COMPENSATED', 'COMPENSATED', 4]);
    const keys = world
      .record(traceId)
      .flatMap(({ event, tool, key }) => (event === 'call' && tool === 'restore_note' ? [key] : []));
    assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
  });

  proves('UNDO-17', async () => {
    const own = undoBy('endless', { max_turns: 2 });
    const inherited = { ...undoBy('endless'), max_turns: 3 };
    const runs = await Promise.all([own, inherited].map((more) => world.run([write('a', more), fails('b')])));
    for (const [at, turns] of [2, 3].entries()) {
      const { traceId, saga } = runs[at] ?? assert.fail();
      assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'COMPENSATION_FAILED']);
      const { status, error_details, usage } = await undoOf(traceId);
      assert.deepEqual(
        [status, error_details?.['code'], error_details?.['max_turns'], error_details?.['attempts']],
        ['FAILED', 'compensation_max_turns', turns, 5],
      );
      assert.equal(Object(usage?.['worker'])['llm_calls'], 5 * turns);
    }
  });
});
