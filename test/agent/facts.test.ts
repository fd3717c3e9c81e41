import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { FactDefinition, MockTurn } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import { runReact } from '../../agent/react.ts';
import type { ToolAnswer } from '../../agent/run.ts';
import { allowance, echoTool, failureOf, object, reasonStep, recordedRun, text } from './runs.ts';
import type { Recorded } from './runs.ts';

const call = (tool: string, args = {}): MockTurn => ({ calls: [{ tool, arguments: args }] });
const done: MockTurn = { submit: { ok: true } };
const issue: FactDefinition = {
  tool: 'read',
  into: 'issue',
  fields: { number: '$.number', labels: '$.labels[*].name' },
};

/** A step whose tools answer with `answers`, in the order of the calls. */
function factRun(script: MockTurn[], facts: FactDefinition[], answers: (JsonObject | Error)[]): Recorded {
  const left = [...answers];
  const step = reasonStep({ tools: [allowance('read'), allowance('list')], facts });
  return recordedRun(script, {
    step,
    tools: [echoTool('read'), echoTool('list')],
    call: (): Promise<ToolAnswer> => {
      const next = left.shift() ?? {};
      if (next instanceof Error) return Promise.resolve({ isError: true, data: {}, text: next.message });
      return Promise.resolve({ isError: false, data: next, text: JSON.stringify(next) });
    },
  });
}

describe('facts', () => {
  it('are read from the data of the tool, one match as it is and several as the list', async () => {
    const data = { number: 7, labels: [{ name: 'bug' }, { name: 'urgent' }] };
    const { run } = factRun([call('read'), done], [issue], [data]);
    assert.deepEqual((await runReact(run)).facts, { issue: { number: 7, labels: ['bug', 'urgent'] } });
  });

  it('come from the last successful result, past errors after it', async () => {
    const answers = [
      { number: 1, labels: [{ name: 'a' }] },
      { number: 2, labels: [{ name: 'b' }] },
      new Error('gone'),
    ];
    const { run } = factRun([call('read'), call('read'), call('read'), done], [issue], answers);
    assert.deepEqual((await runReact(run)).facts, { issue: { number: 2, labels: 'b' } });
  });

  it('use all of a result, also what the model was not shown', async () => {
    const data = { number: 7, filler: 'x'.repeat(20_000), labels: [{ name: 'bug' }] };
    const { run } = factRun([call('read'), done], [issue], [data]);
    assert.deepEqual((await runReact(run)).facts, { issue: { number: 7, labels: 'bug' } });
  });

  it('of a tool that was never called have no bucket, and a step without facts has none at all', async () => {
    const other: FactDefinition = { tool: 'list', into: 'all', fields: { n: '$.n' } };
    const { run } = factRun([call('list'), done], [issue, other], [{ n: null }]);
    assert.deepEqual((await runReact(run)).facts, { all: { n: null } });
    assert.equal((await runReact(factRun([done], [], []).run)).facts, null);
    assert.deepEqual((await runReact(factRun([done], [issue], []).run)).facts, {});
  });

  it('whose path matches nothing are FACT_EXTRACTION_FAILED, with what the tool said', async () => {
    const { run } = factRun([call('read'), done], [issue], [{ number: 7, pad: 'y'.repeat(900) }]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'FACT_EXTRACTION_FAILED');
    const { tool_result_preview: preview, ...details } = object(failure.details);
    assert.deepEqual(details, { tool: 'read', into: 'issue', field: 'labels', path: '$.labels[*].name' });
    assert.equal(text(preview).length, 500);
    assert.match(failure.message, /issue\.labels is read from read, and its path .* matches nothing/);
  });

  it('of a tool whose every call failed are FACT_EXTRACTION_FAILED', async () => {
    const failure = await failureOf(
      runReact(factRun([call('read'), done], [issue], [new Error('no access')]).run),
    );
    assert.equal(failure.code, 'FACT_EXTRACTION_FAILED');
    assert.equal(failure.details?.['tool_result_preview'], 'no access');
  });

  it('are the same after a crash at any turn', async () => {
    const data = { number: 7, labels: [] };
    const one: FactDefinition = { tool: 'read', into: 'issue', fields: { number: '$.number' } };
    const whole = factRun([call('read'), done], [one], [data]);
    const { facts } = await runReact(whole.run);
    for (let kept = 0; kept <= whole.entries.length; kept += 1) {
      const transcript = whole.entries.slice(0, kept);
      const resumed = factRun([call('read'), done], [one], [data]);
      const result = await runReact({ ...resumed.run, transcript });
      assert.deepEqual(result.facts, facts);
    }
  });
});
