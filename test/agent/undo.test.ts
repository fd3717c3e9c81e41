import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Model, ModelRequest } from '../../agent/model.ts';
import { runUndo } from '../../agent/undo.ts';
import type { UndoRun } from '../../agent/undo.ts';
import { createModels } from '../../agent/providers.ts';
import type { CompensationDefinition, MockTurn } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import {
  allowance,
  echo,
  echoTool,
  failureOf,
  mockWorker,
  NO_PROVIDERS,
  object,
  recordedRun,
  text,
} from './runs.ts';

const COMPENSATION: CompensationDefinition = {
  worker: 'writer',
  worker_version: '1',
  with: {},
  tools: [allowance('remove'), allowance('reopen')],
  resources: [],
  max_turns: 4,
  timeout_seconds: 60,
};
const call = (tool: string, args: JsonObject = {}): MockTurn => ({ calls: [{ tool, arguments: args }] });
const submit = (rollback_status: string, summary = 'all is back'): MockTurn => ({
  submit: { rollback_status, summary },
});

/** `script` has the turns of the undo; null: the mock answers from schemas. */
function undoing(script: MockTurn[] | null, more: Partial<UndoRun> = {}) {
  const { run: base, entries, calls } = recordedRun(null, { call: more.call ?? echo });
  const asked: ModelRequest[] = [];
  const models = createModels(NO_PROVIDERS);
  const run: UndoRun = {
    ...base,
    compensation: COMPENSATION,
    worker: mockWorker(script === null ? null : { steps: { 'post:undo': script } }),
    forward: { id: 'post', name: 'Post', kind: 'commit' },
    output: { data: { id: 41 } },
    facts: { undo_span_id: 'ab' },
    arguments: { comment: 41 },
    earlier: [],
    tools: [echoTool('remove'), echoTool('reopen')],
    models: {
      modelOf: (input) => {
        const model = models.modelOf(input);
        const turn: Model['turn'] = (request) => {
          asked.push(request);
          return model.turn(request);
        };
        return { turn };
      },
    },
    ...more,
    call: base.call,
  };
  return { run, entries, calls, asked };
}

const promptOf = (asked: readonly ModelRequest[]): string => {
  const message = asked[0]?.messages[0];
  return message?.role === 'user' ? message.text : '';
};

