import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { StepRef, UndoInput } from '../../domain/answers.ts';
import { beginCall, recordResult } from '../../store/call.ts';
import { noteAlive, noteOrderlyStop, StillCalling } from '../../store/executions.ts';
import { endSaga, judge } from '../../store/judge.ts';
import type { Store } from '../../store/store.ts';
import { beginUndoCall, recordUndoFailure, recordUndone, takeUndo, undoRef } from '../../store/undo.ts';
import { commit, UNDO } from './definitions.ts';
import { dies, executionRow, ledgerText } from './rows.ts';
import { act, calling, DONE, started, take, takeAnswer, type Run } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const T0 = Date.parse('2030-01-01T00:00:00.000Z');
const waits = (error: unknown) => error instanceof StillCalling;
const uncertain = { kind: 'failed', code: 'SYSTEM_CRASH', uncertain: true, ended: false };
const FAILED = { kind: 'failed', failure: { code: 'TOOL_OUTPUT_ERROR', message: 'no' } } as const;

onBothStores('the call of a commit under way', (use) => {
  /** An attempt that wrote `calling`, and lives. */
  async function begun(run: Run, options = {}) {
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    const answer = await beginCall(use.store, ref, calling(run, ref, token, options));
    assert.deepEqual(answer, { kind: 'call' });
    return token;
  }

  /** An attempt that lost the answer of the transaction which wrote `calling`, and asks again. */
  function beginAgain(run: Run, token: number, options = {}) {
    const ref = run.ref(0);
    return beginCall(use.store, ref, { ...calling(run, ref, token, options), unmade: true });
  }

  it('whose attempt lives is waited for: nobody else takes the row until 10 s without a sign of life', async () => {
    for (const idempotent of [false, true]) {
      const run = await started(use.store, [commit('write')]);
      const ref = run.ref(0);
      const after = (ms: number) => at(use.store, new Date(T0 + ms));
      const token = await take(after(0), run, ref);
      await beginCall(after(3_000), ref, calling(run, ref, token, { idempotent }));
      const before = [await ledgerText(use.store, run), await executionRow(use.store, ref)];
      for (const ms of [3_000, 12_999]) await assert.rejects(take(after(ms), run, ref), waits);
      assert.deepEqual(
        [await ledgerText(use.store, run), await executionRow(use.store, ref)],
        before,
        'who waits leaves no trace',
      );
      assert.equal(await noteAlive(after(12_999), ref, token), true, 'the row is still its own');
      await assert.rejects(take(after(22_998), run, ref), waits, 'each sign of life counts anew');
      if (idempotent) assert.equal(await take(after(22_999), run, ref), 2);
      else assert.deepEqual(await takeAnswer(after(22_999), run, ref), uncertain);
    }
  });

  it('whose attempt lives is waited for until its result comes, and that is the answer', async () => {
    const run = await started(use.store, [commit('write')]);
    await begun(run);
    await assert.rejects(take(use.store, run, run.ref(0)), waits);
    const done = { kind: 'completed', ended: true };
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE), done);
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), done);
  });

  it('whose attempt lives is not waited for when the saga has turned round or ended', async () => {
    const run = await started(use.store, [commit('write')]);
    await begun(run);
    await judge(use.store, run.trace, async ({ saga }) => {
      saga.status = 'COMPENSATING';
    });
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), { kind: 'cancelled' });
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', null));
    const ended = { kind: 'ended', status: 'FAILED', code: null };
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), ended);
  });

  it('is not waited for any more once its attempt, and not an earlier one, has stopped in an orderly way', async () => {
    const run = await started(use.store, [commit('write')]);
    const ref = run.ref(0);
    const stale = await take(use.store, run, ref);
    const token = await begun(run);
    await noteOrderlyStop(use.store, ref, stale);
    await assert.rejects(take(use.store, run, ref), waits, 'another one stopped, not the one that calls');
    await noteOrderlyStop(use.store, ref, token);
    assert.deepEqual(await takeAnswer(use.store, run, ref), uncertain);
  });

  it('that an attempt wrote and did not make, because the answer never came, is no lost call and counted once', async () => {
    for (const idempotent of [false, true]) {
      const run = await started(use.store, [commit('write')]);
      const token = await begun(run, { idempotent });
      for (let again = 0; again < 4; again += 1) {
        assert.deepEqual(await beginAgain(run, token, { idempotent }), { kind: 'call' });
      }
      assert.equal((await executionRow(use.store, run.ref(0))).calls, 1);
      const recorded = await recordResult(use.store, run.ref(0), FAILED);
      assert.deepEqual(recorded, { ...uncertain, code: 'TOOL_OUTPUT_ERROR', uncertain: false });
    }
    const run = await started(use.store, [commit('write')]);
    const token = await take(use.store, run, run.ref(0));
    assert.deepEqual(await beginAgain(run, token), { kind: 'call' }, 'its first transaction did not commit');
    const { calls, calling_token } = await executionRow(use.store, run.ref(0));
    assert.deepEqual([calls, calling_token], [1, token]);
  });

  it('that another attempt wrote is a lost call, also for one that knows that it did not call', async () => {
    const once = await started(use.store, [commit('write')]);
    await begun(once, { idempotent: true });
    await dies(use.store, once.ref(0));
    const token = await take(use.store, once, once.ref(0));
    assert.deepEqual(await beginAgain(once, token), { kind: 'answer', answer: uncertain });
    const idempotent = { idempotent: true };
    const run = await started(use.store, [commit('write')]);
    await begun(run, idempotent);
    await dies(use.store, run.ref(0));
    const second = await take(use.store, run, run.ref(0));
    for (let again = 0; again < 2; again += 1) {
      assert.deepEqual(await beginAgain(run, second, idempotent), { kind: 'call' });
    }
    assert.equal((await executionRow(use.store, run.ref(0))).calls, 2);
    const failed = await recordResult(use.store, run.ref(0), FAILED);
    assert.deepEqual(
      failed,
      { ...uncertain, code: 'TOOL_OUTPUT_ERROR' },
      'the first one may have taken effect',
    );
  });
});

