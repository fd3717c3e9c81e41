import assert from 'node:assert/strict';
import { describe } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { stepWith, useDeploys, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { useWorld, write } from './world.ts';

describe('bindings', () => {
  const world = useWorld();
  const { problems, refuses } = useDeploys(world);

  /** What paths bind, read from the resolved arguments of one step. */
  async function bound(paths: Readonly<Record<string, string>>, input: JsonObject): Promise<JsonObject> {
    const bindings = Object.entries(paths).map(([name, from]) => [name, { from }]);
    const { path, content } = write('a').with ?? Object(null);
    const { traceId } = await world.run(
      [write('a', { with: { path, content, ...Object.fromEntries(bindings) } })],
      input,
    );
    const { resolved_arguments } = await world.show(traceId, 'a');
    return Object.fromEntries(Object.keys(paths).map((name) => [name, resolved_arguments[name] ?? null]));
  }

  proves('MANIFEST-71', async () => {
    const binding = (value: Json): BadCase[0] => stepWith({ with: { x: value } });
    const said = /exactly one of "from" and "value"/;
    await refuses([
      [binding({ from: '$.input', value: 1 }), 'steps[0].with.x', /found both/],
      [binding({}), 'steps[0].with.x', said],
      [binding('$.input'), 'steps[0].with.x', /\{from: "\$…"\} or \{value: …\}/],
      [stepWith({ with: [] }), 'steps[0].with', /a map of names/],
      [stepWith({ with: { _hitl_retry: { value: 1 } } }), 'steps[0].with._hitl_retry', /reserved/],
    ]);
  });

  proves('MANIFEST-72', async () => {
    const values: JsonObject = {
      nothing: null,
      number: 1.5,
      large: 9_007_199_254_740_991,
      no: false,
      text: '$.input.a {{ b }} ${C}',
      list: [null, { a: [] }],
      map: { from: '$.input', value: { yes: 'yes' } },
    };
    const bindings = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
    const { traceId } = await world.run([write('a', { with: { ...bindings, ...Object(write('a').with) } })]);
    const { path, content, ...rest } = (await world.show(traceId, 'a')).resolved_arguments;
    assert.deepEqual([rest, path, content], [values, 'a.md', 'a']);
  });

  proves('MANIFEST-73', async () => {
    const input = { list: [{ n: 1 }, { n: 2 }], none: null };
    const paths = { missing: '$.input.missing.too', first: '$.input.list[*].n', none: '$.input.none' };
    assert.deepEqual(
      await bound({ ...paths, later: '$.steps.b.output.data.x', beyond: '$.input.list[7]' }, input),
      {
        missing: null,
        first: 1,
        none: null,
        later: null,
        beyond: null,
      },
    );
  });

  proves('MANIFEST-74', async () => {
    const input = {
      items: [
        { name: 'a', n: 1, tags: ['x'] },
        { name: 'b', n: 5, tags: [] },
        { name: 'c', n: 9, tags: ['x', 'y'] },
      ],
      deep: { er: { name: 'down' } },
    };
    const paths = {
      filter: '$.input.items[?@.n > 3].name',
      and: "$.input.items[?@.n > 1 && @.name != 'b'].name",
      exists: '$.input.items[?@.tags[0]].n',
      length: '$.input.items[?length(@.tags) == 2].name',
      count: '$.input.items[?count(@.tags[*]) == 0].name',
      last: '$.input.items[-1].name',
      slice: '$.input.items[1:].name',
      backwards: '$.input.items[::-1].name',
      several: "$.input.items[2,0]['name']",
      descendant: '$.input.deep..name',
      wild: '$.input.deep.*.name',
      root: '$.input.items[?@.n == $.input.items[1].n].name',
    };
    assert.deepEqual(await bound(paths, input), {
      filter: 'b',
      and: 'c',
      exists: 1,
      length: 'c',
      count: 'b',
      last: 'c',
      slice: 'b',
      backwards: 'c',
      several: 'c',
      descendant: 'down',
      wild: 'down',
      root: 'b',
    });
  });

  proves('MANIFEST-75', async () => {
    const input = { 'a-b': 1, '@type': 2, 'with space': { 'c-d': [3] } };
    const paths = {
      hyphen: '$.input.a-b',
      at: '$.input.@type',
      single: "$.input.'with space'.c-d[0]",
      double: '$.input."with space".c-d[0]',
      bracket: "$.input.['with space'].['c-d'].[0]",
      deep: '$..c-d[0]',
    };
    assert.deepEqual(await bound(paths, input), {
      hyphen: 1,
      at: 2,
      single: 3,
      double: 3,
      bracket: 3,
      deep: 3,
    });
  });

  proves('MANIFEST-76', async () => {
    const wrong = [
      'input.a',
      '',
      '$.',
      '$.a[',
      "$['a",
      '$[?',
      '$.a b',
      '$[01]',
      '$[?foo(@.a)]',
      '@.a',
      '$..',
    ];
    await refuses(
      wrong.map((from): BadCase => [
        stepWith({ with: { x: { from } } }),
        'steps[0].with.x.from',
        /expected a JSONPath/,
      ]),
    );
    const text = JSON.stringify(stepWith({ with: { x: { from: '$.input.a b' } } }));
    const [problem] = await problems(text);
    assert.equal(problem?.column, text.indexOf('b"}') + 1);
  });
});
