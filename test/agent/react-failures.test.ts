import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MockTurn } from '../../domain/definition.ts';
import { runReact } from '../../agent/react.ts';
import { allowance, echo, echoTool, failureOf, object, reasonStep, recordedRun, text } from './runs.ts';

const call = (tool: string, args = {}): MockTurn => ({ calls: [{ tool, arguments: args }] });
const titled = {
  type: 'object',
  required: ['title'],
  properties: { title: { type: 'string', minLength: 3 } },
};

describe('the end of a reason step', () => {
  it('a turn with text only is no_submit_call, model_text_exit', async () => {
    const { run } = recordedRun([{ text: `done: {{ arguments.topic }} ${'x'.repeat(900)}` }]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'no_submit_call');
    const { last_assistant_content: last, ...details } = object(failure.details);
    assert.deepEqual(details, {
      reason: 'model_text_exit',
      turns_used: 1,
      max_turns: 10,
      last_tool_errors: [],
    });
    assert.match(text(last), /^done: bees xxx/);
    assert.equal(text(last).length, 500);
  });

  it('turns used up without a submit is no_submit_call, max_turns_exceeded, with the last five tool errors', async () => {
    const { run, entries } = recordedRun(
      Array.from({ length: 9 }, (_, index) => call('read', { n: index })),
      {
        step: reasonStep({ tools: [allowance('read')], max_turns: 7 }),
        tools: [echoTool('read')],
        call: (_tool, args) => {
          const text = `error ${JSON.stringify(args)} ${'y'.repeat(700)}`;
          return Promise.resolve({ isError: true, data: { text }, text });
        },
      },
    );
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'no_submit_call');
    const details = object(failure.details);
    assert.deepEqual(
      [details['reason'], details['turns_used'], details['max_turns']],
      ['max_turns_exceeded', 7, 7],
    );
    const errors = Array.isArray(details['last_tool_errors']) ? details['last_tool_errors'] : [];
    assert.deepEqual(
      errors.map((error) => text(object(error)['preview']).slice(0, 13)),
      [2, 3, 4, 5, 6].map((n) => `error {"n":${n}}`),
    );
    assert.ok(errors.every((error) => text(object(error)['preview']).length === 500));
    assert.equal(entries.length, 14);
  });

  it('an empty object without output_schema is refused, and empty_submit_result when no turn is left', async () => {
    const again = recordedRun([{ submit: {} }, { submit: { a: 1 } }]);
    assert.deepEqual((await runReact(again.run)).output, { a: 1 });
    for (const max_turns of [1, 10]) {
      const failure = await failureOf(
        runReact(recordedRun([{ submit: {} }], { step: reasonStep({ max_turns }) }).run),
      );
      assert.equal(failure.code, 'empty_submit_result');
    }
  });

  it('output that the schema refuses goes back to the model with its problems, and it may submit again', async () => {
    const { run, entries } = recordedRun([{ submit: { title: 'a' } }, { submit: { title: 'long' } }], {
      step: reasonStep({ output_schema: titled }),
    });
    assert.deepEqual((await runReact(run)).output, { title: 'long' });
    const refused = object(entries[1]);
    assert.deepEqual([refused['tool'], refused['is_error'], refused['called']], ['_submit', true, false]);
    assert.match(text(refused['text']), /title must NOT have fewer than 3 characters/);
  });

  it('output that the schema still refuses when no turn is left is OUTPUT_SCHEMA_VALIDATION_FAILED with the problems', async () => {
    const step = reasonStep({ output_schema: titled, max_turns: 2 });
    const scripts: MockTurn[][] = [
      [{ submit: { title: 1 } }, { submit: {} }, { submit: {} }],
      [{ submit: {} }],
    ];
    for (const script of scripts) {
      const failure = await failureOf(runReact(recordedRun(script, { step }).run));
      assert.equal(failure.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
      assert.deepEqual(failure.details?.['problems'], [{ path: 'title', message: 'is required' }]);
      assert.match(failure.message, /title is required/);
    }
  });

  it('a tool outside the allow list is TOOL_NOT_ALLOWED, and no call of that turn is made', async () => {
    const { run, calls, entries } = recordedRun(
      [
        {
          calls: [
            { tool: 'read', arguments: {} },
            { tool: 'erase', arguments: {} },
          ],
        },
      ],
      {
        step: reasonStep({ tools: [allowance('read')] }),
        tools: [echoTool('read'), echoTool('erase')],
        call: echo,
      },
    );
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'TOOL_NOT_ALLOWED');
    assert.deepEqual(failure.details, {
      tool: 'erase',
      allowed_tools: ['read'],
      disallowed_tools: ['erase'],
    });
    assert.deepEqual([calls, entries.length], [[], 1]);
  });

  it('a prompt that cannot be rendered is PROMPT_RENDER_FAILED, before any model turn', async () => {
    const prompt = { ref: 'draft.md', template: 'one\n{{ topic.of.what }}' };
    const { run, entries } = recordedRun([{ submit: { a: 1 } }], { step: reasonStep({ prompt }) });
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'PROMPT_RENDER_FAILED');
    assert.match(failure.message, /the prompt draft\.md line 2 cannot be rendered/);
    assert.deepEqual(entries, []);
  });

  it('a submit ends the step: calls before it in its turn are made, calls after it are not', async () => {
    const { run, calls } = recordedRun(
      [
        {
          calls: [
            { tool: 'read', arguments: { n: 1 } },
            { tool: '_submit', arguments: { a: 1 } },
            { tool: 'read', arguments: { n: 2 } },
          ],
        },
      ],
      { step: reasonStep({ tools: [allowance('read')] }), tools: [echoTool('read')], call: echo },
    );
    assert.deepEqual((await runReact(run)).output, { a: 1 });
    assert.deepEqual(calls, ['read call_1_1 {"n":1}']);
  });
});
