import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { runReact } from '../../agent/react.ts';
import { ToolCallLost } from '../../mcp/call-errors.ts';
import type { Notes } from './notes.ts';
import { startNotes } from './notes.ts';
import { allowance, echo, echoTool, mockWorker, reasonStep, recordedRun } from './runs.ts';

const reason = new Error('the time of the step is over');
const script = [{ calls: [{ tool: 'read', arguments: {} }] }, { submit: { ok: true } }];
const reading = { step: reasonStep({ tools: [allowance('read')] }), tools: [echoTool('read')], call: echo };
const isReason = (error: unknown): boolean => error === reason;

describe('a reason step that is told to stop', () => {
  it('before it begins makes no turn', async () => {
    const { run, entries } = recordedRun(script, { ...reading, signal: AbortSignal.abort(reason) });
    await assert.rejects(runReact(run), isReason);
    assert.deepEqual(entries, []);
  });

  it('while a turn is recorded makes none of its calls', async () => {
    const stop = new AbortController();
    const { run, calls } = recordedRun(script, {
      ...reading,
      signal: stop.signal,
      record: () => Promise.resolve(stop.abort(reason)),
    });
    await assert.rejects(runReact(run), isReason);
    assert.deepEqual(calls, []);
  });

  it('while it waits to ask the model again does not wait any longer', async () => {
    const stop = new AbortController();
    const { run } = recordedRun([{ fail: { status: 429, retry_after: 600 } }], {
      signal: stop.signal,
      retry: { enabled: true, maxAttempts: 3, baseDelayMs: 600_000, maxDelayMs: 600_000 },
    });
    const running = runReact(run);
    setTimeout(() => stop.abort(reason), 20);
    await assert.rejects(running, isReason);
  });

  it('keeps the result of a call that had come back', async () => {
    const stop = new AbortController();
    const { run, entries } = recordedRun(script, {
      ...reading,
      signal: stop.signal,
      call: (tool, args, id) => {
        stop.abort(reason);
        return echo(tool, args, id);
      },
    });
    await assert.rejects(runReact(run), isReason);
    assert.equal(entries.length, 2);
  });

  it('records no result for a call that was given up', async () => {
    const stop = new AbortController();
    const { run, entries } = recordedRun(script, {
      ...reading,
      signal: stop.signal,
      call: () => {
        stop.abort(reason);
        return Promise.reject(new ToolCallLost('given up'));
      },
    });
    await assert.rejects(runReact(run), isReason);
    assert.equal(entries.length, 1);
  });
});

describe('a reason step that is told to stop during a call of a real tool server', () => {
  let notes: Notes;
  before(async () => {
    notes = await startNotes();
  });
  after(() => notes.close());

  it('ends at once, and a later attempt makes the call again under the same id', async () => {
    const writing = [
      { calls: [{ tool: 'put_note', arguments: { path: 'a.md', content: 'once' } }] },
      { submit: { created: '{{ results[0].created }}' } },
    ];
    const worker = mockWorker({ steps: { draft: writing } }, { tool_sources: [notes.source] });
    const step = reasonStep({ tools: [allowance('put_note')] });
    const stop = new AbortController();
    const slow = await notes.open(worker, ['put_note'], stop.signal);
    await notes.put('.control.json', JSON.stringify({ put_note: { delay_after_ms: 400 } }));
    const first = recordedRun(writing, { step, worker, ...slow, signal: stop.signal });
    const running = runReact(first.run);
    while ((await notes.arrived()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(reason);
    await assert.rejects(running, isReason);
    await notes.put('.control.json', '{}');
    const again = await notes.open(worker, ['put_note']);
    const second = recordedRun(writing, { step, worker, ...again, transcript: first.entries });
    assert.deepEqual((await runReact(second.run)).output, { created: true });
    assert.deepEqual(await notes.arrived(), ['put_note call_1_1', 'put_note call_1_1']);
  });
});
