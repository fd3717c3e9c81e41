import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { sagaOf, useDeploys, workerWith, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { useAsked } from './asked.ts';
import { think } from './world.ts';

describe('what a model is asked', () => {
  const { world, ask, said } = useAsked({ WARDEN_MAX_STEP_TOKENS: '1000' });
  const { outcome, refuses } = useDeploys(world);
  let prompts = 0;
  const prompt = (text: string) => ({ prompt: world.file('prompts', `p${(prompts += 1)}.md`, text) });
  const list = { tools: { allow: [{ name: 'list_notes' }] } };
  const DONE = said({ calls: [{ tool: '_submit', arguments: '{"summary":"done"}' }] });
  const promptOf = async (more: object) => {
    const { requests, step } = await ask([DONE], more);
    const [system, user] = requests[0]?.body.messages ?? [];
    return { system: system?.content, user: user?.content, step };
  };

  proves('MANIFEST-34', async () => {
    const { requests } = await ask([DONE], {});
    assert.deepEqual(
      [requests[0]?.path, requests[0]?.body.model],
      ['/v1/chat/completions', 'model-of-today'],
    );
    assert.equal(requests[0]?.body.temperature, 0);
    const warm = { provider: 'local', model_name: 'another-model', temperature: 0.7 };
    await outcome(workerWith({ ...warm, name: 'warm' }));
    const other = await ask([DONE], { worker: 'warm' });
    assert.deepEqual(
      [other.requests[0]?.body.model, other.requests[0]?.body.temperature],
      ['another-model', 0.7],
    );
  });

  proves('MANIFEST-35', async () => {
    for (const adapter of ['react', 'simple']) {
      const answer = adapter === 'react' ? DONE : said({ text: '{"summary":"done"}' });
      const { requests } = await ask([answer], { 'agent-adapter': adapter });
      const [system, ...rest] = requests[0]?.body.messages ?? [];
      assert.deepEqual([system?.role, system?.content], ['system', 'You ask.']);
      assert.ok(!JSON.stringify(rest).includes('You ask.'));
    }
  });

  proves('MANIFEST-66', async () => {
    const allow = [{ name: 'list_notes', description: 'Says what there is.' }, { name: 'read_note' }];
    const { requests } = await ask([DONE], { tools: { allow } });
    const tools: { function: { name: string; description: string } }[] = requests[0]?.body.tools ?? [];
    const described = new Map(tools.map(({ function: each }) => [each.name, each.description]));
    assert.equal(described.get('list_notes'), 'Says what there is.');
    assert.equal(described.get('read_note'), 'Reads one note.');
  });

  proves('MANIFEST-67', async () => {
    const allow = [{ name: 'list_notes', strict_schema: true }, { name: 'read_note' }];
    const { requests } = await ask([DONE], { tools: { allow } });
    const tools: { function: { name: string; strict?: boolean } }[] = requests[0]?.body.tools ?? [];
    const strict = tools.filter(({ function: each }) => each.strict === true);
    assert.deepEqual(
      strict.map(({ function: each }) => each.name),
      ['list_notes'],
    );
  });

  proves('MANIFEST-87', async () => {
    const empty = world.file('prompts', 'empty.md', ' \n');
    await refuses([
      [sagaOf(think('a', { prompt: undefined })), 'steps[0].prompt', /"prompt" is required/],
      [sagaOf(think('a', { prompt: empty })), '', /expected a prompt, found an empty file/],
    ]);
  });

  proves('MANIFEST-88', async () => {
    const text = 'As it is: { subject } }} %} {# no comment #} \\n \u00e4\n\n  end';
    assert.equal((await promptOf(prompt(text))).user, text);
    const { user } = await promptOf(prompt('It is {{ subject }}.{# gone #}'));
    assert.equal(user, 'It is a.');
  });

  proves('MANIFEST-89', async () => {
    const known =
      '{% set mine = 1 %}{% for each in subject %}{{ each }}{{ loop.index }}{% endfor %}{{ mine }} ' +
      '{{ allowed_tools }} {{ _hitl_retry }} {{ subject }}';
    const { user } = await promptOf({ ...prompt(known), ...list });
    assert.match(user, /^a11 .*list_notes.* {2}a$/);
    const saga = (text: string) => sagaOf(think('a', prompt(text)));
    await refuses([
      [saga('{{ nobody }}'), '', /expected a name bound in "with", found "nobody"/],
      [saga('{{ subjct.title }}'), '', /found "subjct": did you mean "subject"/],
      [saga('{{ guidance }}'), '', /found "guidance"/],
    ]);
  });

  proves('MANIFEST-90', async () => {
    const bound = { subject: { value: { a: 1 } }, none: { from: '$.input.missing' } };
    const printed = await promptOf({
      ...prompt('[{{ subject.b }}][{{ subject.a }}]'),
      with: bound,
    });
    assert.equal(printed.user, '[][1]');
    const { step, requests } = await ask([DONE], { ...prompt('{{ subject.b.c }}'), with: bound });
    assert.deepEqual([step.status, step.error_details?.['code']], ['FAILED', 'PROMPT_RENDER_FAILED']);
    assert.equal(requests.length, 0);
  });

  proves('MANIFEST-91', async () => {
    const saga = (text: string) => sagaOf(think('a', prompt(text)));
    await refuses([
      [
        saga('{{ subject | wordcount }}'),
        '',
        /the filter wordcount is not available: use split and then length/,
      ],
      [saga('a\n{{ subject | nosuch }}'), '', /the filter nosuch is not available: use one of/],
      [saga('{% include "think.md" %}'), '', /include .* is not available: a prompt is one file/],
      [saga('{% extends "think.md" %}'), '', /extends .* is not available/],
      [saga('{{ lipsum() }}'), '', /the function lipsum is not available/],
      ...['{{', '{% if subject %}', '{{ 1 2 }}', '{% nosuch %}'].map((text): BadCase => [
        saga(text),
        '',
        /expected a prompt template/,
      ]),
    ]);
  });

  proves('MANIFEST-92', async () => {
    const call = said({ calls: [{ tool: 'list_notes', arguments: '{}' }] });
    const react = await ask([call, DONE], list);
    assert.deepEqual(react.step.output_payload, { data: { summary: 'done' } });
    assert.equal(react.requests.length, 2);
    const simple = await ask([said({ text: '{"summary":"at once"}' })], {
      'agent-adapter': 'simple',
      output_schema: 'summary.json',
    });
    assert.deepEqual(simple.step.output_payload, { data: { summary: 'at once' } });
    const [request] = simple.requests;
    assert.deepEqual([simple.requests.length, request?.body.tools], [1, undefined]);
    assert.equal(request?.body.response_format.type, 'json_schema');
  });

  proves('MANIFEST-93', async () => {
    const simple = (more: object) => sagaOf(think('a', { 'agent-adapter': 'simple', ...more }));
    const said = /needs "agent-adapter: react"/;
    const facts = [{ tool: 'list_notes', into: 'x', fields: { y: '$' } }];
    await refuses([
      [simple(list), 'steps[0].tools', said],
      [simple({ resources: { allow: [{ uri: 'a:b' }] } }), 'steps[0].resources', said],
      [simple({ ...list, facts }), 'steps[0].facts', said],
      [sagaOf(think('a', { 'agent-adapter': 'loop' })), 'steps[0].agent-adapter', /react or simple/],
    ]);
    assert.equal(await outcome({ ...simple({}), name: 'simple' }), 'created');
  });

  proves('MANIFEST-94', async () => {
    const read = said({ calls: [{ tool: 'read_note', arguments: '{"path":"gone.md"}' }] });
    const tools = { allow: [{ name: 'read_note' }] };
    const returned = await ask([read, DONE], { tools });
    assert.equal(returned.step.status, 'COMPLETED');
    const [, second] = returned.requests;
    assert.match(JSON.stringify(second?.body.messages.at(-1)), /there is no note/);
    const failed = await ask([read, DONE], { tools, on_tool_error: 'fail' });
    assert.deepEqual([failed.step.error_details?.['code'], failed.requests.length], ['TOOL_OUTPUT_ERROR', 1]);
    world.rehearse({ read_note: { refuse: 'not today' } });
    const refused = await ask([read, DONE], { tools, on_tool_error: 'fail' });
    world.rehearse(null);
    assert.equal(refused.step.error_details?.['code'], 'TOOL_INVOKE_FAILED');
    await refuses([
      [sagaOf(think('a', { on_tool_error: 'stop' })), 'steps[0].on_tool_error', /return or fail/],
    ]);
  });

  proves('MANIFEST-95', async () => {
    const call = said({
      calls: [{ tool: 'list_notes', arguments: '{}' }],
      usage: { prompt: 60, completion: 40 },
    });
    const { step, requests } = await ask([call, call, DONE], { ...list, max_step_tokens: 199 });
    const { message, error, ...details } = step.error_details ?? {};
    assert.deepEqual(details, {
      code: 'STEP_TOKEN_LIMIT_EXCEEDED',
      tokens_used: 200,
      max_step_tokens: 199,
      prompt_tokens: 120,
      completion_tokens: 80,
    });
    assert.deepEqual([message, requests.length], [error, 2]);
    const within = await ask([call, call, DONE], { ...list, max_step_tokens: 215 });
    assert.equal(within.step.status, 'COMPLETED');
    await refuses([[sagaOf(think('a', { max_step_tokens: 0 })), 'steps[0].max_step_tokens', /at least 1/]]);
  });

  proves('MANIFEST-96', async () => {
    const large = said({
      calls: [{ tool: '_submit', arguments: '{"summary":"done"}' }],
      usage: { prompt: 900, completion: 101 },
    });
    const { step } = await ask([large], {});
    const { code, max_step_tokens } = step.error_details ?? {};
    assert.deepEqual([code, max_step_tokens], ['STEP_TOKEN_LIMIT_EXCEEDED', 1000]);
    assert.equal((await ask([large], { max_step_tokens: 1001 })).step.status, 'COMPLETED');
  });

  proves('MANIFEST-97', async () => {
    const submit = (text: string) => said({ calls: [{ tool: '_submit', arguments: text }] });
    const { step, requests } = await ask([submit('{}'), submit('{"any":{"thing":1}}')], {});
    assert.deepEqual(step.output_payload, { data: { any: { thing: 1 } } });
    assert.equal(requests.length, 2);
    const never = await ask([submit('{}')], { max_turns: 1 });
    assert.equal(never.step.error_details?.['code'], 'empty_submit_result');
  });

  proves('MANIFEST-98', async () => {
    const simple = async (text: string) => {
      const { step } = await ask([said({ text })], { 'agent-adapter': 'simple' });
      return step.error_details?.['code'] ?? step.output_payload;
    };
    assert.deepEqual(await simple('{"summary":"short","more":1}'), { data: { summary: 'short', more: 1 } });
    assert.equal(await simple('{"more":1}'), 'empty_structured_result');
    assert.equal(await simple('{"summary":{}}'), 'empty_structured_result');
    assert.equal(await simple('{}'), 'empty_structured_result');
    assert.equal(await simple('no JSON at all'), 'structured_output_failed');
  });
});