onBothStores('the call of an undo under way', (use) => {
  const asked = (token: number, idempotent: boolean) => ({
    token,
    tool: 'delete_note',
    idempotent,
    resolved: {},
  });

  async function undoing(): Promise<{ run: Run; input: UndoInput; ref: StepRef }> {
    const run = await started(use.store, [commit('write', { compensation: UNDO }), commit('publish')]);
    await act(use.store, run, 0);
    const input = run.undo(0, { code: 'TOOL_OUTPUT_ERROR', span: run.span(1), uncertain: false });
    return { run, input, ref: undoRef(input) };
  }

  async function go(store: Store, run: Run, input: UndoInput): Promise<number> {
    const taken = await takeUndo(store, run.saga, input);
    assert.ok(taken.kind === 'go', JSON.stringify(taken));
    return taken.token;
  }

  it('is waited for while its attempt lives, and 10 s without a sign of life are its death', async () => {
    for (const idempotent of [false, true]) {
      const { run, input, ref } = await undoing();
      const after = (ms: number) => at(use.store, new Date(T0 + ms));
      const token = await go(after(0), run, input);
      await beginUndoCall(after(3_000), input, asked(token, idempotent));
      const before = [await ledgerText(use.store, run), await executionRow(use.store, ref)];
      for (const ms of [3_000, 12_999]) await assert.rejects(takeUndo(after(ms), run.saga, input), waits);
      assert.deepEqual([await ledgerText(use.store, run), await executionRow(use.store, ref)], before);
      assert.equal(await noteAlive(after(12_999), ref, token), true, 'the row is still its own');
      await assert.rejects(takeUndo(after(22_998), run.saga, input), waits);
      const second = await go(after(22_999), run, input);
      const begun = await beginUndoCall(after(22_999), input, asked(second, idempotent));
      assert.deepEqual(begun, idempotent ? { kind: 'call' } : { kind: 'answer', answer: { kind: 'failed' } });
    }
  });

  it('is waited for until its result comes, and that is the answer', async () => {
    const { run, input } = await undoing();
    await beginUndoCall(use.store, input, asked(await go(use.store, run, input), false));
    await assert.rejects(takeUndo(use.store, run.saga, input), waits);
    const ended = await recordUndone(use.store, input, { rollback_status: 'success' });
    assert.deepEqual(ended, { kind: 'ended', status: 'COMPENSATED', code: 'TOOL_OUTPUT_ERROR' });
    assert.deepEqual(await takeUndo(use.store, run.saga, input), { kind: 'answer', answer: ended });
  });

  it('that failed, or whose attempt stopped in an orderly way, is not waited for', async () => {
    const { run, input, ref } = await undoing();
    const first = await go(use.store, run, input);
    await beginUndoCall(use.store, input, asked(first, true));
    const failed = { failure: FAILED.failure, called: true, final: false };
    await recordUndoFailure(use.store, input, first, failed);
    const second = await go(use.store, run, input);
    await beginUndoCall(use.store, input, asked(second, true));
    await noteOrderlyStop(use.store, ref, first);
    await assert.rejects(takeUndo(use.store, run.saga, input), waits, 'an earlier one stopped');
    await noteOrderlyStop(use.store, ref, second);
    await go(use.store, run, input);
  });

  it('that an attempt wrote and did not make is no lost call and counted once; that of another one is lost', async () => {
    for (const idempotent of [false, true]) {
      const { run, input, ref } = await undoing();
      const token = await go(use.store, run, input);
      for (let again = 0; again < 4; again += 1) {
        const unmade = { ...asked(token, idempotent), unmade: true };
        assert.deepEqual(await beginUndoCall(use.store, input, unmade), { kind: 'call' });
      }
      assert.equal((await executionRow(use.store, ref)).calls, 1);
      await dies(use.store, ref);
      const second = { ...asked(await go(use.store, run, input), idempotent), unmade: true };
      const begun = await beginUndoCall(use.store, input, second);
      assert.deepEqual(begun, idempotent ? { kind: 'call' } : { kind: 'answer', answer: { kind: 'failed' } });
      assert.equal((await executionRow(use.store, ref)).calls, idempotent ? 2 : 1);
    }
  });

  it('that failed is counted once, however often its attempt tells', async () => {
    const { run, input, ref } = await undoing();
    const token = await go(use.store, run, input);
    await beginUndoCall(use.store, input, asked(token, true));
    const failed = { failure: FAILED.failure, called: true, final: false };
    for (let told = 0; told < 7; told += 1) {
      assert.deepEqual(await recordUndoFailure(use.store, input, token, failed), {
        kind: 'again',
        failed: 1,
      });
    }
    assert.equal((await executionRow(use.store, ref)).failed_calls, 1);
  });
});
