import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { ModelError } from '../../agent/model.ts';
import { runReact } from '../../agent/react.ts';
import { hintMs } from '../../agent/sdk-errors.ts';
import type { Protocol } from './protocols.ts';
import { protocols } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { startProvider } from './provider-server.ts';
import { called, providerRun, submitted } from './provider-runs.ts';
import { failureOf } from './runs.ts';

/** The error of one turn, asked once. */
async function errorOf(protocol: Protocol, server: ProviderServer): Promise<ModelError> {
  const { run } = providerRun(protocol, server);
  const request = {
    system: 's',
    messages: [{ role: 'user' as const, text: 'p' }],
    tools: [],
    outputSchema: null,
    temperature: 0,
    turn: 0,
    attempt: 1,
    signal: run.signal,
  };
  try {
    const turn = await run.models.modelOf(run).turn(request);
    throw new Error(`expected no turn, found ${JSON.stringify(turn)}`);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

for (const protocol of protocols) {
  describe(`what goes wrong with ${protocol.provider}`, () => {
    let server: ProviderServer;
    const { turn } = protocol;
    before(async () => {
      server = await startProvider();
    });
    after(() => server.close());
    afterEach(() => {
      server.requests.length = 0;
      server.answers.length = 0;
    });
    const done = { events: turn(submitted({ a: 1 })) };

    for (const status of [408, 409, 429, 500, 502, 503, 529]) {
      it(`${status} is asked again, and is the end after the last attempt`, async () => {
        const refused = protocol.refusal(status, 'some_error', 'come back later');
        server.answers.push(refused, refused, done);
        assert.deepEqual((await runReact(providerRun(protocol, server).run)).output, { a: 1 });
        server.answers.push(refused, refused, refused, done);
        const failure = await failureOf(runReact(providerRun(protocol, server).run));
        assert.equal(failure.code, 'LLM_FAILED');
        assert.deepEqual([failure.details?.['status'], failure.details?.['attempts']], [status, 3]);
        assert.match(failure.message, /come back later/);
        assert.equal(server.requests.length, 6);
      });
    }

    for (const status of [400, 401, 403, 404, 413, 422]) {
      it(`${status} fails at once, with the provider's words`, async () => {
        server.answers.push(protocol.refusal(status, 'invalid_request_error', 'no such model'), done);
        const failure = await failureOf(runReact(providerRun(protocol, server).run));
        assert.deepEqual([failure.code, failure.details?.['status']], ['LLM_FAILED', status]);
        assert.match(failure.message, /in 1 attempt: .*no such model/);
        assert.equal(server.requests.length, 1);
      });
    }

    it('gives the wait hint on: retry-after-ms before Retry-After in seconds or as a date', async () => {
      const hints: [Record<string, string>, (ms: number | null) => boolean][] = [
        [{ 'retry-after': '7' }, (ms) => ms === 7_000],
        [{ 'retry-after-ms': '250', 'retry-after': '7' }, (ms) => ms === 250],
        [
          { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() },
          (ms) => ms !== null && ms > 3_000_000,
        ],
        [{}, (ms) => ms === null],
      ];
      for (const [headers, isHint] of hints) {
        server.answers.push(protocol.refusal(429, 'rate_limit_error', 'slow down', headers));
        const error = await errorOf(protocol, server);
        assert.equal(error.kind, 'transient');
        assert.ok(isHint(error.waitMs), `${JSON.stringify(headers)} gave ${error.waitMs}`);
      }
    });

    for (const end of ['reset', 'complete'] as const) {
      it(`no part of an answer that was cut (${end}) is used, wherever it was cut: the turn is asked for again`, async () => {
        const events = turn({ text: 'I look.', ...called('read', '{"n": 1}') });
        // After the provider's reason for the end only usage and the end mark follow.
        const spare = end === 'complete' && protocol.provider !== 'anthropic' ? 2 : 0;
        for (let kept = 0; kept < events.length - spare; kept += 1) {
          server.requests.length = 0;
          server.answers.push({ events: events.slice(0, kept), end }, { events }, done);
          const { run, calls, entries } = providerRun(protocol, server);
          assert.deepEqual((await runReact(run)).output, { a: 1 });
          assert.deepEqual(calls, ['read call_1_1 {"n":1}']);
          assert.deepEqual(
            [entries[0]?.['text'], server.requests.length],
            ['I look.', 3],
            `${kept} of ${events.length}`,
          );
        }
      });
    }

    it('an answer cut in the middle of an event is asked for again', async () => {
      const events = turn(called('read', '{"n": 1}'));
      const whole = events.join('');
      server.answers.push({ events: [whole.slice(0, Math.floor(whole.length * 0.6))] }, { events }, done);
      const { run, calls } = providerRun(protocol, server);
      await runReact(run);
      assert.deepEqual(calls, ['read call_1_1 {"n":1}']);
    });

    it('an answer that is no JSON, no stream or nothing at all is asked for again, and then is LLM_FAILED', async () => {
      const garbled = [
        { events: ['data: {"id": \n\n'] },
        { events: ['data: [1, 2]\n\n'] },
        { events: [] },
        { status: 200, body: '<html>Welcome to the proxy</html>' },
        { status: 200, body: '' },
      ];
      for (const answer of garbled) {
        server.answers.push(answer, done);
        assert.deepEqual((await runReact(providerRun(protocol, server).run)).output, { a: 1 });
        server.answers.push(answer, answer, answer);
        const failure = await failureOf(runReact(providerRun(protocol, server).run));
        assert.deepEqual([failure.code, failure.details?.['attempts']], ['LLM_FAILED', 3]);
      }
    });

    it('an error answer that is no JSON is known by its status', async () => {
      server.answers.push(
        { status: 502, body: '<html>Bad gateway</html>' },
        { status: 404, body: 'nothing' },
      );
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.deepEqual([failure.details?.['status'], failure.details?.['attempts']], [404, 2]);
    });

    it('an error in the middle of a stream is known by its type: overloaded is asked again, invalid is the end', async () => {
      const begun = turn({ text: 'I look.' }).slice(0, 3);
      const overloaded = protocol.broken('overloaded_error', 'busy');
      server.answers.push({ events: [...begun, overloaded] }, done);
      assert.deepEqual((await runReact(providerRun(protocol, server).run)).output, { a: 1 });
      const invalid = protocol.broken('invalid_request_error', 'the prompt is too long');
      server.answers.push({ events: [...begun, invalid] }, done);
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.deepEqual([failure.code, failure.details?.['attempts']], ['LLM_FAILED', 1]);
      assert.match(failure.message, /the prompt is too long/);
    });

    it('a refusal fails at once, with what the model said', async () => {
      const said = { text: 'I cannot help with that.', finish: protocol.reasons.refused };
      server.answers.push({ events: turn(said) }, done);
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.deepEqual([failure.code, failure.details?.['attempts']], ['LLM_FAILED', 1]);
      assert.match(failure.message, /refused to answer.*I cannot help with that/);
    });

    if (protocol.provider !== 'anthropic') {
      it('a refusal in its own member fails at once, with what the model said and what it cost', async () => {
        server.answers.push({ events: turn({ refusal: 'I will not do that.' }) });
        const error = await errorOf(protocol, server);
        assert.deepEqual([error.kind, error.usage?.prompt_tokens], ['refused', 10]);
        assert.match(error.message, /refused to answer.*it said: I will not do that\.$/);
      });
    }

    it('a turn that reached the limit of output fails at once; a call that it cut is told to the model', async () => {
      const finish = protocol.reasons.length;
      server.answers.push({ events: turn({ text: 'Once upon', finish }) });
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.equal(failure.code, 'LLM_FAILED');
      assert.match(failure.message, /limit of output/);
      server.answers.push({ events: turn({ ...called('read', '{"n": 1, "m'), finish }) }, done);
      const { run, calls, entries } = providerRun(protocol, server);
      await runReact(run);
      assert.deepEqual([calls, entries[1]?.['is_error']], [[], true]);
    });

    it('a server that is not there is asked again, and then is LLM_FAILED with the address', async () => {
      const gone = await startProvider();
      await gone.close();
      const { models } = providerRun(protocol, gone).run;
      const failure = await failureOf(runReact(providerRun(protocol, server, { models }).run));
      assert.deepEqual(
        [failure.code, failure.details?.['status'], failure.details?.['attempts']],
        ['LLM_FAILED', null, 3],
      );
      assert.match(failure.message, /ECONNREFUSED 127\.0\.0\.1:\d+/);
    });

    it('an endless answer is not read for ever', async () => {
      const [first = '', ...rest] = turn({ text: 'x'.repeat(2_000_000) });
      const long = rest.filter((event) => event.includes('xxx'));
      const start = rest.slice(
        0,
        rest.findIndex((event) => event.includes('xxx')),
      );
      const events = [first, ...start, ...Array.from({ length: 5 }, () => long).flat()];
      server.answers.push({ events, end: 'open' });
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.equal(failure.code, 'LLM_FAILED');
      assert.match(failure.message, /longer than 8388608 characters/);
    });

    it('a step that is told to stop in the middle of an answer stops at once', async () => {
      const stop = new AbortController();
      const reason = new Error('the time of the step is over');
      server.answers.push({ events: turn({ text: 'I look.' }).slice(0, 3), end: 'open' });
      const { run, entries } = providerRun(protocol, server, { signal: stop.signal });
      const running = runReact(run);
      setTimeout(() => stop.abort(reason), 50);
      await assert.rejects(running, (error) => error === reason);
      assert.deepEqual(entries, []);
    });

    if (protocol.key === null) return;

    it('the key is in no failure, also when the provider repeats it', async () => {
      const answer = protocol.refusal(401, 'authentication_error', `the key ${protocol.key} is wrong`);
      server.answers.push(answer);
      const failure = await failureOf(runReact(providerRun(protocol, server).run));
      assert.match(failure.message, /the key … is wrong/);
      assert.doesNotMatch(JSON.stringify(failure), new RegExp(String(protocol.key)));
    });
  });
}

describe('a wait hint', () => {
  it('that is none, or in the past, is no reason to wait', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    assert.equal(hintMs({ 'retry-after': 'soon' }, now), null);
    assert.equal(hintMs({ 'retry-after': '-5' }, now), null);
    assert.equal(hintMs({ 'retry-after': '0.5' }, now), 500);
    assert.equal(hintMs({ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, now), 0);
    assert.equal(hintMs({ 'retry-after': 'Thu, 01 Jan 2026 00:00:02 GMT' }, now), 2_000);
    assert.equal(hintMs({ 'retry-after-ms': 'x', 'retry-after': '2' }, now), 2_000);
  });
});
