import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runReact } from '../../agent/react.ts';
import { usageOf } from '../../agent/usage.ts';
import { allowance, echo, echoTool, failureOf, object, reasonStep, recordedRun, text } from './runs.ts';

const reading = { step: reasonStep({ tools: [allowance('read')] }), tools: [echoTool('read')], call: echo };

describe('the mock model with a script', () => {
  it('fills values from arguments, results and guidance; a value that is one expression keeps its type', async () => {
    const { run, calls } = recordedRun(
      [
        { calls: [{ tool: 'read', arguments: { of: '{{ arguments.topic }}', count: '{{ arguments.n }}' } }] },
        {
          submit: {
            count: '{{ results[0].args.count }}',
            said: 'read {{ results[0].args.of }}, {{ guidance }}',
            none: '{{ missing }}',
          },
        },
      ],
      { ...reading, arguments: { topic: 'bees', n: 3 }, guidance: 'be brief' },
    );
    const { output } = await runReact(run);
    assert.deepEqual(calls, ['read call_1_1 {"of":"bees","count":3}']);
    assert.deepEqual(output, { count: 3, said: 'read bees, be brief', none: '' });
  });

  it('keeps _hitl_retry from the script, so that it reaches no tool', async () => {
    const { run, calls } = recordedRun(
      [{ calls: [{ tool: 'read', arguments: { all: '{{ arguments }}' } }] }, { submit: { ok: true } }],
      { ...reading, arguments: { topic: 'bees', _hitl_retry: { attempt: 1 } }, guidance: 'x' },
    );
    await runReact(run);
    assert.deepEqual(calls, ['read call_1_1 {"all":{"topic":"bees"}}']);
  });

  it('after its last turn gives an error that says so', async () => {
    const { run } = recordedRun([{ calls: [{ tool: 'read', arguments: {} }] }], reading);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'LLM_FAILED');
    assert.match(failure.message, /the mock script has no turn after its 1 for step draft/);
  });

  it('without turns for the step names where to add them', async () => {
    const { run } = recordedRun([], { step: reasonStep({ id: 'toString' }) });
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'LLM_FAILED');
    assert.match(failure.message, /has no turns for step toString; .* add it under steps\.toString/);
  });

  it('that cannot be rendered fails with the turn', async () => {
    const { run } = recordedRun([{ submit: { a: '{{ results[7].b.c }}' } }]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'LLM_FAILED');
    assert.match(failure.message, /turn 1 of step draft in the mock script cannot be rendered/);
  });

  it('counts usage from the length of text, four characters a token, rounded up, over all turns', async () => {
    const { run, entries } = recordedRun(
      [{ calls: [{ tool: 'read', arguments: {} }] }, { submit: { a: 1 } }],
      reading,
    );
    const { usage } = await runReact(run);
    const prompt = 'You write.'.length + 'Write about bees.'.length;
    const call = 'read{}'.length;
    const answer = text(object(entries[1])['text']).length;
    const up = (characters: number): number => Math.ceil(characters / 4);
    const prompted = up(prompt) + up(prompt + call + answer);
    const completed = up(call) + up('_submit{"a":1}'.length);
    assert.deepEqual(usage, {
      prompt_tokens: prompted,
      completion_tokens: completed,
      total_tokens: prompted + completed,
      llm_calls: 2,
      model_id: 'draft.yaml',
    });
    assert.deepEqual(usageOf(entries, 'draft.yaml'), usage);
  });
});
