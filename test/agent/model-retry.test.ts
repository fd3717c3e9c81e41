import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import type { MockTurn } from '../../domain/definition.ts';
import { runReact } from '../../agent/react.ts';
import { waitMs } from '../../agent/retry.ts';
import { failureOf, recordedRun } from './runs.ts';

const fail = (status: number, retry_after: number | null = null): MockTurn => ({
  fail: { status, retry_after },
});
const done: MockTurn = { submit: { ok: true } };

describe('retrying a model', () => {
  it('asks again after 429, 408, 409 and 5xx, within the attempts of one turn', async () => {
    for (const status of [429, 408, 409, 500, 503]) {
      const { run, entries } = recordedRun([fail(status), fail(status), done]);
      const { output, usage } = await runReact(run);
      assert.deepEqual(output, { ok: true });
      assert.equal(usage['llm_calls'], 1);
      assert.equal(entries.length, 1);
    }
  });

  it('gives up after the last attempt, the first included', async () => {
    const { run, entries } = recordedRun([fail(429), fail(500), fail(503), done]);
    const failure = await failureOf(runReact(run));
    assert.equal(failure.code, 'LLM_FAILED');
    assert.deepEqual(failure.details, { provider: 'mock', model: 'draft.yaml', status: 503, attempts: 3 });
    assert.match(failure.message, /gave no turn in 3 attempts: the script answers status 503/);
    assert.deepEqual(entries, []);
  });

  it('does not ask again after any other 4xx, nor when retries are disabled', async () => {
    for (const status of [400, 401, 404, 422]) {
      const failure = await failureOf(runReact(recordedRun([fail(status), done]).run));
      assert.deepEqual([failure.code, failure.details?.['attempts']], ['LLM_FAILED', 1]);
    }
    const { run } = recordedRun([fail(429), done]);
    const failure = await failureOf(runReact({ ...run, retry: { ...run.retry, enabled: false } }));
    assert.deepEqual([failure.code, failure.details?.['attempts']], ['LLM_FAILED', 1]);
  });

  it('an attempt lost with its process meets the same failures again', async () => {
    const script = [fail(429), { text: '' }, done];
    for (let look = 0; look < 2; look += 1) {
      const failure = await failureOf(runReact(recordedRun(script).run));
      assert.equal(failure.code, 'no_submit_call');
    }
  });

  it('waits exponentially with jitter, never shorter than the hint, never longer than the maximum', () => {
    const retry = { enabled: true, maxAttempts: 9, baseDelayMs: 1_000, maxDelayMs: 60_000 };
    assert.equal(waitMs(1, null, retry, 1), 1_000);
    assert.equal(waitMs(4, null, retry, 1), 8_000);
    assert.equal(waitMs(4, null, retry, 0), 4_000);
    assert.equal(waitMs(1, 30_000, retry, 1), 30_000);
    assert.equal(waitMs(1, 90_000, retry, 1), 60_000);
    assert.equal(waitMs(99, null, retry, 0), 60_000);
    const input = fc.record({
      failures: fc.integer({ min: 1, max: 100 }),
      hint: fc.option(fc.integer({ min: 0, max: 200_000 })),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(input, ({ failures, hint, random }) => {
        const wait = waitMs(failures, hint, retry, random);
        assert.ok(wait <= 60_000 && wait >= Math.min(60_000, Math.max(hint ?? 0, 500 * 2 ** (failures - 1))));
      }),
    );
  });
});
