import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { inventValue } from '../../agent/mock-values.ts';
import { runReact } from '../../agent/react.ts';
import { compileSchema } from '../../expression/schema.ts';
import type { JsonObject } from '../../domain/json.ts';
import { allowance, echo, echoTool, object, reasonStep, recordedRun } from './runs.ts';

describe('the mock model without a script', () => {
  it('answers from the output_schema: examples, default, const, first enum, else a minimal valid value', async () => {
    const output_schema: JsonObject = {
      type: 'object',
      required: ['title'],
      additionalProperties: false,
      properties: {
        title: { type: 'string', maxLength: 60 },
        level: { enum: ['patch', 'minor'] },
        kind: { const: 'entry' },
        author: { type: 'string', default: 'nobody' },
        version: { type: 'string', pattern: '^\\d+\\.\\d+$', examples: ['1.2'] },
        count: { type: 'integer', minimum: 3 },
        ratio: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
        done: { type: 'boolean' },
        when: { type: 'string', format: 'date' },
        lines: { type: 'array', items: { $ref: '#/$defs/line' }, minItems: 2 },
        note: { type: ['null', 'string'] },
      },
      $defs: { line: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
    };
    const { run } = recordedRun(null, { step: reasonStep({ output_schema }) });
    const { output } = await runReact(run);
    assert.deepEqual(output, {
      title: 'mock title: bees',
      level: 'patch',
      kind: 'entry',
      author: 'nobody',
      version: '1.2',
      count: 3,
      ratio: 1,
      done: false,
      when: '2026-01-01',
      lines: [{ text: 'mock text: bees' }, { text: 'mock text: bees' }],
      note: 'mock note: bees',
    });
  });

  it('without an output_schema answers summary and every key that later bindings read', async () => {
    const { run } = recordedRun(null, { wantedKeys: ['title', 'summary'] });
    const { output } = await runReact(run);
    assert.deepEqual(output, { summary: 'mock summary: bees', title: 'mock title: bees' });
  });

  it('shows the guidance of a retry, and never takes it for the first bound argument', async () => {
    const retry = { attempt: 1, max_retries: null, guidance: 'shorter' };
    const { run } = recordedRun(null, {
      arguments: { _hitl_retry: retry, topic: 'bees' },
      guidance: 'shorter',
    });
    const { output } = await runReact(run);
    assert.deepEqual(output, { summary: 'mock summary: bees (asked: shorter)' });
  });

  it('calls each allowed tool once with arguments from its schema and the with values of the same names, then submits', async () => {
    const schema = {
      type: 'object',
      required: ['path', 'lines'],
      properties: {
        path: { type: 'string' },
        lines: { type: 'integer', minimum: 1 },
        sort: { type: 'boolean' },
      },
    };
    const { run, calls, entries } = recordedRun(null, {
      step: reasonStep({ tools: [allowance('read'), allowance('list')] }),
      arguments: { topic: 'bees', path: 'a.md' },
      tools: [echoTool('read', schema), echoTool('list')],
      call: echo,
    });
    await runReact(run);
    assert.deepEqual(calls, ['read call_1_1 {"path":"a.md","lines":1}', 'list call_1_2 {}']);
    assert.deepEqual(
      entries.map((entry) => entry['kind']),
      ['model', 'tool', 'tool', 'model'],
    );
  });

  it('gives every run of the same step the same turns', async () => {
    const first = recordedRun(null, { wantedKeys: ['a'] });
    const second = recordedRun(null, { wantedKeys: ['a'] });
    assert.deepEqual(await runReact(first.run), await runReact(second.run));
    assert.deepEqual(first.entries, second.entries);
  });

  it('ends on a schema that contains itself, and on one that asks for huge values', () => {
    const tree: JsonObject = {
      type: 'object',
      required: ['child'],
      properties: { child: { $ref: '#' }, all: { type: 'array', items: { $ref: '#' }, minItems: 2 } },
    };
    assert.ok(JSON.stringify(inventValue(tree, { quote: '', fill: 'all' })).length < 100_000);
    const huge = { type: 'array', minItems: 1e9, items: { type: 'string', minLength: 1e9 } };
    assert.ok(JSON.stringify(inventValue(huge, { quote: '', fill: 'all' })).length < 1_000_000);
  });

  it('makes valid values for every bound on numbers, texts and lists', () => {
    const bounds = fc.record({
      low: fc.integer({ min: -50, max: 50 }),
      span: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(
        bounds,
        fc.constantFrom<('all' | 'required')[]>('all', 'required'),
        ({ low, span }, fill) => {
          const least = Math.max(0, low);
          const schema = object({
            type: 'object',
            required: ['n', 's', 'l'],
            properties: {
              n: { type: 'integer', minimum: low, maximum: low + span },
              s: { type: 'string', minLength: least, maxLength: least + span },
              l: {
                type: 'array',
                minItems: span,
                maxItems: span,
                items: { type: 'number', exclusiveMaximum: low },
              },
            },
          });
          assert.deepEqual(compileSchema(schema)(inventValue(schema, { quote: 'q', fill })), []);
        },
      ),
      { numRuns: 40 },
    );
  });
});
