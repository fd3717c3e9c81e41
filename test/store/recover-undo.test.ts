import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { Cause } from '../../domain/answers.ts';
import { StillCalling, TokenLost } from '../../store/executions.ts';
import { judge } from '../../store/judge.ts';
import { beginUndoCall, recordUndone, recordUndoFailure, takeUndo } from '../../store/undo.ts';
import { markClosed } from '../../store/terminated.ts';
import { commit, UNDO } from './definitions.ts';
import {
  accepted,
  ANSWERED_NO,
  callUndoOn,
  failed,
  failUndoOn,
  recoveriesOf,
  recoverOn,
  refused,
  takeUndoOn,
} from './recoveries.ts';
import { dies, entriesOf, executionRow, ledgerOf, sagaRow, stepRow } from './rows.ts';
import { act, BEN, cancel, decideOn, holdOn, settleOn, started, type Run } from './sagas.ts';
import { onBothStores } from './stores.ts';

const UNDO_AGAIN = { act: 'retry-compensation' } as const;
const undone = { rollback_status: 'success' };

onBothStores('retry-compensation', (use) => {
  /** A saga whose first undo failed for good. */
  async function broken(): Promise<{ run: Run; cause: Cause; span: string }> {
    const { run, cause } = await failed(use.store);
    await failUndoOn(use.store, run, 1, cause);
    return { run, cause, span: run.undo(1, cause).span };
  }

  const again = (run: Run, span: string, asked = {}) =>
    recoverOn(use.store, run, span, { ...UNDO_AGAIN, ...asked });

  it('of a failed undo takes it up again in one transaction: undo, saga, failure, ledger and request', async () => {
    const { run, span } = await broken();
    const before = await sagaRow(use.store, run);
    assert.deepEqual([before.status, before.failure?.code], ['FAILED', 'COMPENSATION_FAILED']);
    const answer = await accepted(again(run, span, { reason: 'the tool is repaired' }));
    assert.deepEqual(answer, {
      status: 'scheduled',
      idempotency_key: `${run.trace}:${span}`,
      worker_command_key: `${run.trace}:${span}:2`,
      recovery_token: answer.recovery_token,
    });
    const { status, failure, ended_at } = await sagaRow(use.store, run);
    assert.deepEqual([status, ended_at], ['COMPENSATING', null]);
    assert.deepEqual(failure, { code: 'TOOL_OUTPUT_ERROR', message: 'no', step_id: 'three' });
    const row = await stepRow(use.store, run, span);
    assert.deepEqual([row.status, row.end_time, row.error_details?.['message']], ['PENDING', null, 'broken']);
    const [request] = await recoveriesOf(use.store, run);
    assert.deepEqual([request?.kind, request?.iteration], ['retry_compensation', 2]);
    const last = (await entriesOf(use.store, run)).at(-1);
    assert.equal(last?.type, 'recovery.retry-compensation');
    assert.match(JSON.stringify(last?.data), /"reason":"the tool is repaired"/);
  });

  it('and the remaining undos: all done, the saga is COMPENSATED by what it had failed of', async () => {
    const { run, cause, span } = await broken();
    const failedAnswer = { kind: 'answer', answer: { kind: 'failed' } };
    assert.deepEqual(
      await takeUndo(use.store, run.saga, run.undo(1, cause)),
      failedAnswer,
      'for ever, till then',
    );
    await accepted(again(run, span));
    const { ref, input } = await callUndoOn(use.store, run, 1, cause);
    assert.equal(ref.iteration, 2);
    const during = await stepRow(use.store, run, span);
    assert.deepEqual([during.status, during.error_details], ['COMPENSATING', null]);
    assert.deepEqual(await recordUndone(use.store, input, undone), { kind: 'completed' });
    const last = await callUndoOn(use.store, run, 0, cause);
    const ended = { kind: 'ended', status: 'COMPENSATED', code: 'TOOL_OUTPUT_ERROR' };
    assert.deepEqual(await recordUndone(use.store, last.input, undone), ended);
    assert.equal((await sagaRow(use.store, run)).status, 'COMPENSATED');
    assert.match(await refused(again(run, span)), /the undo of two is COMPENSATED .*it is done/);
    const [request] = await recoveriesOf(use.store, run);
    assert.ok(request?.consumed_at, 'taking the undo consumed it');
  });

  it('fails with the code that it had before the undo failed, rejected and cancelled', async () => {
    const withUndo = { compensation: UNDO };
    const steps = [commit('one', withUndo), commit('two', { hitl: true })];
    for (const verb of ['reject', 'cancel'] as const) {
      const run = await started(use.store, steps);
      await act(use.store, run, 0);
      await holdOn(use.store, run, 1);
      if (verb === 'cancel') await cancel(use.store, run);
      else await decideOn(use.store, run, 1, { verb, comment: 'too early' });
      await settleOn(use.store, run, 1, { kind: verb === 'cancel' ? 'cancel' : 'opened' });
      const code = verb === 'cancel' ? 'CANCELLED' : 'HUMAN_REJECTED';
      const cause: Cause = { code, span: run.span(1), uncertain: false };
      await takeUndoOn(use.store, run, 0, cause);
      const before = (await sagaRow(use.store, run)).failure;
      assert.equal(before?.code, code);
      await dies(use.store, { ...run.ref(0), span: run.undo(0, cause).span });
      await failUndoOn(use.store, run, 0, cause);
      await accepted(again(run, run.undo(0, cause).span));
      assert.deepEqual((await sagaRow(use.store, run)).failure, before);
    }
  });

  it('may fail again, and be taken up again, each time with five attempts and a call that is not taken for lost', async () => {
    const { run, cause, span } = await broken();
    for (const iteration of [2, 3]) {
      await accepted(again(run, span));
      for (let count = 1; count < 5; count += 1) {
        const { token, input, ref } = await callUndoOn(use.store, run, 1, cause);
        assert.equal(ref.iteration, iteration);
        const no = { failure: ANSWERED_NO, called: true, final: false };
        assert.deepEqual(await recordUndoFailure(use.store, input, token, no), {
          kind: 'again',
          failed: count,
        });
      }
      await failUndoOn(use.store, run, 1, cause);
      assert.equal((await sagaRow(use.store, run)).failure?.code, 'COMPENSATION_FAILED');
    }
    const types = await ledgerOf(use.store, run);
    assert.equal(types.filter((type) => type === 'undo.failed').length, 3);
    assert.equal(types.filter((type) => type === 'undo.compensating').length, 3);
  });

  it('an attempt of the failed execution is not taken for one of the new', async () => {
    const { run, cause } = await failed(use.store);
    const first = await callUndoOn(use.store, run, 1, cause);
    await dies(use.store, first.ref);
    const lost = await takeUndoOn(use.store, run, 1, cause);
    const asked = { token: lost.token, tool: 'delete_note', idempotent: false, resolved: {} };
    assert.equal((await beginUndoCall(use.store, lost.input, asked)).kind, 'answer', 'SYSTEM_CRASH');
    await accepted(again(run, first.input.span));
    for (const { token, input } of [first, lost]) {
      await assert.rejects(
        beginUndoCall(use.store, input, { ...asked, token }),
        (error) => error instanceof TokenLost,
      );
      const no = { failure: ANSWERED_NO, called: true, final: true };
      await assert.rejects(
        recordUndoFailure(use.store, input, token, no),
        (error) => error instanceof TokenLost,
      );
    }
    await callUndoOn(use.store, run, 1, cause);
    // The call of the first attempt answers at last: it took effect.
    assert.deepEqual(await recordUndone(use.store, first.input, undone), { kind: 'completed' });
    assert.equal((await stepRow(use.store, run, first.input.span)).status, 'COMPENSATED');
  });

  it('by two operators at once takes it up once; the second is told that it is queued', async () => {
    const { run, span } = await broken();
    const answers = await Promise.all([
      accepted(again(run, span)),
      accepted(recoverOn(use.other, run, span, { ...UNDO_AGAIN, force: true, actor: BEN })),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), ['requeued', 'scheduled']);
    assert.equal((await recoveriesOf(use.store, run)).length, 1);
    assert.equal(new Set(answers.map((answer) => answer.worker_command_key)).size, 1);
  });

  it('that names the iteration which failed takes up that one, and no later one', async () => {
    const { run, span } = await broken();
    assert.match(await refused(again(run, span, { iteration: 2 })), /expected iteration 1/);
    assert.equal((await sagaRow(use.store, run)).status, 'FAILED', 'nothing happened');
    await accepted(again(run, span, { iteration: 1 }));
    assert.match(await refused(again(run, span, { iteration: 1 })), /expected iteration 2/);
  });

  it('of an undo that lives answers claim_active; with force it is called again over its call, once', async () => {
    const { run, cause } = await failed(use.store);
    const { ref, input } = await callUndoOn(use.store, run, 1, cause);
    assert.equal((await accepted(again(run, input.span))).status, 'claim_active');
    assert.deepEqual(await recoveriesOf(use.store, run), []);
    assert.equal((await accepted(again(run, input.span, { force: true }))).status, 'scheduled');
    const [request] = await recoveriesOf(use.store, run);
    const forced = request?.id ?? '';
    await assert.rejects(takeUndoOn(use.store, run, 1, cause), (error) => error instanceof StillCalling);
    await callUndoOn(use.store, run, 1, cause, forced);
    assert.equal((await executionRow(use.store, ref)).calls, 2);
    await assert.rejects(
      takeUndoOn(use.store, run, 1, cause, forced),
      (error) => error instanceof StillCalling,
    );
    await dies(use.store, ref);
    const { token, input: late } = await takeUndoOn(use.store, run, 1, cause, forced);
    const asked = { token, tool: 'delete_note', idempotent: false, resolved: {} };
    const lost = { kind: 'answer', answer: { kind: 'failed' } };
    assert.deepEqual(await beginUndoCall(use.store, late, asked), lost, 'its force was used up');
  });

  it('of an undo in back-off is requeued', async () => {
    const { run, cause } = await failed(use.store);
    const { token, input } = await callUndoOn(use.store, run, 1, cause);
    await recordUndoFailure(use.store, input, token, { failure: ANSWERED_NO, called: true, final: false });
    assert.equal((await accepted(again(run, input.span))).status, 'requeued');
  });

  it('is refused of a forward span, of an undo that has not begun, and of a terminated saga', async () => {
    const { run, cause, span } = await broken();
    const forward = await refused(again(run, run.span(1)));
    assert.match(forward, new RegExp(`got the forward step two; its undo is ${span}, which is FAILED`));
    const early = run.undo(0, cause).span;
    assert.match(await refused(again(run, early)), /the undo of one is PENDING .*has not begun/);
    await accepted(again(run, span));
    await markClosed(use.store, run.trace, { status: 'TERMINATED' });
    const { status, failure } = await sagaRow(use.store, run);
    assert.deepEqual([status, failure?.code], ['FAILED', 'TERMINATED']);
    assert.equal((await stepRow(use.store, run, span)).status, 'FAILED');
    assert.match(await refused(again(run, span)), /nothing carries this saga out any more/);
    const [request] = await recoveriesOf(use.store, run);
    assert.ok(request?.closed_at, 'and what was asked for is closed');
  });

  it('a cancel of a saga whose undo is taken up again is refused: it is being undone', async () => {
    const { run, span } = await broken();
    await accepted(again(run, span));
    assert.equal((await cancel(use.store, run)).kind, 'conflict');
    await judge(use.store, run.trace, async ({ saga }) => assert.equal(saga.status, 'COMPENSATING'));
  });
});
