import assert from 'node:assert/strict';
import { describe } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { odd, ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';
import { fails, think, useWorld, write, type StepText } from './world.ts';

const allow = (...names: string[]) => ({ tools: { allow: names.map((name) => ({ name })) } });

describe('codes of what manifests say and tools do', () => {
  const world = useWorld(ODD_ENV);
  const server = useOdd(world);
  const failure = failureIn(world);

  proves('CODE-1', async () => {
    world.file('policies', 'never.yaml', { name: 'never', cel: 'false' });
    for (const step of [fails('a'), write('a', { policy: 'never.yaml' }), odd('a', 'die')]) {
      const { traceId, saga } = await world.run([step]);
      const { error_details: details } = await world.show(traceId, 'a');
      assert.match(String(details?.['code']), /^[A-Z_]+$/);
      assert.match(String(details?.['message']), /\S+ \S+/);
      assert.equal(details?.['error'], details?.['message']);
      const { code, message, step_id } = saga.failure ?? {};
      assert.deepEqual([code, step_id], [details?.['code'], 'a']);
      assert.ok(String(details?.['message']).startsWith(message ?? 'a message'));
    }
  });

  proves('CODE-2', async () => {
    const cel = 'saga.namespace == "another"';
    world.file('policies', 'denies.yaml', { name: 'denies', cel });
    for (const [step, code] of [
      [think('a', { policy: 'denies.yaml' }), 'POLICY_REASON_DENIED'],
      [write('a', { policy: 'denies.yaml' }), 'POLICY_COMMIT_DENIED'],
    ] as const) {
      assert.deepEqual(await failure(step), { code, policy: 'denies', cel });
    }
    assert.equal(world.note('a.md'), null);
  });

  proves('CODE-3', async () => {
    for (const [cel, phase] of [
      ['arguments.none.at.all == 1', 'before_commit'],
      ['arguments.path', 'before_commit'],
      ['output.data.none == 1', 'after_reason'],
    ] as const) {
      world.file('policies', 'errs.yaml', { name: 'errs', cel });
      const make = phase === 'after_reason' ? think : write;
      const details = await failure(make('errs', { policy: 'errs.yaml' }));
      assert.deepEqual(details, { code: 'POLICY_EVALUATION_FAILED', policy: 'errs', cel, phase });
    }
    assert.equal(world.note('errs.md'), null);
  });

  proves('CODE-4', async () => {
    const cel = 'input.none.at.all == 1';
    assert.deepEqual(await failure(write('a', { when: { cel } })), { code: 'WHEN_EVALUATION_FAILED', cel });
  });

  proves('CODE-5', async () => {
    world.file('prompts', 'broken.md', 'line one\n{{ subject.name.first }}');
    const step = think('a', { prompt: 'broken.md' });
    const { code, prompt, line, usage } = await failure(step);
    assert.deepEqual([code, prompt, line, usage], ['PROMPT_RENDER_FAILED', 'broken.md', 2, undefined]);
  });

  proves('CODE-19', async () => {
    const limit = { timeout_seconds: 0.4 };
    world.rehearse({ list_notes: { delay_before_ms: 2_000 } });
    const { traceId, saga } = await world.run([think('a', { ...limit, ...allow('list_notes') })]);
    world.rehearse(null);
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'STEP_TIMED_OUT']);
    const { status, error_details } = await world.show(traceId, 'a');
    assert.deepEqual([status, error_details?.['timeout_seconds']], ['TIMED_OUT', 0.4]);
  });

  proves('CODE-13', async () => {
    const { code, missing_tools, message } = await failure(write('a', allow('no_such_tool')), 'message');
    assert.deepEqual([code, missing_tools], ['TOOL_NOT_FOUND', ['no_such_tool']]);
    assert.match(String(message), /it has .*put_note/);
  });

  proves('CODE-14', async () => {
    const given = { with: { path: { value: '' }, content: { value: [1] } } };
    const { traceId } = await world.run([write('a', { hitl: true, ...given })]);
    const { error_details: details } = await world.show(traceId, 'a');
    assert.deepEqual([details?.['code'], details?.['tool']], ['TOOL_ARGUMENTS_INVALID', 'put_note']);
    assert.match(JSON.stringify(details?.['problems']), /path.*content|content.*path/);
    assert.deepEqual(world.record(traceId), []);
    assert.ok((await world.ledger(traceId)).every(({ type }) => type !== 'hold'));
  });

  proves('CODE-15', async () => {
    const { code, tool, message } = await failure(odd('a', 'refuse'), 'message');
    assert.deepEqual([code, tool], ['TOOL_INVOKE_FAILED', 'refuse']);
    assert.match(String(message), /it was refused/);
  });

  proves('CODE-16', async () => {
    const { code, tool, preview } = await failure(odd('a', 'err'));
    assert.deepEqual([code, tool, String(preview).length], ['TOOL_OUTPUT_ERROR', 'err', 500]);
    assert.match(String(preview), /^it cannot be done/);
  });

  proves('CODE-17', async () => {
    const away = { ...server.source(), name: 'away', args: ['-e', 'process.exit(3)'] };
    const unset = { ...server.source(), name: 'unset', env: { TOKEN: '${ENV:NOT_SET_ANYWHERE}' } };
    for (const [source, error] of [
      [away, /./],
      [unset, /NOT_SET_ANYWHERE/],
    ] as const) {
      await world.deploy({ ...WORKER, name: source.name, tool_sources: [source] });
      const details = await failure(odd('a', 'take', { worker: source.name }));
      assert.deepEqual([details['code'], details['missing_tools']], ['MCP_UNAVAILABLE', ['take']]);
      const [failed, ...more] = Object(details['source_failures']);
      assert.deepEqual([Object.keys(failed).toSorted(), more], [['error', 'name', 'url'], []]);
      assert.equal(failed.name, source.name);
      assert.match(failed.error, error);
    }
  });

  proves('CODE-18', async () => {
    await world.deploy({ ...WORKER, name: 'alone' });
    const details = await failure(odd('a', 'take', { worker: 'alone' }));
    assert.deepEqual(details, { code: 'MCP_SOURCES_REQUIRED', missing_tools: ['take'] });
  });
});

const WORKER = {
  kind: 'worker',
  version: '1',
  provider: 'mock',
  model_name: 'schema',
  system_prompt: 'You have trouble.',
};

/** Runs one step, which must fail: its details, without its messages but for those that are asked for. */
function failureIn(world: ReturnType<typeof useWorld>) {
  return async (step: StepText, ...wanted: string[]): Promise<JsonObject> => {
    const { traceId, saga } = await world.run([step]);
    assert.equal(saga.status, 'FAILED');
    const { status, error_details } = await world.show(traceId, step.id);
    assert.equal(status, 'FAILED');
    const { message, error, ...details } = error_details ?? {};
    assert.equal(error, message);
    return wanted.includes('message') && message !== undefined ? { ...details, message } : details;
  };
}
