import assert from 'node:assert/strict';
import { describe } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';
import { NOTES, think, useWorld } from './world.ts';

const allow = (...names: string[]) => ({ tools: { allow: names.map((name) => ({ name })) } });
const call = (tool: string, args: object = {}) => ({ call: { tool, arguments: args } });
const submit = (output: object = { summary: 'done' }) => ({ submit: output });
const FREE = { output_schema: null };

describe('codes of what agents do', () => {
  const world = useWorld(ODD_ENV);
  const server = useOdd(world);
  let scripts = 0;

  /** Runs a reason step whose model says these turns. */
  async function say(turns: object[], more: object = {}) {
    const name = `says-${(scripts += 1)}`;
    world.file('prompts', `${name}.yaml`, { steps: { a: turns } });
    await world.deploy({
      kind: 'worker',
      name,
      version: '1',
      provider: 'mock',
      model_name: `${name}.yaml`,
      system_prompt: 'You say what you are told.',
      tool_sources: [NOTES, server.source()],
    });
    const { traceId, saga } = await world.run([think('a', { worker: name, ...more })]);
    const shown = await world.show(traceId, 'a');
    const { message, error, ...details } = shown.error_details ?? {};
    assert.equal(error, message);
    return { traceId, saga, shown, message: String(message), details };
  }
  async function failure(turns: object[], more: object = {}): Promise<JsonObject> {
    const { saga, shown, details } = await say(turns, more);
    assert.deepEqual([saga.status, shown.status], ['FAILED', 'FAILED']);
    return details;
  }

  proves('CODE-6', async () => {
    const spoken = await failure([call('err'), { text: 'I would rather talk' }], allow('err'));
    const [error, ...more] = Object(spoken['last_tool_errors']);
    assert.deepEqual([error.tool, error.preview.length, more], ['err', 500, []]);
    assert.deepEqual(
      { ...spoken, last_tool_errors: null },
      {
        code: 'no_submit_call',
        reason: 'model_text_exit',
        turns_used: 2,
        max_turns: 10,
        last_assistant_content: 'I would rather talk',
        last_tool_errors: null,
      },
    );
    const tired = await failure(Array<object>(7).fill(call('err')), { ...allow('err'), max_turns: 6 });
    assert.deepEqual(
      [tired['code'], tired['reason'], tired['turns_used'], tired['max_turns']],
      ['no_submit_call', 'max_turns_exceeded', 6, 6],
    );
    assert.equal(Object(tired['last_tool_errors']).length, 5);
  });

  proves('CODE-7', async () => {
    const { code } = await failure([submit({})], { ...FREE, max_turns: 1 });
    assert.equal(code, 'empty_submit_result');
  });

  proves('CODE-8', async () => {
    const simple = { 'agent-adapter': 'simple' };
    const prose = await failure([{ text: 'This is no JSON.' }], simple);
    assert.deepEqual(
      [prose['code'], prose['response_preview']],
      ['structured_output_failed', 'This is no JSON.'],
    );
    for (const output of [{}, { summary: 1 }]) {
      const { code } = await failure([submit(output)], { ...simple, ...FREE });
      assert.equal(code, 'empty_structured_result');
    }
  });

  proves('CODE-9', async () => {
    for (const more of [{ max_turns: 1 }, { 'agent-adapter': 'simple' }]) {
      const { code, problems } = await failure([submit({ summary: '', extra: 1 })], more);
      assert.equal(code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
      assert.match(JSON.stringify(problems), /summary/);
      assert.match(JSON.stringify(problems), /extra/);
    }
  });

  proves('CODE-10', async () => {
    const { code, max_step_tokens, tokens_used, prompt_tokens, completion_tokens } = await failure(
      [submit()],
      { max_step_tokens: 5 },
    );
    assert.deepEqual([code, max_step_tokens], ['STEP_TOKEN_LIMIT_EXCEEDED', 5]);
    assert.equal(Number(prompt_tokens) + Number(completion_tokens), tokens_used);
    assert.ok(Number(tokens_used) > 5);
  });

  proves('CODE-11', async () => {
    const facts = [{ tool: 'list_notes', into: 'notes', fields: { none: '$.not.there' } }];
    const turns = [call('list_notes'), submit()];
    const details = await failure(turns, { ...allow('list_notes'), facts });
    const { code, tool, into, field, path, tool_result_preview } = details;
    assert.deepEqual(
      [code, tool, into, field, path],
      ['FACT_EXTRACTION_FAILED', 'list_notes', 'notes', 'none', '$.not.there'],
    );
    assert.match(String(tool_result_preview), /paths/);
    const { saga, shown } = await say([submit()], { ...allow('list_notes'), facts });
    assert.deepEqual([saga.status, shown.output_payload?.['facts']], ['COMPLETED', {}]);
  });

  proves('CODE-12', async () => {
    const { traceId, details } = await say(
      [{ calls: [call('list_notes').call, call('write_note', { path: 'x', content: 'x' }).call] }],
      allow('list_notes'),
    );
    assert.deepEqual(details, {
      code: 'TOOL_NOT_ALLOWED',
      tool: 'write_note',
      allowed_tools: ['list_notes'],
      disallowed_tools: ['write_note'],
    });
    assert.deepEqual(world.record(traceId), [], 'no call of that turn is made');
  });

  proves('CODE-20', async () => {
    const { code, provider, status, attempts } = await failure([{ fail: { status: 403 } }]);
    assert.deepEqual([code, provider, status, attempts], ['LLM_FAILED', 'mock', 403, 1]);
  });

  proves('CODE-21', async () => {
    const resources = { allow: [{ uri: 'odd://notes/{subject}' }] };
    const read = (uri: string) => [
      call('_read_resource', { uri }),
      submit({ summary: '{{ results[0].text }}' }),
    ];
    const { shown } = await say(read('odd://notes/a'), { resources });
    assert.deepEqual(shown.output_payload?.['data'], { summary: 'this is odd://notes/a' });
    for (const [uri, code] of [
      ['odd://elsewhere', 'RESOURCE_NOT_ALLOWED'],
      ['odd://notes/b', 'RESOURCE_URI_PLACEHOLDER_MISMATCH'],
      ['odd://notes/../a', 'RESOURCE_URI_TRAVERSAL'],
      ['odd://notes/%2e%2e/a', 'RESOURCE_URI_TRAVERSAL'],
      ['odd://notes/a\n', 'RESOURCE_URI_CONTROL_CHARACTERS'],
    ] as const) {
      assert.equal((await failure(read(uri), { resources }))['code'], code);
    }
    const bound = (subject: unknown) => ({ resources, with: { subject: { value: subject } } });
    assert.equal((await failure([], bound(null)))['code'], 'RESOURCE_URI_PLACEHOLDER_MISSING');
    assert.equal((await failure([], bound('../a')))['code'], 'RESOURCE_URI_TRAVERSAL');
    const none = { ...bound('none'), on_tool_error: 'fail' };
    assert.equal((await failure(read('odd://notes/none'), none))['code'], 'RESOURCE_READ_FAILED');
  });

  proves('CODE-22', async () => {
    for (const [tool, code] of [
      ['err', 'TOOL_OUTPUT_ERROR'],
      ['refuse', 'TOOL_INVOKE_FAILED'],
    ] as const) {
      const turns = [call(tool), submit({ summary: 'it said: {{ results[0].text }}' })];
      const back = await say(turns, { ...allow(tool), ...FREE });
      assert.equal(back.saga.status, 'COMPLETED');
      assert.match(JSON.stringify(back.shown.output_payload), /it cannot be done|it was refused/);
      const ends = await failure(turns, { ...allow(tool), ...FREE, on_tool_error: 'fail' });
      assert.deepEqual([ends['code'], ends['tool']], [code, tool]);
    }
  });
});
