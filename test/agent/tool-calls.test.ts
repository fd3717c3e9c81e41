import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { MockTurn } from '../../domain/definition.ts';
import type { AgentRun } from '../../agent/react.ts';
import { runReact, usedWritingTool } from '../../agent/react.ts';
import { submitTool } from '../../agent/submit.ts';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import type { Notes } from './notes.ts';
import { startNotes } from './notes.ts';
import { allowance, echo, echoTool, mockWorker, object, reasonStep, recordedRun, text } from './runs.ts';

const typed = {
  type: 'object',
  required: ['n'],
  properties: {
    n: { type: 'integer' },
    tags: { type: 'array' },
    text: { type: 'string' },
    on: { type: 'boolean' },
  },
};
const submit: MockTurn = { submit: { ok: true } };
const read = (args: object): MockTurn => ({ calls: [{ tool: 'read', arguments: { ...args } }] });
const reading = {
  step: reasonStep({ tools: [allowance('read')] }),
  tools: [echoTool('read', typed)],
  call: echo,
};

describe('a tool call of a reason step', () => {
  it('has its sloppy arguments admitted by the input schema, and never a text that should be one', async () => {
    const sloppy = { n: '7', tags: '["a"]', text: '[1]', on: 'TRUE' };
    const { run, calls } = recordedRun([read(sloppy), submit], reading);
    await runReact(run);
    assert.deepEqual(calls, ['read call_1_1 {"n":7,"tags":["a"],"text":"[1]","on":true}']);
  });

  it('is not made with arguments that the input schema refuses: the problems go back to the model', async () => {
    const { run, calls, entries } = recordedRun([read({ n: 'many' }), read({ n: 1 }), submit], reading);
    const { usedWritingTool: wrote } = await runReact(run);
    assert.deepEqual(calls, ['read call_2_1 {"n":1}']);
    const refused = object(entries[1]);
    assert.deepEqual([refused['is_error'], refused['called']], [true, false]);
    assert.equal(refused['text'], 'the arguments of read were refused: n must be integer');
    assert.equal(wrote, false);
  });

  it('whose input schema cannot be compiled here is left to its server', async () => {
    const tools = [
      echoTool('read', { type: 'object', properties: { n: { type: 'string', pattern: '^(?=a)' } } }),
    ];
    const { run, calls } = recordedRun([read({ n: 'a' }), submit], { ...reading, tools });
    await runReact(run);
    assert.equal(calls.length, 1);
  });

  it('without a result goes back to the model, which is told whether it may have taken effect', async () => {
    const ends = [new ToolCallLost('the server went away'), new ToolCallRefused('the server refused')];
    const { run, entries } = recordedRun([read({ n: 1 }), read({ n: 2 }), submit], {
      ...reading,
      tools: [{ ...echoTool('read', typed), readOnly: false, idempotent: false }],
      call: () => Promise.reject(ends.shift() ?? new Error('no more calls were expected')),
    });
    await runReact(run);
    assert.match(
      text(object(entries[1])['text']),
      /went away \(there is no result; it may have taken effect\)/,
    );
    assert.match(text(object(entries[3])['text']), /refused \(it had no effect\)/);
    assert.deepEqual([object(entries[1])['called'], object(entries[3])['called']], [true, false]);
  });

  it('that is lost is made again under its id, up to three times in all, when its tool is idempotent', async () => {
    const lost = (times: number) =>
      Array.from({ length: times }, () => new ToolCallLost('the server went away'));
    const once = { ...echoTool('read', typed), readOnly: false, idempotent: false };
    const allowed = reasonStep({ tools: [allowance('read', { idempotent: true })] });
    for (const more of [{ tools: [{ ...once, idempotent: true }] }, { tools: [once], step: allowed }]) {
      const ends: Error[] = lost(2);
      const { run, calls, entries } = recordedRun([read({ n: 1 }), submit], {
        ...reading,
        ...more,
        call: (tool, args, id) => {
          const end = ends.shift();
          return end === undefined ? echo(tool, args, id) : Promise.reject(end);
        },
      });
      await runReact(run);
      assert.deepEqual(
        calls,
        Array.from({ length: 3 }, () => 'read call_1_1 {"n":1}'),
      );
      assert.deepEqual([entries[1]?.['is_error'], entries[1]?.['answered']], [false, true]);
    }
    for (const ends of [lost(4), [...lost(1), new ToolCallRefused('the server refused')]]) {
      const { run, calls, entries } = recordedRun([read({ n: 1 }), submit], {
        ...reading,
        call: () => Promise.reject(ends.shift() ?? new Error('no more calls were expected')),
      });
      await runReact(run);
      assert.equal(calls.length, ends.length === 1 ? 3 : 2);
      assert.match(text(entries[1]?.['text']), /after [23] calls with one key \(there is no result; it may/);
      assert.equal(entries[1]?.['called'], true);
    }
  });

  it('that fails for another reason than the call stops the attempt', async () => {
    const stopped = new Error('the store is away');
    const { run, entries } = recordedRun([read({ n: 1 }), submit], {
      ...reading,
      call: () => Promise.reject(stopped),
    });
    await assert.rejects(runReact(run), (error) => error === stopped);
    assert.equal(entries.length, 1);
  });

  it('of an allowed tool that no server has is an error result', async () => {
    const { run, entries } = recordedRun([read({ n: 1 }), submit], { ...reading, tools: [] });
    await runReact(run);
    assert.match(text(object(entries[1])['text']), /no tool source of this worker has a tool read/);
  });

  it('has its result checked against the output_schema of the allow list', async () => {
    const step = reasonStep({ tools: [allowance('read', { output_schema: { required: ['content'] } })] });
    const { run, entries } = recordedRun([read({ n: 1 }), submit], { ...reading, step });
    await runReact(run);
    assert.match(text(object(entries[1])['text']), /does not satisfy its output_schema: content is required/);
    assert.deepEqual([object(entries[1])['is_error'], object(entries[1])['called']], [true, true]);
  });

  it('counts as writing once it was made or may be in flight, unless the tool is read-only', () => {
    const call = (tool: string) => ({ id: 'call_1_1', tool, arguments: {} });
    const model = (tool: string) => ({
      kind: 'model',
      text: '',
      calls: [call(tool)],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
    const result = (tool: string, called: boolean) => ({
      kind: 'tool',
      call: 'call_1_1',
      tool,
      called,
      is_error: false,
      text: '',
      data: {},
    });
    const tools = [echoTool('read'), { ...echoTool('write'), readOnly: false }];
    assert.equal(usedWritingTool([], tools), false);
    assert.equal(usedWritingTool([model('read')], tools), false);
    assert.equal(usedWritingTool([model('write')], tools), true);
    assert.equal(usedWritingTool([model('write'), result('write', true)], tools), true);
    assert.equal(usedWritingTool([model('write'), result('write', false)], tools), false);
    assert.equal(usedWritingTool([model('_submit')], tools), false);
    assert.equal(usedWritingTool([model('gone'), result('gone', true)], tools), true);
  });
});

describe('_submit', () => {
  it('asks for the output_schema, else for an object', () => {
    assert.deepEqual(submitTool(null).inputSchema, { type: 'object' });
    assert.deepEqual(submitTool(typed).inputSchema, typed);
  });

  it('is admitted before it is validated', async () => {
    const { run } = recordedRun([{ submit: { n: '3', tags: '[1]', on: 'false' } }], {
      step: reasonStep({ output_schema: typed }),
    });
    assert.deepEqual((await runReact(run)).output, { n: 3, tags: [1], on: false });
  });
});

describe('a reason step over a real tool server', () => {
  let notes: Notes;
  before(async () => {
    notes = await startNotes();
  });
  after(() => notes.close());

  const names = ['write_note', 'read_note'];
  const step = reasonStep({ tools: names.map((name) => allowance(name)) });

  async function withNotes(script: MockTurn[] | null, more: Partial<AgentRun> = {}) {
    const frozen = script === null ? null : { steps: { draft: script } };
    const worker = mockWorker(frozen, { tool_sources: [notes.source] });
    return recordedRun(script, { step, worker, ...(await notes.open(worker, names)), ...more });
  }

  it('gives an error of the tool back to the model and goes on', async () => {
    const { run } = await withNotes([
      { calls: [{ tool: 'read_note', arguments: { path: 'none.md' } }] },
      { submit: { found: '{{ results[0].text }}' } },
    ]);
    const { output, usedWritingTool: wrote } = await runReact(run);
    assert.match(text(output['found']), /there is no note "none\.md"/);
    assert.equal(wrote, false);
  });

  it('goes on after a call that the server refuses', async () => {
    await notes.put('.control.json', JSON.stringify({ read_note: { refuse: 'closed today' } }));
    const { run } = await withNotes([
      { calls: [{ tool: 'read_note', arguments: { path: 'none.md' } }] },
      { submit: { found: '{{ results[0].text }}' } },
    ]);
    const { output } = await runReact(run);
    assert.match(text(output['found']), /closed today \(it had no effect\)/);
    await notes.put('.control.json', '{}');
  });

  it('of the mock without a script reads and writes with the values of its own arguments', async () => {
    const { run, entries } = await withNotes(null, {
      arguments: { topic: 'bees', path: 'b.md', content: 'buzz' },
    });
    const result = await runReact(run);
    assert.equal(result.usedWritingTool, true);
    assert.equal(object(object(entries[2])['data'])['content'], 'buzz');
  });
});
