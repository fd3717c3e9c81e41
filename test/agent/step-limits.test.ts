import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MockTurn } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import { conversation } from '../../agent/prompt.ts';
import { runReact } from '../../agent/react.ts';
import { readTranscript } from '../../agent/transcript.ts';
import { timingOf, usageOf } from '../../agent/usage.ts';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import { allowance, echo, echoTool, failureOf, object, reasonStep, recordedRun } from './runs.ts';

const call = (tool: string, args = {}): MockTurn => ({ calls: [{ tool, arguments: args }] });
const done: MockTurn = { submit: { ok: true } };
const reading = { tools: [echoTool('read')], call: echo };

describe('max_step_tokens', () => {
  const step = reasonStep({ tools: [allowance('read')] });

  it('ends the step before any call of the turn that went over it, with the four numbers', async () => {
    const within = recordedRun([call('read'), done], { ...reading, step });
    const { usage } = await runReact(within.run);
    const all = Number(usage['total_tokens']);
    assert.ok(
      (await runReact(recordedRun([call('read'), done], { ...reading, step, maxStepTokens: all }).run))
        .output,
    );
    const first = usageOf(within.entries.slice(0, 1), 'm');
    const limit = Number(first['total_tokens']) - 1;
    const over = recordedRun([call('read'), done], { ...reading, step: { ...step, max_step_tokens: limit } });
    const failure = await failureOf(runReact(over.run));
    assert.equal(failure.code, 'STEP_TOKEN_LIMIT_EXCEEDED');
    assert.deepEqual(failure.details, {
      tokens_used: limit + 1,
      max_step_tokens: limit,
      prompt_tokens: first['prompt_tokens'],
      completion_tokens: first['completion_tokens'],
    });
    assert.deepEqual([over.calls, over.entries.length], [[], 1]);
  });

  it('of the step comes before the setting', async () => {
    const { run } = recordedRun([done], { step: { ...step, max_step_tokens: 10_000 }, maxStepTokens: 1 });
    assert.ok((await runReact(run)).output);
    const failure = await failureOf(runReact(recordedRun([done], { step, maxStepTokens: 1 }).run));
    assert.equal(failure.details?.['max_step_tokens'], 1);
  });

  it('counts what earlier attempts of the iteration used', async () => {
    const { run, entries } = recordedRun([call('read'), done], { ...reading, step });
    await runReact(run);
    const resumed = recordedRun([call('read'), done], {
      ...reading,
      step,
      transcript: entries.slice(0, 2),
      maxStepTokens: Number(usageOf(entries, 'm')['total_tokens']) - 1,
    });
    assert.equal((await failureOf(runReact(resumed.run))).code, 'STEP_TOKEN_LIMIT_EXCEEDED');
  });
});

describe('text of a tool', () => {
  it('is clipped to the limit of the setting, and with 0 never', () => {
    const text = 't'.repeat(30_000);
    const entries: JsonObject[] = [
      {
        kind: 'model',
        text: '',
        calls: [{ id: 'call_1_1', tool: 'read', arguments: {} }],
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      },
      { kind: 'tool', call: 'call_1_1', tool: 'read', called: true, is_error: false, text, data: { text } },
    ];
    const shown = (limit: number): number =>
      conversation('p', readTranscript(entries), limit).at(-1)?.text.length ?? 0;
    assert.deepEqual([shown(100), shown(8_000), shown(0)], [100, 8_000, 30_000]);
  });
});

describe('on_tool_error: fail', () => {
  const step = reasonStep({ tools: [allowance('read')], on_tool_error: 'fail' });
  const twice: MockTurn = {
    calls: [
      { tool: 'read', arguments: { n: 1 } },
      { tool: 'read', arguments: { n: 2 } },
    ],
  };

  it('fails the step at a result that is an error: TOOL_OUTPUT_ERROR, and no later call is made', async () => {
    const { run, calls, entries } = recordedRun([twice, done], {
      ...reading,
      step,
      call: () => Promise.resolve({ isError: true, data: {}, text: 'no such file' }),
    });
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'TOOL_OUTPUT_ERROR');
    assert.deepEqual(failure.details, {
      tool: 'read',
      call: 'call_1_1',
      called: true,
      tool_result_preview: 'no such file',
    });
    assert.deepEqual([calls.length, entries.length], [1, 2]);
    const resumed = recordedRun([twice, done], { ...reading, step, transcript: entries });
    assert.deepEqual([await failureOf(runReact(resumed.run)), resumed.calls], [failure, []]);
  });

  it('fails the step at a call without a result: TOOL_INVOKE_FAILED', async () => {
    for (const error of [new ToolCallLost('the server died'), new ToolCallRefused('the server is away')]) {
      const { run } = recordedRun([twice, done], { ...reading, step, call: () => Promise.reject(error) });
      const failure = await failureOf(runReact(run));
      assert.equal(failure.code, 'TOOL_INVOKE_FAILED');
      assert.equal(failure.details?.['called'], error instanceof ToolCallLost);
    }
  });

  it('fails the step at arguments that are refused: TOOL_INVOKE_FAILED with the problem', async () => {
    const tool = echoTool('read', { type: 'object', required: ['path'] });
    const { run, calls } = recordedRun([call('read'), done], { ...reading, tools: [tool], step });
    const failure = await failureOf(runReact(run));
    assert.deepEqual([failure.code, failure.details?.['called'], calls], ['TOOL_INVOKE_FAILED', false, []]);
    assert.match(failure.message, /path is required/);
  });

  it('fails the step at a result that its output_schema refuses: TOOL_OUTPUT_ERROR', async () => {
    const strict = allowance('read', { output_schema: { type: 'object', required: ['title'] } });
    const { run } = recordedRun([call('read'), done], { ...reading, step: { ...step, tools: [strict] } });
    assert.equal((await failureOf(runReact(run))).code, 'TOOL_OUTPUT_ERROR');
  });

  it('lets a refused submit go back to the model', async () => {
    const { run } = recordedRun([{ submit: {} }, done], { ...reading, step });
    assert.deepEqual((await runReact(run)).output, { ok: true });
  });
});

describe('timing of a reason step', () => {
  it('is what models and tools took, over all attempts of the iteration', async () => {
    let clock = 0;
    const step = reasonStep({ tools: [allowance('read')] });
    const now = (): number => (clock += 10);
    const { run, entries } = recordedRun([call('read'), call('read'), done], { ...reading, step, now });
    const { timing } = await runReact(run);
    assert.deepEqual(timing, { llm_ms: 30, tool_ms: 20 });
    assert.deepEqual(timingOf(entries), timing);
    assert.deepEqual(timingOf(entries.slice(0, 2)), { llm_ms: 10, tool_ms: 10 });
    const transcript = entries.slice(0, 3);
    const resumed = recordedRun([call('read'), call('read'), done], { ...reading, step, now, transcript });
    assert.deepEqual((await runReact(resumed.run)).timing, timing);
  });

  it('of entries without a time, as earlier releases wrote them, is nothing', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2 };
    const old = [{ kind: 'model', text: 'a', calls: [], usage }];
    assert.deepEqual(timingOf(old), { llm_ms: 0, tool_ms: 0 });
    assert.deepEqual(object(usageOf(old, 'm'))['model_id'], 'm');
  });
});
