import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { createModels } from '../../agent/providers.ts';
import { runReact } from '../../agent/react.ts';
import { readSettings } from '../../settings.ts';
import { local } from './protocols.ts';
import type { ProviderServer } from './provider-server.ts';
import { startProvider } from './provider-server.ts';
import { providerRun, submitted } from './provider-runs.ts';
import { failureOf } from './runs.ts';

const KEY = 'lk-4f1c9d27aa';

describe('the key of the local provider', () => {
  let server: ProviderServer;
  before(async () => {
    server = await startProvider();
  });
  after(() => server.close());
  afterEach(() => {
    server.requests.length = 0;
    server.answers.length = 0;
  });

  /** A run with the settings of a worker process. */
  const runWith = (env: Record<string, string>) => {
    const { llm } = readSettings({ WARDEN_LOCAL_LLM_BASE_URL: server.url, ...env });
    return providerRun(local, server, { models: createModels(llm) }).run;
  };
  const authorization = () => server.requests.map(({ headers }) => headers.authorization);

  it('is sent when it is set, and no header without one', async () => {
    const done = { events: local.turn(submitted({ a: 1 })) };
    server.answers.push(done, done, done);
    await runReact(runWith({ WARDEN_LOCAL_LLM_API_KEY: KEY }));
    await runReact(runWith({}));
    await runReact(runWith({ WARDEN_LOCAL_LLM_API_KEY: '' }));
    assert.deepEqual(authorization(), [`Bearer ${KEY}`, undefined, undefined]);
  });

  it('is in no failure, also when the server repeats it', async () => {
    server.answers.push(local.refusal(401, 'authentication_error', `the key ${KEY} is wrong`));
    const failure = await failureOf(runReact(runWith({ WARDEN_LOCAL_LLM_API_KEY: KEY })));
    assert.match(failure.message, /the key … is wrong/);
    assert.doesNotMatch(JSON.stringify(failure), new RegExp(KEY));
  });

  it('that cannot be a header fails the step without being shown', async () => {
    const odd = `${KEY}\n${KEY}`;
    const failure = await failureOf(runReact(runWith({ WARDEN_LOCAL_LLM_API_KEY: odd })));
    assert.equal(failure.code, 'LLM_FAILED');
    assert.doesNotMatch(JSON.stringify(failure), new RegExp(KEY));
    assert.deepEqual(authorization(), []);
  });

  it('that is a mere placeholder does not spoil the message of a failure', async () => {
    server.answers.push(local.refusal(404, 'not_found', 'no model x: pull it first'));
    const failure = await failureOf(runReact(runWith({ WARDEN_LOCAL_LLM_API_KEY: 'x' })));
    assert.match(failure.message, /no model x: pull it first/);
    assert.deepEqual(authorization(), ['Bearer x']);
  });
});
