import assert from 'node:assert/strict';
import { describe } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { workerWith } from './manifests.ts';
import { proves } from './rule.ts';
import { call, SHAPES_ENV, useShapes } from './shapes.ts';
import { useWorld, write } from './world.ts';

/** As models write it, and what is meant. */
const SLOPPY: JsonObject = {
  list: '[1, 2]',
  object: '{"count": "3", "text": "4"}',
  count: ' 5 ',
  ratio: '0.5',
  flag: 'True',
  maybe: 'null',
  text: '6',
};
const MEANT: JsonObject = {
  list: [1, 2],
  object: { count: 3, text: '4' },
  count: 5,
  ratio: 0.5,
  flag: true,
  maybe: null,
  text: '6',
};
const count = { type: 'integer' };
const SCHEMA = {
  type: 'object',
  properties: {
    list: { type: 'array', items: count },
    object: { type: 'object', properties: { count, text: { type: 'string' } } },
    count,
    ratio: { type: 'number' },
    flag: { type: 'boolean' },
    maybe: { type: ['integer', 'null'] },
    text: { type: 'string' },
    deep: { type: 'object', properties: { deeper: { type: 'object', properties: { count } } } },
  },
};

describe('admission and calls', () => {
  const world = useWorld({ ...SHAPES_ENV, WARDEN_REACT_TOOL_MESSAGE_LIMIT: '200' });
  const shapes = useShapes(world);
  const http = () => world.stack().http;
  const schema = () => ({ output_schema: world.file('schemas', 'admits.json', SCHEMA) });
  const dataOf = ({ output_payload }: { output_payload: JsonObject | null }) => output_payload?.['data'];
  const using = (tool: string) => ({ tools: { allow: [{ name: tool }] } });
  const submit = async (submitted: object, more: object = {}) =>
    (await shapes.play([{ submit: submitted }], { ...schema(), ...more })).step;

  proves('MANIFEST-99', async () => {
    assert.deepEqual(dataOf(await submit(SLOPPY)), MEANT);
    assert.deepEqual(dataOf(await submit({ maybe: 'None', flag: 'false', count: '1e2' })), {
      maybe: null,
      flag: false,
      count: 100,
    });
    assert.deepEqual(dataOf(await submit({ list: ['1', '2'], object: { count: '3' } })), {
      list: [1, 2],
      object: { count: 3 },
    });
  });

  proves('MANIFEST-100', async () => {
    assert.deepEqual(dataOf(await submit(SLOPPY, { 'agent-adapter': 'simple' })), MEANT);
    const turns = [{ call: { tool: 'typed', arguments: SLOPPY } }, { submit: { done: true } }];
    const { traceId, step } = await shapes.play(turns, using('typed'));
    assert.equal(step.status, 'COMPLETED');
    assert.deepEqual(shapes.took(traceId), [MEANT]);
  });

  proves('MANIFEST-101', async () => {
    for (const text of ['6', 'true', 'null', 'none', '[1]', '{"a":1}', ' 6 '])
      assert.deepEqual(dataOf(await submit({ text })), { text });
  });

  proves('MANIFEST-102', async () => {
    const wrong: JsonObject[] = [
      { deep: { deeper: { count: '1' } } },
      { count: '1.5' },
      { count: 'one' },
      { count: '0x1' },
      { count: '01' },
      { flag: 'yes' },
      { flag: 1 },
      { list: '1, 2' },
      { list: '{"a": 1}' },
      { object: '[1]' },
      { count: 'null' },
      { text: 5 },
      { count: '' },
    ];
    for (const value of wrong) {
      const { error_details } = await submit(value);
      assert.equal(error_details?.['code'], 'OUTPUT_SCHEMA_VALIDATION_FAILED', JSON.stringify(value));
    }
  });

  proves('MANIFEST-103', async () => {
    const structured = { count: '5' };
    const { traceId, saga } = await world.run([call('a', 'say', { structured }, schema())]);
    assert.equal(saga.failure?.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    const kept = await world.run([call('a', 'say', { structured })]);
    assert.deepEqual(dataOf(await world.show(kept.traceId, 'a')), structured);
    assert.equal(shapes.took(traceId).length, 1);
  });

  proves('MANIFEST-104', async () => {
    const away = [{ name: 'away', transport: 'http', url: 'http://127.0.0.1:9/mcp' }];
    await world.deploy(workerWith({ name: 'away', tool_sources: away }));
    world.file('policies', 'denies.yaml', { cel: 'false' });
    const held = { hitl: true, policy: 'denies.yaml' };
    const cases: [string, object][] = [
      ['TOOL_NOT_FOUND', call('a', 'no_such_tool', {}, held)],
      ['MCP_UNAVAILABLE', call('a', 'typed', {}, { ...held, worker: 'away' })],
      ['TOOL_ARGUMENTS_INVALID', call('a', 'strict', {}, held)],
      ['TOOL_ARGUMENTS_INVALID', call('a', 'typed', { count: 'many' }, held)],
    ];
    for (const [code, step] of cases) {
      const { traceId, saga } = await world.run([{ ...write('a'), ...step }]);
      assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', code]);
      const types = (await world.ledger(traceId)).map(({ type }) => type);
      assert.ok(!types.some((type) => type.startsWith('review')), types.join(' '));
      assert.deepEqual(shapes.took(traceId), []);
    }
  });

  const sent = async (tool: string, args: JsonObject) => {
    const { traceId, saga } = await world.run([call('a', tool, args)]);
    assert.equal(saga.status, 'COMPLETED', saga.failure?.message);
    return shapes.took(traceId)[0];
  };

  proves('MANIFEST-105', async () => {
    const args = { text: 'x', maybe: null, ratio: null, for_the_policy: 1, object: { count: null, more: 2 } };
    const expected = { text: 'x', object: { count: null, more: 2 } };
    world.file('policies', 'sees.yaml', { cel: 'arguments.for_the_policy == 1' });
    // A null below the top is no integer, and stays for the tool to judge.
    const { saga } = await world.run([call('a', 'typed', args)]);
    assert.equal(saga.failure?.code, 'TOOL_ARGUMENTS_INVALID');
    const kept = { ...args, object: { count: 1, more: 2 } };
    const run = await world.run([call('a', 'typed', kept, { policy: 'sees.yaml' })]);
    assert.equal(run.saga.status, 'COMPLETED');
    assert.deepEqual(shapes.took(run.traceId), [{ ...expected, object: kept.object }]);
    assert.deepEqual(await sent('strict', { text: 'x', more: 1 }), { text: 'x' });
  });

  proves('MANIFEST-106', async () => {
    const args = { text: 'x', more: { any: 1 }, nothing: null };
    assert.deepEqual(await sent('open', args), { text: 'x', more: { any: 1 } });
  });

  proves('MANIFEST-107', async () => {
    const { maybe, object, ...flat } = SLOPPY;
    const { maybe: none, object: map, ...expected } = MEANT;
    assert.deepEqual(await sent('typed', flat), expected);
    assert.deepEqual([maybe, none, typeof object, typeof map], ['null', null, 'string', 'object']);
    assert.deepEqual(await sent('typed', { object: '{"text": "4"}' }), { object: { text: '4' } });
    assert.deepEqual(await sent('typed', { text: 'true' }), { text: 'true' });
  });

  proves('MANIFEST-108', async () => {
    const args = { count: '5', unknown: 'to the tool', flag: null };
    const traceId = await world.start([call('a', 'typed', args, { hitl: true })]);
    const { review_payload, sent: shown, step_span_id } = await world.held(traceId);
    assert.deepEqual([review_payload, shown], [args, { count: 5 }]);
    assert.deepEqual(shapes.took(traceId), []);
    await http().approve(traceId, step_span_id);
    await world.end(traceId);
    assert.deepEqual(shapes.took(traceId), [{ count: 5 }]);
  });

  proves('MANIFEST-109', async () => {
    const answered = async (args: JsonObject): Promise<Json | undefined> => {
      const { traceId } = await world.run([call('a', 'say', args)]);
      return dataOf(await world.show(traceId, 'a'));
    };
    const structured = { from: 'structured' };
    assert.deepEqual(await answered({ text: ' {"from": "text"}\n', structured }), { from: 'text' });
    assert.deepEqual(await answered({ text: '[1]', structured }), structured);
    assert.deepEqual(await answered({ text: 'words', structured }), structured);
    assert.deepEqual(await answered({ structured }), structured);
    assert.deepEqual(await answered({ text: '[1]' }), { text: '[1]' });
    assert.deepEqual(await answered({ text: 'words' }), { text: 'words' });
    assert.deepEqual(await answered({ text: '{"broken": ' }), { text: '{"broken": ' });
    assert.deepEqual(await answered({}), { text: '' });
  });
});