describe('an undo of several tools', () => {
  it('calls tools until it is submitted, and answers what each of them said', async () => {
    const { run, calls } = undoing([call('remove', { id: 41 }), call('reopen'), submit('success')]);
    const { output, results } = await runUndo(run);
    assert.deepEqual(output, { rollback_status: 'success', summary: 'all is back' });
    assert.deepEqual(results, [
      { tool: 'remove', data: { tool: 'remove', args: { id: 41 }, id: 'call_1_1' } },
      { tool: 'reopen', data: { tool: 'reopen', args: {}, id: 'call_2_1' } },
    ]);
    assert.deepEqual(calls, ['remove call_1_1 {"id":41}', 'reopen call_2_1 {}']);
  });

  it('is told the step, what it put out, _compensation and with, and forbidden all but undoing', async () => {
    const { run, asked } = undoing([call('remove'), submit('success')]);
    await runUndo(run);
    const prompt = promptOf(asked);
    for (const part of [
      ...['step post (Post)', 'a commit step', '"id": 41', '"undo_span_id": "ab"', '"comment": 41'],
      'remove, reopen',
    ])
      assert.ok(prompt.includes(part), `${part} in ${prompt}`);
    assert.match(
      asked[0]?.system ?? '',
      /Do not look for the reason.*\n- Do not do the work of the step again/,
    );
    assert.doesNotMatch(asked[0]?.system ?? '', /You write/);
  });

  it("has the worker's compensation_prompt as its system message where there is one", async () => {
    const script = { steps: { 'post:undo': [call('remove'), submit('success')] } };
    const worker = mockWorker(script, { compensation_prompt: 'You take comments back.' });
    const { run, asked } = undoing(null, { worker });
    await runUndo(run);
    assert.equal(asked[0]?.system, 'You take comments back.');
  });

  it('is told in bounded words, however much the step put out, and that nothing is known where it put out nothing', async () => {
    const large = undoing(null, { output: { data: { text: 'x'.repeat(1_000_000) } } });
    await runUndo(large.run);
    assert.ok(promptOf(large.asked).length < 40_000);
    const blind = undoing(null, { output: null });
    await runUndo(blind.run);
    assert.match(promptOf(blind.asked), /Nothing is known of what it put out/);
  });

  it('is told what earlier attempts called and what came of it', async () => {
    const first = undoing([call('remove', { id: 41 }), call('reopen'), submit('failed', 'locked')]);
    await failureOf(runUndo(first.run));
    const lost = first.entries.filter((entry) => entry['call'] !== 'call_2_1');
    const failure = { kind: 'failed', code: 'COMPENSATION_FAILED', message: 'locked' };
    const { run, asked } = undoing(null, { earlier: [...lost, failure] });
    await runUndo(run);
    const prompt = promptOf(asked);
    assert.match(prompt, /- remove \{"id":41\}: succeeded: \{"tool":"remove"/);
    assert.match(prompt, /- reopen \{\}: no result was recorded; .* may have taken effect/);
    assert.match(prompt, /- the attempt failed: COMPENSATION_FAILED: locked/);
  });

  it('the mock without a script calls each tool once and submits success', async () => {
    const inputSchema = { type: 'object', properties: { comment: { type: 'integer' } } };
    const tools = [echoTool('remove', inputSchema), echoTool('reopen')];
    const { run, calls } = undoing(null, { tools });
    assert.equal((await runUndo(run)).output['rollback_status'], 'success');
    assert.deepEqual(calls, ['remove call_1_1 {"comment":41}', 'reopen call_1_2 {}']);
  });

  it('submitted as failed it has failed, with the words of the model', async () => {
    const failure = await failureOf(runUndo(undoing([call('remove'), submit('failed', 'it is locked')]).run));
    assert.deepEqual(failure.details, { rollback_status: 'failed', summary: 'it is locked' });
    assert.equal(failure.code, 'COMPENSATION_FAILED');
    assert.match(failure.message, /it is locked/);
  });

  it('takes no success without a tool call that succeeded, and tells the model so', async () => {
    const script = [submit('success'), call('remove'), submit('success')];
    const { run, entries } = undoing(script);
    assert.equal((await runUndo(run)).output['rollback_status'], 'success');
    assert.match(text(entries[1]?.['text']), /expected at least one tool call that succeeded/);
    const fails = () => Promise.resolve({ isError: true, data: { text: 'no' }, text: 'no' });
    const never = undoing([call('remove'), submit('success'), submit('success'), submit('success')], {
      call: fails,
    });
    assert.equal((await failureOf(runUndo(never.run))).code, 'compensation_max_turns');
  });

  it('has its turns and no more: compensation_max_turns, with the last errors of its tools', async () => {
    const script = Array.from({ length: 6 }, () => call('remove'));
    const { run, entries } = undoing(script, {
      call: () => Promise.resolve({ isError: true, data: { text: 'locked' }, text: 'locked' }),
    });
    const failure = await failureOf(runUndo(run));
    assert.equal(failure.code, 'compensation_max_turns');
    const { turns_used, max_turns, last_tool_errors } = object(failure.details);
    assert.deepEqual([turns_used, max_turns], [4, 4]);
    assert.deepEqual(
      last_tool_errors,
      Array.from({ length: 4 }, () => ({ tool: 'remove', preview: 'locked' })),
    );
    assert.equal(entries.length, 8);
  });

  it('fails of what is not allowed, of text alone and of a model that gives no turn, as a step does', async () => {
    const code = async (script: MockTurn[]) => (await failureOf(runUndo(undoing(script).run))).code;
    assert.equal(await code([call('rm')]), 'TOOL_NOT_ALLOWED');
    assert.equal(await code([{ text: 'done' }]), 'no_submit_call');
    assert.equal(await code([{ fail: { status: 401, retry_after: null } }]), 'LLM_FAILED');
    assert.equal(await code([call('remove')]), 'LLM_FAILED', 'the script has no more');
    assert.equal(await code([call('remove'), { submit: { rollback_status: 'maybe' } }]), 'LLM_FAILED');
  });

  it('goes on from every recorded prefix to the same end', async () => {
    const script = [submit('success'), call('remove'), call('reopen'), submit('success')];
    const whole = undoing(script);
    const end = await runUndo(whole.run);
    for (let kept = 0; kept <= whole.entries.length; kept += 1) {
      const resumed = undoing(script, { transcript: whole.entries.slice(0, kept) });
      assert.deepEqual(await runUndo(resumed.run), end);
    }
  });
});
