import assert from 'node:assert/strict';
import { it } from 'mocha';
import { judge, endSaga } from '../../store/judge.ts';
import { asOwner, fail } from '../../store/attempt.ts';
import { openHold } from '../../store/holding.ts';
import { finishSaga, takeUndo } from '../../store/undo.ts';
import { commit, reason, UNDO } from './definitions.ts';
import { entriesOf, ledgerOf, requestsOf, reviewRow, sagaRow, stepRow } from './rows.ts';
import * as drive from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const held = { hitl: true };
const T0 = new Date('2030-01-01T00:00:00.000Z');
const CANCELLED = { code: 'CANCELLED', span: null, uncertain: false } as const;

onBothStores('a cancel', (use) => {
  it('before the first step: nothing runs, and with nothing in scope the saga is FAILED, CANCELLED', async () => {
    const run = await drive.started(use.store, [reason('read'), commit('write')]);
    const idempotencyKey = `cancel-${run.trace}`;
    assert.deepEqual(await drive.cancel(use.store, run), { kind: 'queued', idempotencyKey });
    assert.deepEqual(await drive.cancel(use.store, run), { kind: 'already_queued', idempotencyKey });
    assert.deepEqual(await drive.takeAnswer(use.store, run, run.ref(0)), { kind: 'cancelled' });
    const cause = { ...CANCELLED, span: run.span(0) };
    const ended = await finishSaga(use.store, run.saga, cause);
    assert.deepEqual(ended, { kind: 'ended', status: 'FAILED', code: 'CANCELLED' });
    const { failure } = await sagaRow(use.store, run);
    assert.deepEqual(failure, { code: 'CANCELLED', message: 'the saga was cancelled', step_id: null });
    assert.deepEqual(await drive.cancel(use.store, run), { kind: 'already_queued', idempotencyKey });
    const skipped = (await entriesOf(use.store, run)).filter(({ type }) => type === 'step.skipped');
    assert.deepEqual(
      skipped.map(({ span_id, data }) => [span_id, data]),
      [
        [run.span(0), { step_id: 'read' }],
        [run.span(1), { step_id: 'write' }],
      ],
    );
    const types = ['start', 'cancel', 'step.skipped', 'step.skipped', 'end'];
    assert.deepEqual(await ledgerOf(use.store, run), types);
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
  });

  it('while a step runs: the step goes on, its outcome stands, and then it is undone', async () => {
    const run = await drive.started(use.store, [commit('write', { compensation: UNDO }), commit('publish')]);
    const ref = run.ref(0);
    await drive.take(use.store, run, ref);
    await drive.cancel(use.store, run);
    assert.deepEqual(await drive.act(use.store, run, 0), { kind: 'completed', ended: false });
    assert.deepEqual(await drive.takeAnswer(use.store, run, run.ref(1)), { kind: 'cancelled' });
    const taken = await takeUndo(use.store, run.saga, run.undo(0, CANCELLED));
    assert.equal(taken.kind, 'go');
    assert.equal((await sagaRow(use.store, run)).status, 'COMPENSATING');
  });

  it('during the last step: the saga is compensated, not completed', async () => {
    const run = await drive.started(use.store, [commit('write')]);
    await drive.take(use.store, run, run.ref(0));
    await drive.cancel(use.store, run);
    assert.deepEqual(await drive.act(use.store, run, 0), { kind: 'completed', ended: false });
    const ended = await finishSaga(use.store, run.saga, CANCELLED);
    assert.deepEqual(ended, { kind: 'ended', status: 'COMPENSATED', code: 'CANCELLED' });
    assert.equal(
      (await stepRow(use.store, run, run.span(0))).status,
      'COMPLETED',
      'a forward row keeps its status',
    );
  });

  it('of a held saga closes the review first: its step is FAILED with CANCELLED, a decision after it conflicts', async () => {
    const run = await drive.started(use.store, [commit('write', held)]);
    await drive.holdOn(use.store, run, 0);
    await drive.cancel(use.store, run);
    assert.equal((await reviewRow(use.store, run, 0)).status, 'cancelled');
    const { status, error_details } = await stepRow(use.store, run, run.span(0));
    assert.deepEqual([status, error_details?.['code']], ['FAILED', 'CANCELLED']);
    assert.equal((await drive.decideOn(use.store, run, 0)).kind, 'conflict');
    for (const kind of ['cancel', 'opened', 'deadline'] as const) {
      assert.deepEqual(await drive.settleOn(use.store, run, 0, { kind }), { kind: 'cancelled' });
    }
    const over = { kind: 'held', iteration: 1, decided: true };
    assert.deepEqual(await drive.takeAnswer(use.store, run, run.ref(0, 'act')), over);
    const cause = { ...CANCELLED, span: run.span(0) };
    assert.equal((await finishSaga(use.store, run.saga, cause)).status, 'FAILED');
    const message = 'the saga was cancelled while this step waited for review';
    const why = { code: 'CANCELLED', message, step_id: 'write' };
    assert.deepEqual((await sagaRow(use.store, run)).failure, why);
  });

  it('after an approval: the approved call is made, and then undone', async () => {
    const run = await drive.started(use.store, [commit('write', { ...held, compensation: UNDO })]);
    await drive.holdOn(use.store, run, 0);
    await drive.decideOn(use.store, run, 0);
    await drive.cancel(use.store, run);
    assert.deepEqual(await drive.settleOn(use.store, run, 0, { kind: 'cancel' }), {
      kind: 'approved',
      ended: false,
    });
    assert.deepEqual(await drive.act(use.store, run, 0), { kind: 'completed', ended: false });
    assert.equal((await takeUndo(use.store, run.saga, run.undo(0, CANCELLED))).kind, 'go');
  });

  it('after a retry: its iteration runs and opens no hold', async () => {
    const run = await drive.started(use.store, [reason('draft', held)]);
    await drive.holdOn(use.store, run, 0);
    await drive.decideOn(use.store, run, 0, { verb: 'retry' });
    await drive.cancel(use.store, run);
    const retried = await drive.settleOn(use.store, run, 0, { kind: 'cancel' });
    assert.deepEqual(retried, { kind: 'retried', iteration: 2 });
    assert.deepEqual(await drive.holdOn(use.store, run, 0, { iteration: 2 }), { kind: 'cancelled' });
    const reviews = await use.store.db
      .selectFrom('reviews')
      .select('status')
      .where('trace_id', '=', run.trace)
      .execute();
    assert.deepEqual(reviews, [{ status: 'retried' }]);
    assert.equal((await stepRow(use.store, run, run.span(0))).error_details?.['code'], 'CANCELLED');
  });

  it('that Temporal brought is written before a decision is acted on, so the last boundary finds it', async () => {
    const run = await drive.started(use.store, [reason('draft', held)]);
    await drive.holdOn(use.store, run, 0);
    await drive.decideOn(use.store, run, 0);
    for (let again = 0; again < 2; again += 1) {
      const settled = await drive.settleOn(use.store, run, 0, { kind: 'cancel' });
      assert.deepEqual(settled, { kind: 'approved', ended: false });
    }
    const tail = (await ledgerOf(use.store, run)).slice(-3);
    assert.deepEqual(tail, ['decision.approved', 'cancel', 'step.completed']);
    const request = (await requestsOf(use.store, run)).at(-1);
    assert.deepEqual([request?.kind, request?.delivered_at !== null], ['cancel', true]);
    const ended = await finishSaga(use.store, run.saga, CANCELLED);
    assert.deepEqual(ended, { kind: 'ended', status: 'COMPENSATED', code: 'CANCELLED' });
  });

  it('that Temporal brought while a settled call runs, or with no review at all, stands as well', async () => {
    const approved = await drive.started(use.store, [commit('write', held)]);
    await drive.holdOn(use.store, approved, 0);
    await drive.decideOn(use.store, approved, 0);
    await drive.take(use.store, approved, approved.ref(0));
    await drive.settleOn(use.store, approved, 0, { kind: 'cancel' });
    assert.deepEqual(await drive.act(use.store, approved, 0), { kind: 'completed', ended: false });
    const running = await drive.started(use.store, [reason('read')]);
    assert.deepEqual(await drive.settleOn(use.store, running, 0, { kind: 'cancel' }), { kind: 'cancelled' });
    assert.deepEqual(await drive.takeAnswer(use.store, running, running.ref(0)), { kind: 'cancelled' });
  });

  it('stops a react step before its hold, and undoes it when it called a tool that is not read-only', async () => {
    for (const wrote of [false, true]) {
      const run = await drive.started(use.store, [reason('draft', held)]);
      const [step] = run.saga.saga.steps;
      assert.ok(step);
      const ref = run.ref(0, 'prepare');
      const token = await drive.take(use.store, run, ref);
      await drive.cancel(use.store, run);
      const opening = drive.openingOf(step, null);
      const answer = await openHold(use.store, ref, token, { opening, verdict: null, wrote });
      const uncertain = { kind: 'failed', code: 'CANCELLED', uncertain: true, ended: false };
      assert.deepEqual(answer, wrote ? uncertain : { kind: 'cancelled' });
    }
  });

  it('that stands when the running step fails by itself is why the saga failed, and the step is named', async () => {
    const undos = [commit('write', { compensation: UNDO }), commit('write')];
    for (const first of undos) {
      const run = await drive.started(use.store, [first, commit('publish')]);
      await drive.act(use.store, run, 0);
      const ref = run.ref(1);
      const token = await drive.take(use.store, run, ref);
      await drive.cancel(use.store, run);
      const failure = { code: 'TOOL_OUTPUT_ERROR', message: 'no paper' } as const;
      await asOwner(use.store, ref, token, (court) => fail(court, ref, failure, { uncertain: false }));
      const cause = { code: failure.code, span: run.span(1), uncertain: false } as const;
      if (first.compensation) await takeUndo(use.store, run.saga, run.undo(0, cause));
      else await finishSaga(use.store, run.saga, cause);
      const why = {
        code: 'CANCELLED',
        message: 'the saga was cancelled; no paper',
        step_id: 'publish',
      };
      const { status, failure: found } = await sagaRow(use.store, run);
      assert.deepEqual([status, found], [first.compensation ? 'COMPENSATING' : 'COMPENSATED', why]);
      assert.ok((await requestsOf(use.store, run)).at(-1)?.consumed_at, 'the cancel was acted on');
      assert.equal((await drive.cancel(use.store, run)).kind, 'already_queued');
      const { error_details } = await stepRow(use.store, run, run.span(1));
      assert.equal(error_details?.['code'], failure.code, 'the step failed by itself');
    }
  });

  it('after a rejection or an expiry that the saga has not acted on yet conflicts and names who was first', async () => {
    for (const who of ['ben', 'system']) {
      const run = await drive.started(use.store, [commit('write', held)]);
      await drive.holdOn(at(use.store, T0), run, 0, { expiresMs: 60_000 });
      const inTime = at(use.store, new Date(T0.getTime() + 59_999));
      const late = at(use.store, new Date(T0.getTime() + 60_000));
      const verb = { verb: 'reject', actor: drive.BEN } as const;
      // A decision that comes too late finds the deadline.
      await drive.decideOn(who === 'ben' ? inTime : late, run, 0, verb);
      const refused = await drive.cancel(use.store, run);
      assert.ok(refused.kind === 'conflict');
      const was = who === 'ben' ? 'rejected by ben' : 'expired by system';
      assert.match(refused.message, new RegExp(`iteration 1 was already ${was} at 2030-01-01T`));
      const last = (await entriesOf(use.store, run)).at(-1);
      assert.deepEqual([last?.type, last?.data], ['refusal', { act: 'cancel', message: refused.message }]);
      assert.ok((await requestsOf(use.store, run)).every(({ kind }) => kind !== 'cancel'));
      const settled = await drive.settleOn(use.store, run, 0, { kind: 'opened' });
      assert.equal(settled.kind, 'rejected', 'what was decided takes effect');
    }
  });

  it('of a saga that is undone for another reason conflicts and is recorded; one accepted before it is consumed', async () => {
    const run = await drive.started(use.store, [commit('write', { compensation: UNDO }), commit('publish')]);
    await drive.act(use.store, run, 0);
    const ref = run.ref(1);
    const token = await drive.take(use.store, run, ref);
    const failure = { code: 'TOOL_OUTPUT_ERROR', message: 'no' } as const;
    await asOwner(use.store, ref, token, (court) => fail(court, ref, failure, { uncertain: false }));
    await takeUndo(
      use.store,
      run.saga,
      run.undo(0, { code: failure.code, span: run.span(1), uncertain: false }),
    );
    const refused = await drive.cancel(use.store, run);
    assert.deepEqual(refused, {
      kind: 'conflict',
      message: 'expected a saga that runs forward; it is COMPENSATING',
    });
    assert.equal((await entriesOf(use.store, run)).at(-1)?.type, 'refusal');
    assert.deepEqual(await drive.settleOn(use.store, run, 1, { kind: 'cancel' }), { kind: 'cancelled' });
    assert.equal((await requestsOf(use.store, run)).length, 1, 'no cancel was written');
  });

  it('of a saga that has ended conflicts, is recorded and changes nothing; an unknown saga is unknown', async () => {
    const run = await drive.started(use.store, [reason('read')]);
    await drive.think(use.store, run, 0);
    const refused = await drive.cancel(use.store, run);
    assert.deepEqual(refused, {
      kind: 'conflict',
      message: 'expected a saga that runs forward; it is COMPLETED',
    });
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', null));
    assert.equal((await sagaRow(use.store, run)).status, 'COMPLETED', 'ended stays ended');
    assert.deepEqual(await drive.cancel(use.store, { ...run, trace: 'f'.repeat(32) }), { kind: 'unknown' });
  });
});
