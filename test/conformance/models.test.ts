import assert from 'node:assert/strict';
import { after, before, describe } from 'mocha';
import { local } from '../agent/protocols.ts';
import { startProvider, type Answer, type ProviderServer } from '../agent/provider-server.ts';
import { proves } from './rule.ts';
import { think, useWorld } from './world.ts';

const HANDS_IN = local.turn({ calls: [{ tool: '_submit', arguments: '{"summary":"done"}' }] });
const DONE: Answer = { events: HANDS_IN };
const refusal = (status: number, headers: Record<string, string> = {}): Answer =>
  local.refusal(status, 'of_the_test', `answered with ${status}`, headers);

/** A world whose worker `asking` asks a provider that answers as it is told. */
function useProvider(env: Readonly<Record<string, string>>) {
  let provider: ProviderServer;
  before(async () => {
    provider = await startProvider();
  });
  const world = useWorld(() => ({
    WARDEN_LOCAL_LLM_BASE_URL: provider.url,
    WARDEN_LLM_RETRY_BASE_DELAY_S: '0.01',
    WARDEN_LLM_RETRY_MAX_DELAY_S: '2',
    ...env,
  }));
  before(() =>
    world.deploy({
      kind: 'worker',
      name: 'asking',
      version: '1',
      provider: 'local',
      model_name: 'model-of-today',
      system_prompt: 'You ask.',
    }),
  );
  after(() => provider.close());

  /** Runs one step whose requests are answered with these, and one more would be answered with 418. */
  async function ask(...answers: Answer[]) {
    provider.answers.splice(0, Infinity, ...answers);
    provider.requests.splice(0);
    const { traceId, saga } = await world.run([think('a', { worker: 'asking' })]);
    const { error_details, usage } = await world.show(traceId, 'a');
    return { saga, error: error_details, usage, requests: [...provider.requests] };
  }
  return { ask };
}

describe('a provider that fails', () => {
  const { ask } = useProvider({});

  proves('MODEL-1', async () => {
    const cut: Answer = { events: HANDS_IN.slice(0, 2), end: 'reset' };
    for (const transient of [refusal(408), refusal(409), refusal(429), refusal(500), refusal(503), cut]) {
      const { saga, requests, usage } = await ask(transient, DONE);
      assert.equal(saga.status, 'COMPLETED');
      assert.deepEqual(requests[1]?.body, requests[0]?.body);
      assert.equal(Object(usage?.['worker'])['llm_calls'], 1);
    }
  });

  proves('MODEL-2', async () => {
    const { saga, requests } = await ask(refusal(429, { 'retry-after': '1' }), DONE);
    assert.equal(saga.status, 'COMPLETED');
    const [first, second] = requests;
    assert.ok(first && second && second.at - first.at >= 990, 'a second, but for the grain of the timers');
  });

  proves('MODEL-3', async () => {
    const { saga, error, requests } = await ask(refusal(500), refusal(502), refusal(503));
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'LLM_FAILED']);
    const { message, error: repeated, ...details } = error ?? {};
    assert.deepEqual(details, {
      code: 'LLM_FAILED',
      provider: 'local',
      model: 'model-of-today',
      status: 503,
      attempts: 3,
    });
    assert.deepEqual([message, /answered with 503/.test(String(message))], [repeated, true]);
    assert.equal(requests.length, 3);
  });

  proves('MODEL-4', async () => {
    for (const status of [400, 401, 403, 404, 422]) {
      const { saga, error, requests } = await ask(refusal(status), DONE);
      assert.equal(saga.failure?.code, 'LLM_FAILED');
      assert.deepEqual([error?.['status'], error?.['attempts'], requests.length], [status, 1, 1]);
    }
  });

  proves('MODEL-5', async () => {
    const { saga, requests } = await ask(refusal(503, { 'retry-after': '3600' }), DONE);
    assert.deepEqual([saga.status, requests.length], ['COMPLETED', 2]);
  });
});

describe('a provider that fails, with retries switched off', () => {
  const { ask } = useProvider({ WARDEN_LLM_RETRY_ENABLED: 'false' });

  proves('MODEL-6', async () => {
    const { saga, error, requests } = await ask(refusal(503), DONE);
    assert.equal(saga.failure?.code, 'LLM_FAILED');
    assert.deepEqual([error?.['attempts'], requests.length], [1, 1]);
  });
});
