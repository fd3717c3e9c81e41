import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { isJsonObject, storableText } from '../../domain/json.ts';
import { clip, isTooDeep } from '../../agent/clip.ts';
import { conversation } from '../../agent/prompt.ts';
import { runReact } from '../../agent/react.ts';
import { readTranscript } from '../../agent/transcript.ts';
import { allowance, echoTool, failureOf, object, reasonStep, recordedRun, text } from './runs.ts';

const NUL = '\u0000';
const HALF = '\ud83d';
const reading = { step: reasonStep({ tools: [allowance('read')] }), tools: [echoTool('read')] };

function nested(depth: number): Json {
  let value: Json = 'deep';
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('hostile text', () => {
  it('of models and tools holds no NUL and no half of a surrogate pair when it is recorded or answered', async () => {
    const { run, entries } = recordedRun(
      [
        { calls: [{ tool: 'read', arguments: { [`k${NUL}`]: `a${NUL}${HALF}` } }] },
        { submit: { [`o${NUL}ut`]: `x${NUL}${HALF}y 😀` } },
      ],
      {
        ...reading,
        call: () => {
          const text = `t${NUL}${HALF}`;
          return Promise.resolve({ isError: false, data: { [`d${NUL}`]: text }, text });
        },
      },
    );
    const { output } = await runReact(run);
    assert.deepEqual(output, { out: 'x\ufffdy 😀' });
    assert.deepEqual(object(entries[1])['data'], { d: 't\ufffd' });
    for (const written of [...entries, output]) {
      const text = JSON.stringify(written);
      assert.ok(!text.includes('\\u0000') && !text.includes('\\ud83d'), text);
    }
  });

  it('in a failure is made storable and bounded', async () => {
    const tool = `evil${NUL}${HALF}${'z'.repeat(10_000)}`;
    const { run } = recordedRun([{ calls: [{ tool, arguments: {} }] }], reading);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'TOOL_NOT_ALLOWED');
    const text = JSON.stringify(failure);
    assert.ok(text.length < 6_000 && !text.includes('\\u0000') && !text.includes('\\ud83d'));
  });

  it('of a tool is clipped to 8000 characters for the model only, and says so', async () => {
    const content = 'c'.repeat(20_000);
    const { run, entries } = recordedRun(
      [
        { calls: [{ tool: 'read', arguments: {} }] },
        { submit: { all: '{{ results[0].content | length }}' } },
      ],
      { ...reading, call: () => Promise.resolve({ isError: false, data: { content }, text: content }) },
    );
    assert.deepEqual((await runReact(run)).output, { all: 20_000 });
    assert.equal(text(object(entries[1])['text']).length, 20_000);
    const shown = conversation('p', readTranscript(entries.slice(0, 2)), 8_000).at(-1);
    assert.equal(shown?.text.length, 8_000);
    assert.match(shown.text, /… \(cut, 20000 characters in all\)$/);
  });

  it('is never cut inside a surrogate pair', () => {
    for (let limit = 40; limit < 44; limit += 1) {
      const cut = clip('😀'.repeat(60), limit);
      assert.ok(storableText(cut) === cut && cut.length === limit, cut);
    }
  });
});

describe('hostile JSON', () => {
  it('that nests too deep is refused as arguments, as output and as a result', async () => {
    const results: Json[] = [nested(5_000), 'fine'];
    const { run, entries, calls } = recordedRun(
      [
        { calls: [{ tool: 'read', arguments: { deep: nested(100) } }] },
        { calls: [{ tool: 'read', arguments: {} }] },
        { calls: [{ tool: '_submit', arguments: { deep: nested(100) } }] },
        { submit: { ok: true } },
      ],
      {
        ...reading,
        call: () => Promise.resolve({ isError: false, data: { value: results.shift() ?? null }, text: 'x' }),
      },
    );
    assert.deepEqual((await runReact(run)).output, { ok: true });
    assert.equal(calls.length, 1);
    const errors = entries.filter((entry) => entry['is_error'] === true);
    assert.equal(errors.length, 3);
    assert.ok(entries.every((entry) => !isTooDeep(entry)));
    assert.match(text(object(errors[1])['text']), /nested more than 64 deep/);
  });

  it('hidden in a text stays text, and is judged as such', async () => {
    const output_schema = { type: 'object', properties: { deep: { type: 'array' } } };
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    const { run } = recordedRun([{ submit: { deep } }], {
      step: reasonStep({ output_schema, max_turns: 1 }),
    });
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    assert.deepEqual(failure.details?.['problems'], [{ path: 'deep', message: 'must be array' }]);
  });

  it('that is no object is refused where one is wanted', async () => {
    const list: JsonObject[] = [{ type: 'array' }, { description: 'anything' }];
    for (const output_schema of list) {
      const step = reasonStep({ output_schema, max_turns: 1 });
      const recorded = recordedRun(null, { step });
      const failure = await failureOf(runReact(recorded.run));
      assert.equal(failure.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    }
  });

  it('with the names of prototypes stays plain data', async () => {
    const args: JsonObject = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    const { run } = recordedRun([{ submit: args }]);
    const { output } = await runReact(run);
    assert.equal(JSON.stringify(output), JSON.stringify(args));
    const plain: unknown = {};
    assert.ok(isJsonObject(plain) && plain['polluted'] === undefined);
  });

  it('of a result over the limit is not taken, and the model is told', async () => {
    const { run, entries } = recordedRun(
      [{ calls: [{ tool: 'read', arguments: {} }] }, { submit: { a: 1 } }],
      {
        ...reading,
        call: () => Promise.resolve({ isError: false, data: {}, text: 'h'.repeat(9 * 1024 * 1024) }),
      },
    );
    await runReact(run);
    assert.match(
      text(object(entries[1])['text']),
      /result of 9437184 characters is over the limit of 8388608/,
    );
  });
});
