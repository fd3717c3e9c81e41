import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { sagaOf, stepWith, useDeploys, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { call, SHAPES_ENV, useShapes } from './shapes.ts';
import { think, useWorld, write } from './world.ts';

const DRAFT_7 = 'http://json-schema.org/draft-07/schema#';

describe('fields of steps', () => {
  const world = useWorld(SHAPES_ENV);
  const { outcome, problems, refuses } = useDeploys(world);
  const shapes = useShapes(world);
  const say = { tools: { allow: [{ name: 'say' }] } };

  proves('MANIFEST-57', async () => {
    const given = { hitl_max_retries: 1, hitl_retry_guidance: 'Be brief.', review: { expires: '1h' } };
    for (const hitl of [undefined, false]) {
      await refuses(
        Object.entries(given).map(([key, value]): BadCase => [
          stepWith({ hitl, [key]: value }),
          `steps[0].${key}`,
          /needs "hitl: true"/,
        ]),
      );
    }
    await outcome(stepWith({ ...given, hitl: true }));
  });

  proves('MANIFEST-58', async () => {
    const held = (more: object) => stepWith({ hitl: true, ...more });
    await outcome(held({ hitl_max_retries: 0, hitl_retry_guidance: 'x'.repeat(4096) }));
    await refuses([
      [held({ hitl_max_retries: -1 }), 'steps[0].hitl_max_retries', /an integer of at least 0/],
      [held({ hitl_max_retries: 1.5 }), 'steps[0].hitl_max_retries', /an integer of at least 0/],
      [held({ hitl_retry_guidance: 'x'.repeat(4097) }), 'steps[0].hitl_retry_guidance', /at most 4096/],
    ]);
  });

  proves('MANIFEST-59', async () => {
    const expires = (value: unknown) => stepWith({ hitl: true, review: { expires: value } });
    await outcome(expires('PT36H'));
    for (const same of ['P1DT12H', '36h', '2160m', '129600s', '1.5d'])
      assert.equal(await outcome(expires(same)), 'unchanged', same);
    for (const wrong of [36, '36', '36 hours', '-1h', '0s', 'P', 'PT', 'P1M', 'h', '1w'])
      await refuses([[expires(wrong), 'steps[0].review.expires', /expected a duration/]]);
  });

  proves('MANIFEST-60', async () => {
    // A tuple is said by other words in each draft, which mean nothing in the other.
    const tuple = [{ const: 1 }, { const: 2 }];
    const schema = (name: string, keyword: string, dialect?: string) =>
      world.file('schemas', `${name}.json`, {
        ...(dialect === undefined ? {} : { $schema: dialect }),
        properties: { list: { type: 'array', [keyword]: tuple } },
      });
    const codeOf = async (output_schema: string) => {
      const { saga } = await world.run([
        call('a', 'say', { structured: { list: [2, 1] } }, { output_schema }),
      ]);
      return saga.failure?.code ?? saga.status;
    };
    assert.equal(await codeOf(schema('new', 'prefixItems')), 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    assert.equal(await codeOf(schema('old', 'items', DRAFT_7)), 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    assert.equal(await codeOf(schema('new-in-old', 'prefixItems', DRAFT_7)), 'COMPLETED');
    const other = schema('other', 'prefixItems', 'http://json-schema.org/draft-04/schema#');
    await refuses([[stepWith({ output_schema: other }), '', /draft-07 or draft 2020-12, found .*draft-04/]]);
  });

  proves('MANIFEST-61', async () => {
    const output_schema = world.file('schemas', 'loose.json', {
      'x-own': { type: 'strin' },
      nullable: true,
      properties: { text: { type: 'string', format: 'date-time', widget: 'calendar' } },
    });
    const { saga } = await world.run([
      call('a', 'say', { structured: { text: 'no time' } }, { output_schema }),
    ]);
    assert.equal(saga.status, 'COMPLETED');
  });

  proves('MANIFEST-62', async () => {
    const bad: [string, string][] = [
      ['{"properties": {"a": {"type": "strin"}}}', 'properties.a.type'],
      ['{"required": "a"}', 'required'],
      ['[]', ''],
      ['{', ''],
      ['{"$ref": "http://elsewhere/schema"}', ''],
      ['{"pattern": "("}', ''],
    ];
    for (const [text, path] of bad) {
      const output_schema = world.file('schemas', 'bad.json', text);
      const allow = [{ name: 'put_note', output_schema }];
      for (const more of [{ output_schema }, { tools: { allow } }]) {
        const [problem] = await problems(stepWith(more));
        assert.match(problem?.file ?? '', /bad\.json$/, text);
        assert.equal(problem?.path, path, text);
      }
    }
  });

  proves('MANIFEST-63', async () => {
    world.rehearse({ put_note: { delay_before_ms: 60_000 } });
    const { traceId, saga } = await world.run([write('a', { timeout_seconds: 0.5 })]);
    world.rehearse(null);
    const { status, error_details } = await world.show(traceId, 'a');
    assert.deepEqual([status, error_details?.['code']], ['TIMED_OUT', 'STEP_TIMED_OUT']);
    assert.equal(saga.failure?.code, 'STEP_TIMED_OUT');
  });

  proves('MANIFEST-64', async () => {
    const two = { allow: [{ name: 'put_note' }, { name: 'list_notes' }] };
    await refuses([
      [stepWith({ tools: two }), 'steps[0].tools', /exactly one tool in "allow" of a commit, found 2/],
      [stepWith({ tools: { allow: [] } }), 'steps[0].tools', /exactly one tool.*found none/],
      [stepWith({ tools: undefined }), 'steps[0].tools', /is required/],
    ]);
    assert.equal(await outcome({ ...sagaOf(think('a', { tools: two })), name: 'two' }), 'created');
  });

  proves('MANIFEST-65', async () => {
    const allow = (...names: string[]) =>
      sagaOf(think('a', { tools: { allow: names.map((name) => ({ name })) } }));
    await refuses([
      [allow('a', 'b', 'a'), 'steps[0].tools.allow[2]', /"a" a second time/],
      [allow('_submit'), 'steps[0].tools.allow[0]', /the reserved name _submit/],
      [allow('_read_resource'), 'steps[0].tools.allow[0]', /the reserved name _read_resource/],
    ]);
  });

  proves('MANIFEST-68', async () => {
    const output_schema = world.file('schemas', 'wanted.json', { type: 'object', required: ['wanted'] });
    const tools = { allow: [{ name: 'say', output_schema }] };
    const commit = async (structured: object) => {
      const { traceId } = await world.run([call('a', 'say', { structured: { ...structured } }, { tools })]);
      return (await world.show(traceId, 'a')).error_details?.['code'] ?? null;
    };
    assert.deepEqual(
      [await commit({ other: 1 }), await commit({ wanted: 1 })],
      ['OUTPUT_SCHEMA_VALIDATION_FAILED', null],
    );
    const turns = [
      { call: { tool: 'say', arguments: { structured: { other: 1 } } } },
      { submit: { told: '{{ results[0].text }}' } },
    ];
    const { step } = await shapes.play(turns, { tools });
    assert.match(Object(step.output_payload?.['data']).told, /wanted/);
    const strict = await shapes.play(turns, { tools, on_tool_error: 'fail' });
    assert.equal(strict.step.status, 'FAILED');
  });

  proves('MANIFEST-69', async () => {
    for (const wrong of [0, 201, -1, 1.5])
      await refuses([[stepWith({ max_turns: wrong }), 'steps[0].max_turns', /an integer from 1 to 200/]]);
    for (const right of [1, 200]) await outcome(stepWith({ max_turns: right }));
    const again = { call: { tool: 'say', arguments: { text: 'again' } } };
    const three = [again, again, again, { submit: { done: true } }];
    const { step } = await shapes.play(three, { ...say, max_turns: 3 });
    const { code, reason, turns_used } = step.error_details ?? {};
    assert.deepEqual([code, reason, turns_used], ['no_submit_call', 'max_turns_exceeded', 3]);
    assert.equal((await shapes.play(three, { ...say, max_turns: 4 })).step.status, 'COMPLETED');
    const ten = await shapes.play([...Array<object>(10).fill(again), { submit: { done: true } }], say);
    assert.equal(ten.step.error_details?.['turns_used'], 10);
  });

  proves('MANIFEST-70', async () => {
    for (const wrong of [0, -1, 'never', 2_000_001])
      await refuses([[stepWith({ timeout_seconds: wrong }), 'steps[0].timeout_seconds', /more than 0/]]);
    await outcome(stepWith({ timeout_seconds: 0.5 }));
  });
});
