import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { sagaOf, stepWith, useDeploys } from './manifests.ts';
import { proves } from './rule.ts';
import { SHAPES_ENV, useShapes } from './shapes.ts';
import { think, useWorld } from './world.ts';

describe('facts and resources', () => {
  const world = useWorld(SHAPES_ENV);
  const { refuses } = useDeploys(world);
  const shapes = useShapes(world);
  const tools = { allow: [{ name: 'say' }, { name: 'typed' }] };
  const say = (args: object) => ({ call: { tool: 'say', arguments: args } });
  const DONE = { submit: { done: true } };
  const facts = (fields: object, tool = 'say') => ({ tools, facts: [{ tool, into: 'found', fields }] });

  proves('MANIFEST-112', async () => {
    const turns = [
      say({ structured: { n: 1 } }),
      say({ text: '{"n": 2, "from": "text"}', structured: { n: 3 } }),
      say({ structured: { n: 4 }, wrong: true }),
      DONE,
    ];
    const { step } = await shapes.play(turns, facts({ n: '$.n', from: '$.from' }));
    assert.deepEqual(step.output_payload?.['facts'], { found: { n: 2, from: 'text' } });
  });

  proves('MANIFEST-113', async () => {
    const structured = { items: [{ n: 1 }, { n: 2 }], one: [7], list: [1, 2] };
    const fields = { all: '$.items[*].n', one: '$.one[*]', list: '$.list', root: '$.items[0]' };
    const { step } = await shapes.play([say({ structured }), DONE], facts(fields));
    assert.deepEqual(step.output_payload?.['facts'], {
      found: { all: [1, 2], one: 7, list: [1, 2], root: { n: 1 } },
    });
  });

  proves('MANIFEST-114', async () => {
    const { step } = await shapes.play([say({ structured: { n: 1 } }), DONE], {
      tools,
      facts: [
        { tool: 'typed', into: 'never', fields: { n: '$.n' } },
        { tool: 'say', into: 'found', fields: { n: '$.n' } },
      ],
    });
    assert.deepEqual([step.status, step.output_payload?.['facts']], ['COMPLETED', { found: { n: 1 } }]);
  });

  proves('MANIFEST-115', async () => {
    const turns = [say({ structured: { other: 'what came' } }), DONE];
    const { step } = await shapes.play(turns, facts({ n: '$.n' }));
    const { code, tool_result_preview } = step.error_details ?? {};
    assert.equal(code, 'FACT_EXTRACTION_FAILED');
    assert.match(String(tool_result_preview), /what came/);
    const wrong = await shapes.play([say({ structured: { n: 1 }, wrong: true }), DONE], facts({ n: '$.n' }));
    assert.equal(wrong.step.error_details?.['code'], 'FACT_EXTRACTION_FAILED');
  });

  proves('MANIFEST-116', async () => {
    const of = (...each: object[]) => sagaOf(think('a', { tools, facts: each }));
    const fields = { n: '$.n' };
    await refuses([
      [
        of({ tool: 'say', into: 'x', fields }, { tool: 'typed', into: 'x', fields }),
        'steps[0].facts[1].into',
        /"x" a second time/,
      ],
      [
        of({ tool: 'other', into: 'x', fields }),
        'steps[0].facts[0].tool',
        /may call only what its "tools.allow" lists/,
      ],
      [of({ into: 'x', fields }), 'steps[0].facts[0].tool', /is required/],
      [of({ tool: 'say', fields }), 'steps[0].facts[0].into', /is required/],
      [of({ tool: 'say', into: 'x' }), 'steps[0].facts[0].fields', /is required/],
      [of({ tool: 'say', into: 'x', fields: {} }), 'steps[0].facts[0].fields', /an empty one/],
      [
        of({ tool: 'say', into: 'x', fields: { n: 'n' } }),
        'steps[0].facts[0].fields.n',
        /expected a JSONPath/,
      ],
      [
        of({ tool: 'say', into: 'x', fields: { n: { from: '$' } } }),
        'steps[0].facts[0].fields.n',
        /a JSONPath/,
      ],
    ]);
  });

  const read = (uri: string) => ({ call: { tool: '_read_resource', arguments: { uri } } });
  const reading = (uri: string, project: unknown = 'blue') => ({
    with: { subject: { value: 'x' }, project: { value: project } },
    resources: { allow: [{ uri, description: 'What there is.' }, { uri: 'shape://all' }] },
  });

  proves('MANIFEST-117', async () => {
    const turns = [
      read('shape://blue/files'),
      read('shape://all'),
      { submit: { first: '{{ results[0].text }}', second: '{{ results[1].text }}' } },
    ];
    const { step } = await shapes.play(turns, reading('shape://{project}/files'));
    assert.deepEqual(step.output_payload, {
      data: { first: 'this is shape://blue/files', second: 'this is shape://all' },
    });
    const number = await shapes.play([read('shape://7/files'), DONE], reading('shape://{project}/files', 7));
    assert.equal(number.step.status, 'COMPLETED');
  });

  proves('MANIFEST-118', async () => {
    const before = shapes.read().length;
    const cases: [string, string][] = [
      ['shape://red/files', 'RESOURCE_URI_PLACEHOLDER_MISMATCH'],
      ['shape://elsewhere', 'RESOURCE_NOT_ALLOWED'],
      ['file:///etc/passwd', 'RESOURCE_NOT_ALLOWED'],
      ['shape://blue/../files', 'RESOURCE_URI_TRAVERSAL'],
      ['shape://blue%2f%2e%2e/files', 'RESOURCE_URI_TRAVERSAL'],
      ['shape://blue\u0007/files', 'RESOURCE_URI_CONTROL_CHARACTERS'],
    ];
    for (const [uri, code] of cases) {
      const { step } = await shapes.play([read(uri), DONE], reading('shape://{project}/files'));
      assert.deepEqual([step.status, step.error_details?.['code']], ['FAILED', code], uri);
    }
    const { step } = await shapes.play([read('shape://all'), DONE]);
    assert.equal(step.error_details?.['code'], 'TOOL_NOT_ALLOWED');
    assert.equal(shapes.read().length, before);
  });

  proves('MANIFEST-119', async () => {
    const saga = (...uris: string[]) =>
      stepWith({ with: { project: { value: 1 } }, resources: { allow: uris.map((uri) => ({ uri })) } });
    const path = 'steps[0].resources.allow[0].uri';
    await refuses([
      [saga('shape://{projet}'), path, /found "\{projet\}": did you mean "\{project\}"/],
      [saga('shape://../a'), path, /leads down only, found "\.\."/],
      [saga('shape://a/%2e%2e/b'), path, /leads down only/],
      [saga('shape://a\u0007b'), path, /without control characters/],
      [saga('shape://a%00b'), path, /without control characters/],
      [saga('shape://{project'), path, /a "\{" of none/],
      [saga('no-scheme'), path, /expected a URI/],
      [saga('a:b', 'a:b'), 'steps[0].resources.allow[1]', /"a:b" a second time/],
    ]);
  });

  proves('MANIFEST-120', async () => {
    const codeOf = async (project: unknown) => {
      const { step } = await shapes.play([DONE], reading('shape://{project}/files', project));
      return step.error_details?.['code'];
    };
    assert.equal(await codeOf('..'), 'RESOURCE_URI_TRAVERSAL');
    assert.equal(await codeOf('a/../../b'), 'RESOURCE_URI_TRAVERSAL');
    assert.equal(await codeOf('a%00'), 'RESOURCE_URI_CONTROL_CHARACTERS');
    for (const none of [null, '', { a: 1 }])
      assert.equal(await codeOf(none), 'RESOURCE_URI_PLACEHOLDER_MISSING', JSON.stringify(none));
  });
});
