import assert from 'node:assert/strict';
import { it } from 'mocha';
import { beginCall, recordResult } from '../../store/call.ts';
import { TokenLost } from '../../store/executions.ts';
import { endSaga, judge } from '../../store/judge.ts';
import { commit, UNDO } from './definitions.ts';
import { dies, entriesOf, ledgerOf, ledgerText, stepRow } from './rows.ts';
import { calling, decideOn, DONE, holdOn, SENT, started, take, takeAnswer, type Run } from './sagas.ts';
import { onBothStores } from './stores.ts';

const uncertain = { kind: 'failed', code: 'SYSTEM_CRASH', uncertain: true, ended: false };
const FAILED = { kind: 'failed', failure: { code: 'TOOL_OUTPUT_ERROR', message: 'no' } } as const;

onBothStores('the call of a commit', (use) => {
  function begin(run: Run, token: number, options = {}) {
    const ref = run.ref(0);
    return beginCall(use.store, ref, calling(run, ref, token, options));
  }

  /** An attempt that wrote `calling`, and lives. */
  async function begun(run: Run, options = {}) {
    const token = await take(use.store, run, run.ref(0));
    assert.deepEqual(await begin(run, token, options), { kind: 'call' });
    return token;
  }

  /** An attempt that wrote `calling` and then died. */
  async function lostOnce(run: Run, options = {}) {
    const token = await begun(run, options);
    await dies(use.store, run.ref(0));
    return token;
  }

  async function approved(): Promise<Run> {
    const run = await started(use.store, [commit('write', { hitl: true, compensation: UNDO })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    return run;
  }

  it('is let go once, and its result completes the step and ends the saga', async () => {
    const run = await started(use.store, [commit('write')]);
    await begun(run);
    const done = { kind: 'completed', ended: true };
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE, { worker: { tool_ms: 7 } }), done);
    const { status, output_payload, resolved_arguments, timing } = await stepRow(use.store, run, run.span(0));
    assert.deepEqual(
      [status, output_payload, resolved_arguments],
      ['COMPLETED', { data: { ok: true } }, SENT],
    );
    assert.deepEqual(timing?.['worker'], { tool_ms: 7 });
    const before = await ledgerText(use.store, run);
    assert.deepEqual(
      await recordResult(use.store, run.ref(0), DONE, { worker: { tool_ms: 7 } }),
      done,
      'recorded again after a lost COMMIT',
    );
    assert.equal(await ledgerText(use.store, run), before);
  });

  it('of a stale token is not let go', async () => {
    const run = await started(use.store, [commit('write')]);
    const stale = await take(use.store, run, run.ref(0));
    await take(use.store, run, run.ref(0));
    await assert.rejects(begin(run, stale), (error) => error instanceof TokenLost);
  });

  it('whose result was lost is never repeated on a tool that is not idempotent: the failure is uncertain', async () => {
    const run = await started(use.store, [commit('write', { compensation: UNDO })]);
    await lostOnce(run);
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), uncertain);
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), uncertain);
    const { error_details } = await stepRow(use.store, run, run.span(0));
    assert.match(
      String(error_details?.['message']),
      /write_note began and its result was lost and the tool is not/,
    );
  });

  it('whose connection broke is not repeated by the same attempt either', async () => {
    const run = await started(use.store, [commit('write')]);
    const token = await begun(run);
    assert.deepEqual(await begin(run, token), { kind: 'answer', answer: uncertain });
  });

  it('that failed with text that no store can hold is recorded all the same', async () => {
    const run = await started(use.store, [commit('write')]);
    await begun(run);
    const failure = {
      code: 'TOOL_OUTPUT_ERROR',
      message: 'half \ud83d',
      details: { preview: 'nul\0' },
    } as const;
    const answer = await recordResult(use.store, run.ref(0), { kind: 'failed', failure });
    assert.equal(answer.kind, 'failed');
    const { error_details } = await stepRow(use.store, run, run.span(0));
    const message = 'half \ufffd';
    assert.deepEqual(error_details, { code: failure.code, message, error: message, preview: 'nul' });
  });

  it('is made at most three times in all on an idempotent tool, whoever makes it', async () => {
    const run = await started(use.store, [commit('write')]);
    const idempotent = { idempotent: true };
    const token = await lostOnce(run, idempotent);
    assert.deepEqual(await begin(run, token, idempotent), { kind: 'call' });
    await dies(use.store, run.ref(0));
    await lostOnce(run, idempotent);
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), uncertain);
  });

  it('is gated once: calls that repeat it leave no second verdict in the ledger', async () => {
    const run = await started(use.store, [commit('write')]);
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    const actor = { subject: 'system', kind: 'service' } as const;
    const verdict = { type: 'policy.allowed', actor, span_id: ref.span, data: { policy: 'safe' } } as const;
    for (let calls = 0; calls < 3; calls += 1) {
      const asked = {
        ...calling(run, ref, token, { idempotent: true }),
        prepared: { resolved: SENT, verdict },
      };
      assert.deepEqual(await beginCall(use.store, ref, asked), { kind: 'call' });
    }
    assert.equal((await ledgerOf(use.store, run)).filter((type) => type === 'policy.allowed').length, 1);
  });

  it('a result that comes late, from an attempt that lost its token, is accepted while there is no outcome', async () => {
    const run = await started(use.store, [commit('write'), commit('publish')]);
    await lostOnce(run, { idempotent: true });
    const token = await take(use.store, run, run.ref(0));
    const done = { kind: 'completed', ended: false };
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE), done);
    assert.deepEqual(await begin(run, token, { idempotent: true }), { kind: 'answer', answer: done });
  });

  it('a result that contradicts the outcome changes nothing and is in the ledger', async () => {
    const run = await started(use.store, [commit('write')]);
    await lostOnce(run);
    await takeAnswer(use.store, run, run.ref(0));
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE), uncertain);
    assert.equal((await stepRow(use.store, run, run.span(0))).status, 'FAILED');
    const last = (await entriesOf(use.store, run)).at(-1);
    const data = { act: 'result', message: 'a result came after the outcome failed', result: 'done' };
    assert.deepEqual([last?.type, last?.data], ['refusal', data]);
  });

  it('a result of a saga that was ended meanwhile completes its step; the saga stays ended', async () => {
    const run = await started(use.store, [commit('write')]);
    await lostOnce(run);
    const terminated = { code: 'TERMINATED', message: 'terminated', step_id: 'write' } as const;
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', terminated));
    const answer = { kind: 'completed', ended: false };
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE), answer, 'the saga did not complete');
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), answer);
  });

  it('that failed is a known failure, and uncertain when an earlier call was lost', async () => {
    for (const calls of [1, 2]) {
      const run = await started(use.store, [commit('write')]);
      for (let call = 0; call < calls; call += 1) await lostOnce(run, { idempotent: true });
      const answer = await recordResult(use.store, run.ref(0), FAILED);
      assert.deepEqual(answer, {
        kind: 'failed',
        code: 'TOOL_OUTPUT_ERROR',
        uncertain: calls > 1,
        ended: false,
      });
    }
  });

  it('that was approved is made with exactly what was approved, or not at all', async () => {
    const run = await approved();
    const token = await take(use.store, run, run.ref(0));
    const altered = await begin(run, token, { sent: { ...SENT, text: 'Other.' } });
    const answer = { kind: 'failed', code: 'POLICY_COMMIT_DENIED', uncertain: false, ended: false };
    assert.deepEqual(altered, { kind: 'answer', answer });
    const { error_details } = await stepRow(use.store, run, run.span(0));
    assert.match(
      String(error_details?.['message']),
      /expected arguments with the approved hash [0-9a-f]{64}, found/,
    );
    const same = await approved();
    const own = await take(use.store, same, same.ref(0));
    const members = { text: 'Ready.', id: 'today' };
    assert.deepEqual(
      await begin(same, own, { sent: members }),
      { kind: 'call' },
      'the order of members is nothing',
    );
  });

  it('is not let go once the saga has turned round or ended', async () => {
    const run = await approved();
    const token = await take(use.store, run, run.ref(0));
    await judge(use.store, run.trace, async ({ saga }) => {
      saga.status = 'COMPENSATING';
    });
    assert.deepEqual(await begin(run, token), { kind: 'answer', answer: { kind: 'cancelled' } });
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', null));
    const ended = { kind: 'ended', status: 'FAILED', code: null };
    assert.deepEqual(await begin(run, token), { kind: 'answer', answer: ended });
  });

  it('by two attempts at once is let go for one of them', async () => {
    const run = await started(use.store, [commit('write')]);
    const ref = run.ref(0);
    const first = await take(use.store, run, ref);
    const second = await take(use.store, run, ref);
    const [lost, begun] = await Promise.allSettled([
      begin(run, first),
      beginCall(use.other, ref, calling(run, ref, second)),
    ]);
    assert.equal(lost.status, 'rejected');
    assert.deepEqual(begun, { status: 'fulfilled', value: { kind: 'call' } });
  });
});
