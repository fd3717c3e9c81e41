import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { useDeploys, workerWith } from './manifests.ts';
import { proves } from './rule.ts';
import { SHAPES_ENV, useShapes } from './shapes.ts';
import { think, useWorld, write } from './world.ts';

describe('the mock provider', () => {
  const world = useWorld(SHAPES_ENV);
  const { refuses } = useDeploys(world);
  const shapes = useShapes(world);
  const http = () => world.stack().http;
  const dataOf = (step: { output_payload: object | null }) => Object(step.output_payload).data;
  const list = { tools: { allow: [{ name: 'list_notes' }] } };

  proves('MANIFEST-47', async () => {
    world.file('schemas', 'invented.json', {
      type: 'object',
      required: ['deep'],
      properties: {
        exampled: { type: 'string', examples: ['an example', 'another'], default: 'no' },
        preset: { type: 'integer', default: 7, enum: [1, 7] },
        constant: { const: { a: 1 } },
        chosen: { enum: ['first', 'second'] },
        small: { type: 'integer', minimum: 3 },
        ratio: { type: 'number' },
        flag: { type: 'boolean' },
        list: { type: 'array', items: { type: 'integer' }, minItems: 2 },
        deep: { type: 'object', properties: { text: { type: 'string', minLength: 5, maxLength: 9 } } },
      },
    });
    const { traceId } = await world.run([think('a', { output_schema: 'invented.json' })]);
    const { deep, ...data } = dataOf(await world.show(traceId, 'a'));
    assert.deepEqual(data, {
      exampled: 'an example',
      preset: 7,
      constant: { a: 1 },
      chosen: 'first',
      small: 3,
      ratio: 0,
      flag: false,
      list: [0, 0],
    });
    assert.ok(deep.text.length >= 5 && deep.text.length <= 9);
  });

  proves('MANIFEST-48', async () => {
    const path = { path: { value: 'b.md' } };
    const { traceId } = await world.run([
      think('a', { output_schema: undefined }),
      write('b', { with: { ...path, content: { from: '$.steps.a.output.data.title' } } }),
      write('c', { with: { ...path, content: { from: '$.steps.a.output.data.body' } } }),
    ]);
    const data = dataOf(await world.show(traceId, 'a'));
    assert.deepEqual(Object.keys(data).toSorted(), ['body', 'summary', 'title']);
    assert.ok(Object.values(data).every((text) => typeof text === 'string'));
  });

  proves('MANIFEST-49', async () => {
    const bound = { subject: { from: '$.input.text' }, other: { value: 'of no interest' } };
    const { traceId } = await world.run([think('a', { with: bound })], { text: 'from the input' });
    const { summary } = dataOf(await world.show(traceId, 'a'));
    assert.match(summary, /from the input/);
    assert.doesNotMatch(summary, /of no interest/);
  });

  proves('MANIFEST-50', async () => {
    const tools = { allow: [{ name: 'put_note' }, { name: 'list_notes' }, { name: 'read_note' }] };
    const bound = { subject: { value: 'x' }, path: { value: 'called.md' } };
    const { traceId } = await world.run([think('a', { with: bound, tools })]);
    const calls = world.record(traceId).filter(({ event }) => event === 'call');
    assert.deepEqual(
      calls.map(({ tool, arguments: args }) => [tool, args?.['path']]),
      [
        ['put_note', 'called.md'],
        ['list_notes', undefined],
        ['read_note', 'called.md'],
      ],
    );
  });

  proves('MANIFEST-51', async () => {
    const worker = await shapes.playing({
      a: [
        { call: { tool: 'list_notes', arguments: {} } },
        { submit: { summary: '{{ arguments.subject }}' } },
      ],
    });
    for (const by of ['tester', worker]) {
      const run = async () => {
        const { traceId } = await world.run([think('a', { ...list, worker: by })]);
        const { output_payload, usage } = await world.show(traceId, 'a');
        return { output_payload, usage };
      };
      const first = await run();
      assert.deepEqual(await run(), first);
      assert.ok(Number(Object(first.usage?.['worker']).prompt_tokens) > 0);
    }
  });

  proves('MANIFEST-52', async () => {
    const call = (text: string) => ({ tool: 'say', arguments: { text } });
    const facts = [{ tool: 'say', into: 'last', fields: { text: '$.text' } }];
    const { step, traceId } = await shapes.play(
      [{ call: call('one') }, { calls: [call('two'), call('three')] }, { submit: { done: true } }],
      { tools: { allow: [{ name: 'say' }] }, facts },
    );
    assert.deepEqual(step.output_payload, { data: { done: true }, facts: { last: { text: 'three' } } });
    assert.deepEqual(
      shapes.took(traceId).map(({ text }) => text),
      ['one', 'two', 'three'],
    );
    assert.equal(Object(step.usage?.['worker']).llm_calls, 3);
    const spoken = await shapes.play([{ text: 'only words' }]);
    assert.deepEqual(
      [spoken.step.error_details?.['code'], spoken.step.error_details?.['last_assistant_content']],
      ['no_submit_call', 'only words'],
    );
  });

  proves('MANIFEST-53', async () => {
    const structured = { number: 7, list: [1, 2], nested: { flag: true } };
    const submit = {
      alone: '{{ results[0].list }}',
      number: '{{ results[0].number + 1 }}',
      inText: 'it is {{ results[0].number }}',
      argument: '{{ arguments.subject }}',
      missing: '[{{ nothing_here | default("") }}{{ guidance }}]',
      second: '{{ results[1].text }}',
      deep: [{ flag: '{{ results[0].nested.flag }}' }],
    };
    submit.missing = '[{{ guidance }}]';
    const worker = await shapes.playing({
      a: [
        { call: { tool: 'say', arguments: { structured } } },
        { call: { tool: 'say', arguments: { text: 'n is {{ results[0].number }}' } } },
        { submit },
      ],
    });
    const tools = { allow: [{ name: 'say' }] };
    const traceId = await world.start([
      think('a', { worker, tools, hitl: true, output_schema: undefined, with: { subject: { value: [1] } } }),
    ]);
    const { step_span_id, review_payload } = await world.held(traceId);
    const expected = {
      alone: [1, 2],
      number: 8,
      inText: 'it is 7',
      argument: [1],
      missing: '[]',
      second: 'n is 7',
      deep: [{ flag: true }],
    };
    assert.deepEqual(review_payload, { data: expected });
    await http().retry(traceId, step_span_id, { guidance: 'once more' });
    const second = await world.held(traceId, 'a', 2);
    assert.deepEqual(second.review_payload, { data: { ...expected, missing: '[once more]' } });
  });

  proves('MANIFEST-54', async () => {
    const refused = await shapes.play([{ fail: { status: 401 } }, { submit: { a: 1 } }]);
    const { code, status, attempts } = refused.step.error_details ?? {};
    assert.deepEqual([code, status, attempts], ['LLM_FAILED', 401, 1]);
    const passed = await shapes.play([{ fail: { status: 503, retry_after: 0 } }, { submit: { a: 1 } }]);
    assert.deepEqual(passed.step.output_payload, { data: { a: 1 } });
  });

  proves('MANIFEST-55', async () => {
    const { step } = await shapes.play([{ call: { tool: 'list_notes' } }], list);
    assert.equal(step.error_details?.['code'], 'LLM_FAILED');
    assert.match(String(step.error_details?.['message']), /mock script has no turn after its 1 for step a/);
  });

  proves('MANIFEST-56', async () => {
    const of = (name: string, content: object | string) =>
      workerWith({ model_name: world.file('prompts', name, content) });
    const turns = (...a: object[]) => ({ steps: { a } });
    await refuses([
      [of('s1.yaml', { a: [] }), 'steps', /is required/],
      [of('s2.yaml', turns({})), 'steps.a[0]', /exactly one of call, calls, submit, text, fail, found none/],
      [of('s3.yaml', turns({ text: 'a', submit: {} })), 'steps.a[0]', /found submit and text/],
      [of('s4.yaml', turns({ call: {} })), 'steps.a[0].call.tool', /is required/],
      [of('s5.yaml', turns({ fail: { status: 200 } })), 'steps.a[0].fail.status', /from 400 to 599/],
      [of('s6.yaml', turns({ submit: { a: '{{ nobody }}' } })), 'steps.a[0].submit.a', /found nobody/],
      [of('s7.yaml', turns({ submit: { a: '{{ 1 +' } })), 'steps.a[0].submit.a', /expected a template/],
    ]);
  });
});
