import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import type { MockTurn } from '../../domain/definition.ts';
import { runAgent } from '../../agent/run.ts';
import type { AgentRun } from '../../agent/run.ts';
import { anthropic, local, openai, protocols } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { startProvider } from './provider-server.ts';
import { providerRun } from './provider-runs.ts';
import { failureOf, object, reasonStep, recordedRun, text } from './runs.ts';

const titled = {
  type: 'object',
  required: ['title', 'count'],
  properties: { title: { type: 'string', minLength: 3 }, count: { type: 'integer' } },
};
const plain = reasonStep({ agent_adapter: 'simple' });
const structured = reasonStep({ agent_adapter: 'simple', output_schema: titled });

const simple = (said: string, step = plain): AgentRun => recordedRun([{ text: said }], { step }).run;

describe('a simple reason step', () => {
  it('is one structured completion, and one model turn of the transcript', async () => {
    const { run, entries } = recordedRun([{ submit: { title: 'Bees', count: '3' } }], { step: structured });
    const { output, usage, facts, usedWritingTool } = await runAgent(run);
    assert.deepEqual(output, { title: 'Bees', count: 3 });
    assert.deepEqual([usage['llm_calls'], facts, usedWritingTool, entries.length], [1, null, false, 1]);
  });

  it('without output_schema takes an object with a string summary, whatever else is in it', async () => {
    assert.deepEqual((await runAgent(simple('{"summary": "short", "n": 1}'))).output, {
      summary: 'short',
      n: 1,
    });
  });

  it('finds the object in fences and in words', async () => {
    for (const said of [
      '```json\n{"summary": "s"}\n```',
      'Here you are: {"summary": "s"} I hope it helps.',
    ]) {
      assert.deepEqual((await runAgent(simple(said))).output, { summary: 's' });
    }
  });

  it('of an answer that is no JSON object is structured_output_failed, with what came', async () => {
    for (const said of ['I would rather talk.', '[1, 2]', '{"summary": "cut']) {
      const failure = await failureOf(runAgent(simple(said)));
      assert.equal(failure.code, 'structured_output_failed');
      assert.equal(failure.details?.['response_preview'], said);
    }
    const long = await failureOf(runAgent(simple('x'.repeat(5_000))));
    assert.equal(text(object(long.details)['response_preview']).length, 500);
  });

  it('of an empty answer, an empty object, or one without a summary is empty_structured_result', async () => {
    for (const said of ['', '  \n', 'null', '{}', '{"title": "Bees"}', '{"summary": ["a"]}']) {
      const failure = await failureOf(runAgent(simple(said)));
      assert.equal(failure.code, 'empty_structured_result', said);
    }
    assert.equal((await failureOf(runAgent(simple('{}', structured)))).code, 'empty_structured_result');
  });

  it('whose output the schema refuses is OUTPUT_SCHEMA_VALIDATION_FAILED with the problems', async () => {
    const failure = await failureOf(runAgent(simple('{"title": "a", "count": 1.5}', structured)));
    assert.equal(failure.code, 'OUTPUT_SCHEMA_VALIDATION_FAILED');
    assert.equal(Array.isArray(failure.details?.['problems']) && failure.details['problems'].length, 2);
  });

  it('resumed with its turn recorded asks no model again, and comes to the same end', async () => {
    const scripts: MockTurn[] = [{ submit: { summary: 's' } }, { text: 'talk' }];
    for (const turn of scripts) {
      const { run, entries } = recordedRun([turn], { step: plain });
      const outcome = await runAgent(run).catch((error: unknown) => error);
      const resumed = recordedRun([], { step: plain, transcript: entries }).run;
      assert.deepEqual(await runAgent(resumed).catch((error: unknown) => error), outcome);
    }
  });

  it('of the mock without a script answers from the schema, and shows the first argument', async () => {
    const { output } = await runAgent(recordedRun(null, { step: structured }).run);
    assert.deepEqual(output, { title: 'mock title: bees', count: 0 });
    const free = await runAgent(recordedRun(null, { step: plain, wantedKeys: ['verdict'] }).run);
    assert.deepEqual(Object.keys(free.output), ['summary', 'verdict']);
  });

  it('is held to the limit of tokens as well', async () => {
    const { run } = recordedRun([{ submit: { summary: 's' } }], { step: { ...plain, max_step_tokens: 3 } });
    assert.equal((await failureOf(runAgent(run))).code, 'STEP_TOKEN_LIMIT_EXCEEDED');
  });
});

describe('a simple reason step over a real protocol', () => {
  let server: ProviderServer;
  before(async () => {
    server = await startProvider();
  });
  after(() => server.close());
  afterEach(() => {
    server.requests.length = 0;
    server.answers.length = 0;
  });

  for (const protocol of protocols) {
    it(`asks ${protocol.provider} for output of the schema, and for no tool`, async () => {
      server.answers.push({ events: protocol.turn({ text: '{"title": "Bees", "count": 3}' }) });
      const { run } = providerRun(protocol, server, { step: structured, tools: [] });
      const { output, usage } = await runAgent(run);
      assert.deepEqual(output, { title: 'Bees', count: 3 });
      assert.equal(usage['model_id'], 'model-of-today');
      const body = server.requests[0]?.body;
      assert.equal(body.tools, undefined);
      const asked = body.response_format?.json_schema ?? body.output_format ?? body.output_config?.format;
      assert.deepEqual(Object.keys(asked.schema.properties), ['title', 'count']);
    });

    it(`a refusal of ${protocol.provider} is LLM_FAILED`, async () => {
      server.answers.push({ events: protocol.turn({ text: 'No.', finish: protocol.reasons.refused }) });
      const failure = await failureOf(runAgent(providerRun(protocol, server, { step: plain }).run));
      assert.equal(failure.code, 'LLM_FAILED');
    });
  }

  it('asks openai for no stricter schema than the manifest has', async () => {
    server.answers.push({ events: openai.turn({ text: '{"summary": "s"}' }) });
    await runAgent(providerRun(openai, server, { step: plain }).run);
    assert.equal(server.requests[0]?.body.response_format.json_schema.strict, false);
  });

  it('spells the schema out for a local server, which may not know the parameter', async () => {
    server.answers.push({ events: local.turn({ text: '{"title": "Bees", "count": 3}' }) });
    await runAgent(providerRun(local, server, { step: structured }).run);
    const { messages } = server.requests[0]?.body ?? {};
    assert.equal(messages.length, 2);
    assert.match(JSON.stringify(messages[1]), /Write about bees\..*JSON Schema.*minLength/);
  });

  it('takes the answer of an older anthropic model, which comes as a tool call', async () => {
    const call = { tool: 'json', arguments: '{"summary": "s"}' };
    server.answers.push({ events: anthropic.turn({ calls: [call] }) });
    const { run } = providerRun(anthropic, server, { step: plain });
    const worker = { ...run.worker, model_name: 'claude-3-haiku-20240307' };
    assert.deepEqual((await runAgent({ ...run, worker })).output, { summary: 's' });
  });
});
