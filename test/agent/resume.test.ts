import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import fc from 'fast-check';
import type { MockTurn } from '../../domain/definition.ts';
import { StepFailed } from '../../domain/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { AgentRun } from '../../agent/react.ts';
import { runReact } from '../../agent/react.ts';
import type { Notes } from './notes.ts';
import { startNotes } from './notes.ts';
import { allowance, echo, echoTool, mockWorker, reasonStep, recordedRun } from './runs.ts';

const step = reasonStep({ tools: [allowance('read'), allowance('write')], max_turns: 6 });

/** What a run comes to: its result, or the failure that ends it. */
async function outcomeOf(run: AgentRun): Promise<unknown> {
  try {
    return await runReact(run);
  } catch (error) {
    if (error instanceof StepFailed) return error.failure;
    throw error;
  }
}

const call = fc.record({
  tool: fc.constantFrom('read', 'write', 'read', 'forbidden'),
  arguments: fc.constantFrom<JsonObject[]>({}, { n: 1 }, { last: '{{ results | length }}' }, { n: 'two' }),
});
const turn: fc.Arbitrary<MockTurn> = fc.oneof(
  { weight: 6, arbitrary: fc.array(call, { minLength: 1, maxLength: 3 }).map((calls) => ({ calls })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<MockTurn[]>({ submit: { n: '{{ results | length }}' } }, { submit: {} }),
  },
  { weight: 1, arbitrary: fc.constant({ fail: { status: 429, retry_after: null } }) },
  { weight: 1, arbitrary: fc.constant({ text: 'after {{ results | length }}' }) },
);

describe('a reason step resumed after a crash', () => {
  it('goes on from every recorded prefix to the same end, and repeats no finished turn or call', async () => {
    const tools = [
      echoTool('read', { type: 'object', properties: { n: { type: 'integer' } } }),
      { ...echoTool('write'), readOnly: false },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 6 }), async (script) => {
        const whole = recordedRun(script, { step, tools, call: echo });
        const outcome = await outcomeOf(whole.run);
        for (let kept = 0; kept <= whole.entries.length; kept += 1) {
          const transcript = whole.entries.slice(0, kept);
          const resumed = recordedRun(script, { step, tools, call: echo, transcript });
          assert.deepEqual(await outcomeOf(resumed.run), outcome);
          assert.deepEqual(resumed.entries, whole.entries);
          const done = transcript.filter((entry) => entry['kind'] === 'tool' && entry['called'] === true);
          assert.deepEqual(resumed.calls, whole.calls.slice(done.length));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('lets through what record rejects with, and makes no call before its turn is recorded', async () => {
    const stopped = new Error('another attempt has taken over');
    const script = [{ calls: [{ tool: 'read', arguments: {} }] }, { submit: { ok: true } }];
    for (const allowed of [0, 1, 2]) {
      let left = allowed;
      const { run, calls } = recordedRun(script, {
        step,
        tools: [echoTool('read')],
        call: echo,
        record: () => ((left -= 1) < 0 ? Promise.reject(stopped) : Promise.resolve()),
      });
      await assert.rejects(runReact(run), (error) => error === stopped);
      assert.equal(calls.length, allowed === 0 ? 0 : 1);
    }
  });

  it('refuses a transcript that it did not write', async () => {
    for (const transcript of [[{ kind: 'other' }], [null], [toolEntry('call_1_1')]]) {
      await assert.rejects(runReact(recordedRun([], { transcript }).run), /expected .*transcript/);
    }
  });
});

function toolEntry(id: string): JsonObject {
  return { kind: 'tool', call: id, tool: 'read', called: true, is_error: false, text: '', data: {} };
}

describe('a reason step resumed over a real tool server', () => {
  let notes: Notes;
  before(async () => {
    notes = await startNotes();
  });
  after(() => notes.close());

  it('calls the tools that have no recorded result, under the same ids', async () => {
    const names = ['put_note', 'read_note', 'list_notes'];
    const script: MockTurn[] = [
      {
        calls: [
          { tool: 'put_note', arguments: { path: 'a.md', content: 'on {{ arguments.topic }}' } },
          { tool: 'read_note', arguments: { path: 'a.md' } },
        ],
      },
      { calls: [{ tool: 'list_notes', arguments: {} }] },
      { submit: { text: '{{ results[1].content }}', paths: '{{ results[2].paths }}' } },
    ];
    const worker = mockWorker({ steps: { draft: script } }, { tool_sources: [notes.source] });
    const opened = { worker, ...(await notes.open(worker, names)) };
    const notesStep = { step: reasonStep({ tools: names.map((name) => allowance(name)) }) };
    const whole = recordedRun(script, { ...notesStep, ...opened });
    const first = await runReact(whole.run);
    assert.deepEqual(first.output, { text: 'on bees', paths: ['a.md'] });
    assert.equal(first.usedWritingTool, true);
    const inOrder = ['put_note call_1_1', 'read_note call_1_2', 'list_notes call_2_1'];
    assert.deepEqual(await notes.arrived(), inOrder);
    for (let kept = 0; kept <= whole.entries.length; kept += 1) {
      const earlier = (await notes.arrived()).length;
      const transcript = whole.entries.slice(0, kept);
      const resumed = recordedRun(script, { ...notesStep, ...opened, transcript });
      assert.deepEqual(await runReact(resumed.run), first);
      const results = transcript.filter((entry) => entry['kind'] === 'tool').length;
      assert.deepEqual((await notes.arrived()).slice(earlier), inOrder.slice(results));
    }
  });
});
