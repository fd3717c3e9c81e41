import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { runReact } from '../../agent/react.ts';
import { protocols } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { startProvider } from './provider-server.ts';
import { called, providerRun, submitted } from './provider-runs.ts';
import { NO_PROVIDERS, allowance, echo, echoTool, failureOf, object, reasonStep, text } from './runs.ts';

for (const protocol of protocols) {
  describe(`a reason step on ${protocol.provider}`, () => {
    let server: ProviderServer;
    before(async () => {
      server = await startProvider();
    });
    after(() => server.close());
    afterEach(() => {
      server.requests.length = 0;
      server.answers.length = 0;
    });
    const say = (...turns: Parameters<typeof protocol.turn>[0][]): void => {
      server.answers.push(...turns.map((said) => ({ events: protocol.turn(said) })));
    };

    it('takes turns and tool calls until the model submits, and counts what the provider reports', async () => {
      say({ text: 'I look first.', ...called('read', '{"n": 1}') }, submitted({ title: 'Bees' }));
      const { run, calls, entries } = providerRun(protocol, server);
      const { output, usage, facts, timing } = await runReact(run);
      assert.deepEqual(output, { title: 'Bees' });
      assert.deepEqual(calls, ['read call_1_1 {"n":1}']);
      assert.deepEqual(usage, {
        prompt_tokens: 20,
        completion_tokens: 10,
        total_tokens: 30,
        llm_calls: 2,
        model_id: 'model-of-today',
      });
      assert.deepEqual([facts, timing], [null, { llm_ms: 0, tool_ms: 0 }]);
      assert.equal(entries[0]?.['text'], 'I look first.');
    });

    it('is asked with the key, the temperature, the prompts and the tools', async () => {
      say(submitted({ a: 1 }));
      await runReact(providerRun(protocol, server).run);
      const [request] = server.requests;
      assert.equal(request?.path, protocol.path);
      const { authorization, 'x-api-key': apiKey } = request.headers;
      const key = protocol.provider === 'anthropic' ? apiKey : authorization?.replace('Bearer ', '');
      assert.equal(key, protocol.key ?? undefined);
      assert.deepEqual(
        [request.body.temperature, request.body.stream, request.body.model],
        [0.3, true, protocol.provider === 'anthropic' ? 'claude-sonnet-4-5' : 'gpt-4.1'],
      );
      const shown = JSON.stringify(request.body);
      assert.match(shown, /You write\./);
      assert.match(shown, /Write about bees\./);
      assert.deepEqual(
        protocol.tools(request.body).map(({ name }) => name),
        ['read', '_submit'],
      );
    });

    it('gives calls and results back under the ids of the transcript', async () => {
      say(called('read', '{"n": 7}'), submitted({ a: 1 }));
      await runReact(providerRun(protocol, server).run);
      const { calls, results } = protocol.givenBack(server.requests[1]?.body);
      assert.equal(calls.length, 1);
      assert.equal(calls[0].id, 'call_1_1');
      assert.match(JSON.stringify(calls[0]), /read/);
      assert.deepEqual(results, ['{"tool":"read","args":{"n":7},"id":"call_1_1"}']);
    });

    it('makes the calls of one turn in order, and several may be of one tool', async () => {
      say(
        {
          calls: [
            { tool: 'read', arguments: '{"n":1}' },
            { tool: 'read', arguments: '{"n":2}' },
          ],
        },
        submitted({ a: 1 }),
      );
      const { run, calls } = providerRun(protocol, server);
      await runReact(run);
      assert.deepEqual(calls, ['read call_1_1 {"n":1}', 'read call_1_2 {"n":2}']);
      assert.equal(protocol.givenBack(server.requests[1]?.body).results.length, 2);
    });

    it('describes a tool with the words of the manifest, and asks for strict arguments of that tool only', async () => {
      say(submitted({ a: 1 }));
      const strict = allowance('write', { strict_schema: true, description: 'Only for drafts.' });
      const step = reasonStep({ tools: [allowance('read'), strict] });
      await runReact(
        providerRun(protocol, server, { step, tools: [echoTool('read'), echoTool('write')] }).run,
      );
      const tools = protocol.tools(server.requests[0]?.body);
      assert.deepEqual(
        tools.map(({ name, description, strict: asked }) => [name, description, asked ?? false]),
        [
          ['read', 'says read', false],
          ['write', 'Only for drafts.', true],
          ['_submit', tools[2]?.description, false],
        ],
      );
      assert.ok(
        tools.every(({ schema }) => schema['type'] === 'object' && schema['properties'] !== undefined),
      );
    });

    it('takes tools whose names a provider would refuse', async () => {
      const name = 'files/read.all of the repository';
      const step = reasonStep({ tools: [allowance(name)] });
      server.answers.push({ status: 500, body: '' });
      const { run, calls } = providerRun(protocol, server, { step, tools: [echoTool(name)], call: echo });
      say(submitted({ a: 1 }));
      await runReact(run);
      const [tool] = protocol.tools(server.requests[0]?.body);
      assert.match(tool?.name ?? '', /^[A-Za-z0-9_-]{1,64}$/);
      say(called(tool?.name ?? '', '{}'), submitted({ a: 1 }));
      await runReact(run);
      assert.deepEqual(calls, [`${name} call_1_1 {}`]);
      assert.match(
        JSON.stringify(protocol.givenBack(server.requests.at(-1)?.body).calls),
        /files_read_all_of/,
      );
    });

    it('admits sloppy arguments, tells the model about broken ones, and goes on', async () => {
      say(
        called('read', '{"n": "3"}'),
        called('read', '{"n": '),
        called('read', 'three'),
        called('read', ''),
        submitted({ a: 1 }),
      );
      const { run, calls, entries } = providerRun(protocol, server);
      await runReact(run);
      assert.deepEqual(calls, ['read call_1_1 {"n":3}', 'read call_4_1 {}']);
      const refused = entries.filter((entry) => entry['is_error'] === true);
      assert.deepEqual(
        refused.map((entry) => [entry['called'], entry['call']]),
        [
          [false, 'call_2_1'],
          [false, 'call_3_1'],
        ],
      );
      const { calls: back } = protocol.givenBack(server.requests.at(-1)?.body);
      assert.match(JSON.stringify(back), /invalid_arguments/);
    });

    it('fails when the model calls a tool that is not allowed, whatever its name', async () => {
      say(called('shell', '{}'));
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.equal(failure.code, 'TOOL_NOT_ALLOWED');
    });

    it('ends with text only: no_submit_call; with nothing at all: the same, and says so', async () => {
      say({ text: 'That was all.' });
      const talked = await failureOf(runReact(providerRun(protocol, server).run));
      assert.equal(talked.code, 'no_submit_call');
      assert.equal(object(talked.details)['last_assistant_content'], 'That was all.');
      say({});
      const silent = await failureOf(runReact(providerRun(protocol, server).run));
      assert.equal(silent.code, 'no_submit_call');
      assert.match(silent.message, /is empty/);
    });

    it('counts tokens itself when the provider reports none, and says so', async () => {
      say({ ...submitted({ a: 1 }), usage: null });
      const { usage } = await runReact(providerRun(protocol, server).run);
      assert.deepEqual(usage['details'], { estimated_calls: 1 });
      assert.ok(Number(usage['total_tokens']) > 5);
    });

    it('goes on from every recorded prefix, and asks for no finished turn again', async () => {
      const script = [called('read', '{"n": 1}'), called('read', '{"n": 2}'), submitted({ a: 1 })];
      say(...script);
      const whole = providerRun(protocol, server);
      const result = await runReact(whole.run);
      for (let kept = 0; kept <= whole.entries.length; kept += 1) {
        const transcript = whole.entries.slice(0, kept);
        const turns = transcript.filter((entry) => entry['kind'] === 'model').length;
        server.requests.length = 0;
        say(...script.slice(turns));
        const resumed = providerRun(protocol, server, { transcript });
        assert.deepEqual(await runReact(resumed.run), result);
        assert.deepEqual(resumed.entries, whole.entries);
        assert.equal(server.requests.length, script.length - turns);
      }
    });

    if (protocol.key === null) return;

    it('a key that is missing fails the step, names the variable, and sends nothing', async () => {
      const { models } = providerRun({ ...protocol, settings: () => NO_PROVIDERS }, server).run;
      const failure = await failureOf(runReact(providerRun(protocol, server, { models }).run));
      assert.equal(failure.code, 'LLM_FAILED');
      assert.match(
        text(failure.message),
        protocol.provider === 'openai' ? /OPENAI_API_KEY/ : /ANTHROPIC_API_KEY/,
      );
      assert.deepEqual([failure.details?.['attempts'], server.requests], [1, []]);
    });
  });
}
