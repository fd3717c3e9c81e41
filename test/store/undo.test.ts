import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { Cause } from '../../domain/answers.ts';
import { TokenLost } from '../../store/executions.ts';
import { endSaga, judge } from '../../store/judge.ts';
import {
  beginUndoCall,
  finishSaga,
  recordUndoFailure,
  recordUndone,
  takeUndo,
  undoRef,
} from '../../store/undo.ts';
import { commit, reason, UNDO } from './definitions.ts';
import { dies, entriesOf, ledgerOf, ledgerText, sagaRow, stepRow } from './rows.ts';
import { act, decideOn, holdOn, settleOn, started, think, type Run } from './sagas.ts';
import { onBothStores } from './stores.ts';

const failure = { code: 'TOOL_OUTPUT_ERROR', message: 'no' } as const;
const undone = { rollback_status: 'success' };

onBothStores('an undo', (use) => {
  /** Three completed commits with undos, a reason between them without one, and a rejected review at the end. */
  async function rejected(): Promise<{ run: Run; cause: Cause }> {
    const withUndo = { compensation: UNDO };
    const steps = [
      commit('one', withUndo),
      reason('think'),
      commit('two', withUndo),
      commit('three', { hitl: true, ...withUndo }),
      commit('never'),
    ];
    const run = await started(use.store, steps);
    await act(use.store, run, 0);
    await think(use.store, run, 1);
    await act(use.store, run, 2);
    await holdOn(use.store, run, 3);
    await decideOn(use.store, run, 3, { verb: 'reject', comment: 'too early' });
    const settled = await settleOn(use.store, run, 3, { kind: 'opened' });
    assert.equal(settled.kind, 'rejected');
    return { run, cause: { code: 'HUMAN_REJECTED', span: run.span(3), uncertain: false } };
  }

  async function go(run: Run, cause: Cause, index: number): Promise<number> {
    const taken = await takeUndo(use.store, run.saga, run.undo(index, cause));
    assert.equal(taken.kind, 'go', JSON.stringify(taken));
    return taken.kind === 'go' ? taken.token : 0;
  }

  async function call(run: Run, cause: Cause, index: number, idempotent = true) {
    const token = await go(run, cause, index);
    const asked = { token, tool: 'delete_note', idempotent, resolved: { id: 'today' } };
    return { token, begun: await beginUndoCall(use.store, run.undo(index, cause), asked) };
  }

  /** An attempt that called and then died. */
  async function lose(run: Run, cause: Cause, index: number, idempotent = true) {
    const { begun } = await call(run, cause, index, idempotent);
    assert.deepEqual(begun, { kind: 'call' });
    await dies(use.store, undoRef(run.undo(index, cause)));
  }

  it('rows are made once from the recorded states: completed steps with a declared undo, nothing else', async () => {
    const { run, cause } = await rejected();
    for (let again = 0; again < 2; again += 1) {
      const notInScope = await takeUndo(use.store, run.saga, run.undo(3, cause));
      assert.deepEqual(notInScope, { kind: 'answer', answer: { kind: 'completed' } });
    }
    const { status, failure: why } = await sagaRow(use.store, run);
    assert.equal(status, 'COMPENSATING');
    const message = 'rejected by ana: too early';
    assert.deepEqual(why, { code: 'HUMAN_REJECTED', message, step_id: 'three' });
    const rows = await use.store.db
      .selectFrom('steps')
      .select(['span_id', 'step_id', 'status', 'compensates_span_id'])
      .where('trace_id', '=', run.trace)
      .where('compensates_span_id', 'is not', null)
      .orderBy('order_index')
      .execute();
    assert.deepEqual(rows, [
      {
        span_id: run.undo(0, cause).span,
        step_id: 'one',
        status: 'PENDING',
        compensates_span_id: run.span(0),
      },
      {
        span_id: run.undo(2, cause).span,
        step_id: 'two',
        status: 'PENDING',
        compensates_span_id: run.span(2),
      },
    ]);
  });

  it('each is called and recorded, the last one ends the saga COMPENSATED; forward rows keep their status', async () => {
    const { run, cause } = await rejected();
    assert.deepEqual((await call(run, cause, 2)).begun, { kind: 'call' });
    const first = await recordUndone(use.store, run.undo(2, cause), undone);
    assert.deepEqual(first, { kind: 'completed' });
    await call(run, cause, 0);
    const last = { kind: 'ended', status: 'COMPENSATED', code: 'HUMAN_REJECTED' };
    assert.deepEqual(await recordUndone(use.store, run.undo(0, cause), undone), last);
    const before = await ledgerText(use.store, run);
    assert.deepEqual(await recordUndone(use.store, run.undo(0, cause), undone), last, 'recorded once');
    assert.equal(await ledgerText(use.store, run), before);
    assert.equal((await sagaRow(use.store, run)).status, 'COMPENSATED');
    const statuses = await Promise.all(
      [0, 1, 2, 3, 4].map((index) => stepRow(use.store, run, run.span(index))),
    );
    const expected = ['COMPLETED', 'COMPLETED', 'COMPLETED', 'FAILED', 'SKIPPED'];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      expected,
    );
    const tail = ['undo.compensating', 'undo.compensated', 'undo.compensating', 'undo.compensated'];
    assert.deepEqual((await ledgerOf(use.store, run)).slice(-6), [...tail, 'step.skipped', 'end']);
    const skipped = (await entriesOf(use.store, run)).at(-2);
    assert.deepEqual([skipped?.span_id, skipped?.data], [run.span(4), { step_id: 'never' }]);
  });

  it('gets five attempts of the call, then it and the saga are FAILED and later undos do not run', async () => {
    const { run, cause } = await rejected();
    const input = run.undo(2, cause);
    for (let failed = 1; failed <= 4; failed += 1) {
      const { token } = await call(run, cause, 2);
      const again = await recordUndoFailure(use.store, input, token, { failure, called: true, final: false });
      assert.deepEqual(again, { kind: 'again', failed });
    }
    const { token } = await call(run, cause, 2);
    const last = await recordUndoFailure(use.store, input, token, { failure, called: true, final: false });
    assert.deepEqual(last, { kind: 'answer', answer: { kind: 'failed' } });
    const { status, error_details } = await stepRow(use.store, run, input.span);
    assert.deepEqual(
      [status, error_details?.['code'], error_details?.['attempts']],
      ['FAILED', failure.code, 5],
    );
    const saga = await sagaRow(use.store, run);
    assert.deepEqual(
      [saga.status, saga.failure?.code, saga.failure?.step_id],
      ['FAILED', 'COMPENSATION_FAILED', 'two'],
    );
    assert.deepEqual(await takeUndo(use.store, run.saga, input), {
      kind: 'answer',
      answer: { kind: 'failed' },
    });
    const later = await takeUndo(use.store, run.saga, run.undo(0, cause));
    const ended = { kind: 'ended', status: 'FAILED', code: 'COMPENSATION_FAILED' };
    assert.deepEqual(later, { kind: 'answer', answer: ended });
    assert.equal((await stepRow(use.store, run, run.undo(0, cause).span)).status, 'PENDING');
  });

  it('a failure that cannot be mended is final at once, and a failure before the call counts as an attempt', async () => {
    const { run, cause } = await rejected();
    const input = run.undo(2, cause);
    const before = await recordUndoFailure(use.store, input, await go(run, cause, 2), {
      failure,
      called: false,
      final: false,
    });
    assert.deepEqual(before, { kind: 'again', failed: 1 });
    const final = {
      failure: { code: 'BINDING_FAILED', message: 'nothing there' },
      called: false,
      final: true,
    } as const;
    const answer = await recordUndoFailure(use.store, input, await go(run, cause, 2), final);
    assert.deepEqual(answer, { kind: 'answer', answer: { kind: 'failed' } });
  });

  it('whose worker died in the call is called again on an idempotent tool, three lost calls at most', async () => {
    const { run, cause } = await rejected();
    const input = run.undo(2, cause);
    for (let lost = 0; lost < 2; lost += 1) await lose(run, cause, 2);
    const { token } = await call(run, cause, 2);
    const again = await recordUndoFailure(use.store, input, token, { failure, called: true, final: false });
    assert.deepEqual(again, { kind: 'again', failed: 1 }, 'deaths use no attempt up');
    await lose(run, cause, 2);
    const { begun } = await call(run, cause, 2);
    assert.deepEqual(begun, { kind: 'answer', answer: { kind: 'failed' } });
    assert.equal((await stepRow(use.store, run, input.span)).error_details?.['code'], 'SYSTEM_CRASH');
  });

  it('whose call was lost on a tool that is not idempotent is FAILED, SYSTEM_CRASH; a late success is recorded', async () => {
    const { run, cause } = await rejected();
    await lose(run, cause, 2, false);
    const { begun } = await call(run, cause, 2, false);
    assert.deepEqual(begun, { kind: 'answer', answer: { kind: 'failed' } });
    const late = await recordUndone(use.store, run.undo(2, cause), undone);
    assert.deepEqual(late, { kind: 'failed' });
    const last = (await entriesOf(use.store, run)).at(-1);
    assert.equal(last?.type, 'refusal');
    assert.match(JSON.stringify(last.data), /took effect after its outcome failed/);
  });

  it('whose call was lost stays lost when a later attempt fails before it calls', async () => {
    const { run, cause } = await rejected();
    await lose(run, cause, 2, false);
    const token = await go(run, cause, 2);
    const before = { failure, called: false, final: false };
    const again = await recordUndoFailure(use.store, run.undo(2, cause), token, before);
    assert.deepEqual(again, { kind: 'again', failed: 1 });
    const { begun } = await call(run, cause, 2, false);
    assert.deepEqual(begun, { kind: 'answer', answer: { kind: 'failed' } });
  });

  it('by an attempt whose token was raised is not called, and its failure does not count', async () => {
    const { run, cause } = await rejected();
    const stale = await go(run, cause, 2);
    await go(run, cause, 2);
    const input = run.undo(2, cause);
    const lost = (error: unknown) => error instanceof TokenLost;
    const asked = { token: stale, tool: 'delete_note', idempotent: true, resolved: {} };
    await assert.rejects(beginUndoCall(use.store, input, asked), lost);
    const failed = { failure, called: true, final: true };
    await assert.rejects(recordUndoFailure(use.store, input, stale, failed), lost);
  });

  it('of a saga that was ended meanwhile leaves it ended, also when it was the last', async () => {
    const { run, cause } = await rejected();
    await call(run, cause, 2);
    await recordUndone(use.store, run.undo(2, cause), undone);
    await call(run, cause, 0);
    const terminated = { code: 'TERMINATED', message: 'terminated', step_id: null } as const;
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', terminated));
    const answer = await recordUndone(use.store, run.undo(0, cause), undone);
    assert.deepEqual(answer, { kind: 'completed' }, 'the saga was not compensated');
    assert.equal((await sagaRow(use.store, run)).status, 'FAILED');
  });

  it('that failed for good leaves a message of the saga that is short and can be stored', async () => {
    const { run, cause } = await rejected();
    const token = await go(run, cause, 2);
    const long = { code: 'BINDING_FAILED', message: 'x😀'.repeat(2_000) } as const;
    const failed = { failure: long, called: false, final: true };
    await recordUndoFailure(use.store, run.undo(2, cause), token, failed);
    const message = (await sagaRow(use.store, run)).failure?.message ?? '';
    assert.match(message, /^the undo of step two failed for good: x😀/);
    assert.equal(message.length, 1000);
    const { error_details } = await stepRow(use.store, run, run.undo(2, cause).span);
    assert.equal(error_details?.['message'], long.message, 'all of it is with the undo');
  });

  it('of an uncertain failure includes the failing step itself', async () => {
    const run = await started(use.store, [commit('write', { compensation: UNDO })]);
    const cause: Cause = { code: 'SYSTEM_CRASH', span: run.span(0), uncertain: true };
    const taken = await takeUndo(use.store, run.saga, run.undo(0, cause));
    assert.ok(taken.kind === 'go');
    assert.deepEqual(taken.forward, {
      span: run.span(0),
      orderIndex: 0,
      status: 'PENDING',
      hasOutput: false,
    });
  });

  it('when nothing is in scope the saga is FAILED at once, and so it answers', async () => {
    const run = await started(use.store, [commit('write', { compensation: UNDO })]);
    const cause: Cause = { code: 'TOOL_OUTPUT_ERROR', span: run.span(0), uncertain: false };
    const ended = { kind: 'ended', status: 'FAILED', code: 'TOOL_OUTPUT_ERROR' };
    assert.deepEqual(await takeUndo(use.store, run.saga, run.undo(0, cause)), {
      kind: 'answer',
      answer: ended,
    });
    assert.deepEqual(await finishSaga(use.store, run.saga, cause), ended);
    assert.deepEqual((await ledgerOf(use.store, run)).slice(-1), ['end']);
  });

  it('finish: completed steps without an undo pass through to COMPENSATED, and an undo that remains stops it', async () => {
    const plain = await started(use.store, [reason('read'), commit('write')]);
    await think(use.store, plain, 0);
    const cause: Cause = { code: 'TOOL_OUTPUT_ERROR', span: plain.span(1), uncertain: false };
    const ended = { kind: 'ended', status: 'COMPENSATED', code: 'TOOL_OUTPUT_ERROR' };
    assert.deepEqual(await finishSaga(use.store, plain.saga, cause), ended);
    assert.deepEqual(await finishSaga(use.store, plain.saga, cause), ended);
    const { run, cause: rejection } = await rejected();
    await assert.rejects(finishSaga(use.store, run.saga, rejection), /expected no undo left/);
    assert.equal((await sagaRow(use.store, run)).status, 'RUNNING', 'nothing of it happened');
  });
});
