import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { it } from 'mocha';
import { beginCall, recordResult } from '../../store/call.ts';
import { noteOrderlyStop } from '../../store/executions.ts';
import { noteDelivered, noteUndelivered, sendAgain } from '../../store/requests.ts';
import { findShownReview } from '../../store/review-shown.ts';
import { judge } from '../../store/judge.ts';
import { markClosed } from '../../store/terminated.ts';
import { recordUndone, recordUndoFailure, undoRef } from '../../store/undo.ts';
import type { Cause } from '../../domain/answers.ts';
import { commit, reason, UNDO } from './definitions.ts';
import { ANSWERED_NO, callUndoOn, failUndoOn } from './recoveries.ts';
import { dies, requestsOf } from './rows.ts';
import { act, calling, cancel, decideOn, DONE, holdOn, settleOn, started, take, type Run } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

onBothStores('the receipt of a decision', (use) => {
  /** How far the decision on a step has come, some time from now by the store's clock. */
  async function receipt(run: Run, index: number, { iteration = 1, inMs = 0 } = {}) {
    const store = inMs === 0 ? use.store : at(use.store, new Date(Date.now() + inMs));
    const named = { namespace: 'default', traceId: run.trace, span: run.span(index), iteration };
    const shown = await findShownReview(store, named);
    assert.ok(shown);
    const { decided, delivered, consumed, effect, stuck } = shown.receipt;
    const stages = Object.entries({ decided, delivered, consumed, effect });
    for (const [stage, time] of stages) assert.ok(time === null || !Number.isNaN(time.getTime()), stage);
    return { reached: stages.filter(([, time]) => time !== null).map(([stage]) => stage), stuck };
  }

  async function lastRequest(run: Run) {
    const request = (await requestsOf(use.store, run)).at(-1);
    assert.ok(request);
    return request;
  }

  /** Temporal is told of all requests so far. */
  async function deliver(run: Run): Promise<void> {
    for (const request of await requestsOf(use.store, run)) await noteDelivered(use.store, request);
  }

  const is = (stuck: string | null, ...reached: string[]) => ({ reached, stuck });

  it('of an approved commit: decided, delivered, consumed when its call is taken, in effect with the result', async () => {
    const run = await started(use.store, [commit('one', { hitl: true }), commit('two')]);
    await holdOn(use.store, run, 0);
    assert.deepEqual(await receipt(run, 0), is(null));
    await deliver(run);
    await decideOn(use.store, run, 0);
    assert.deepEqual(await receipt(run, 0), is(null, 'decided'));
    await deliver(run);
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered'));
    const token = await take(use.store, run, run.ref(0));
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered', 'consumed'));
    await beginCall(use.store, run.ref(0), calling(run, run.ref(0), token));
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered', 'consumed'));
    await recordResult(use.store, run.ref(0), DONE, {});
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered', 'consumed', 'effect'));
  });

  it('of an approved reason step has its effect where it is consumed', async () => {
    const run = await started(use.store, [reason('think', { hitl: true }), commit('two')]);
    await holdOn(use.store, run, 0);
    await deliver(run);
    await decideOn(use.store, run, 0);
    await settleOn(use.store, run, 0, { kind: 'opened' });
    assert.deepEqual(
      await receipt(run, 0),
      is(null, 'decided', 'consumed', 'effect'),
      'before Temporal was told',
    );
  });

  it('of a retry: in effect when the next iteration waits for review; the old review stays as it was', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0, { verb: 'retry', guidance: 'shorter' });
    await deliver(run);
    await settleOn(use.store, run, 0, { kind: 'opened' });
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered', 'consumed'));
    const idle = await receipt(run, 0, { inMs: 20_000 });
    assert.match(
      idle.stuck ?? '',
      /^iteration 2 of the step is to run, and no worker process has acted on it/,
    );
    await holdOn(use.store, run, 0, { iteration: 2 });
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'delivered', 'consumed', 'effect'));
    assert.deepEqual(await receipt(run, 0, { iteration: 2 }), is(null));
  });

  const withUndo = { compensation: UNDO };
  const REJECTED = { code: 'HUMAN_REJECTED', uncertain: false } as const;

  /** A saga whose second step is rejected and settled, and whose first is to be undone. */
  async function rejected(): Promise<{ run: Run; cause: Cause }> {
    const run = await started(use.store, [commit('one', withUndo), commit('two', { hitl: true })]);
    await act(use.store, run, 0);
    await holdOn(use.store, run, 1);
    await decideOn(use.store, run, 1, { verb: 'reject' });
    await deliver(run);
    await settleOn(use.store, run, 1, { kind: 'opened' });
    return { run, cause: { ...REJECTED, span: run.span(1) } };
  }

  it('of a rejection: in effect when all is undone', async () => {
    const { run, cause } = await rejected();
    assert.deepEqual(await receipt(run, 1), is(null, 'decided', 'delivered', 'consumed'));
    const idle = await receipt(run, 1, { inMs: 20_000 });
    assert.match(idle.stuck ?? '', /^what came before is to be undone, and no worker process/);
    const { input } = await callUndoOn(use.store, run, 0, cause);
    assert.deepEqual(await receipt(run, 1), is(null, 'decided', 'delivered', 'consumed'));
    await recordUndone(use.store, input, { rollback_status: 'success' });
    assert.deepEqual(await receipt(run, 1), is(null, 'decided', 'delivered', 'consumed', 'effect'));
  });

  it('says of an undo that it waits for its next try, that it gives no sign of life, or that it failed for good', async () => {
    const { run, cause } = await rejected();
    const { token, input } = await callUndoOn(use.store, run, 0, cause);
    await recordUndoFailure(use.store, input, token, { failure: ANSWERED_NO, called: true, final: false });
    const waits = await receipt(run, 1);
    assert.match(waits.stuck ?? '', /^1 of 5 attempts at the undo of one have failed; .* The last: no$/);
    await callUndoOn(use.store, run, 0, cause);
    assert.equal((await receipt(run, 1)).stuck, null);
    await dies(use.store, undoRef(input));
    const dead = await receipt(run, 1);
    assert.match(
      dead.stuck ?? '',
      /^the last attempt at the undo of one gives no sign of life since .* Its call of delete_note/,
    );
    const again = await rejected();
    await failUndoOn(use.store, again.run, 0, again.cause);
    const failed = await receipt(again.run, 1);
    assert.match(
      failed.stuck ?? '',
      /^the undo of step one failed for good: .* warden saga retry-compensation /,
    );
    assert.deepEqual(failed.reached, ['decided', 'delivered', 'consumed']);
  });

  it('says why Temporal is not told: nobody tries, it is away, or an earlier request of the saga goes first', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await deliver(run);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    const nobody = await receipt(run, 0, { inMs: 10_000 });
    assert.match(nobody.stuck ?? '', /^Temporal could not be told of the approval .* Nobody has tried yet/);
    const request = await lastRequest(run);
    await use.store.db.updateTable('requests').set({ attempts: 4 }).where('id', '=', request.id).execute();
    await noteUndelivered(use.store, request, 'connection refused', 1000);
    const away = await receipt(run, 0);
    assert.match(
      away.stuck ?? '',
      /approval .*; tried 4 times, last: connection refused\. .* The next try is at /,
    );
    await judge(use.store, run.trace, (court) => sendAgain(court, ['start'], 'all'));
    const [start] = await requestsOf(use.store, run);
    assert.ok(start);
    await use.store.db.updateTable('requests').set({ attempts: 1 }).where('id', '=', start.id).execute();
    await noteUndelivered(use.store, start, 'not found', 1000);
    assert.match(
      (await receipt(run, 0)).stuck ?? '',
      /^Temporal could not be told of the start .*last: not found/,
    );
  });

  it('says that no worker process acts, and that the tasks of the workflow fail', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    await deliver(run);
    const idle = await receipt(run, 0, { inMs: 20_000 });
    assert.match(
      idle.stuck ?? '',
      /^Temporal has had the approval of .* no worker process has acted on it\. /,
    );
    const why = { code: 'WORKFLOW_TASK_FAILED', message: 'the tasks fail', hint: 'run the former version' };
    await judge(use.store, run.trace, async ({ saga }) => void (saga.stuck = why));
    assert.equal((await receipt(run, 0)).stuck, 'the tasks fail. run the former version');
  });

  it('says of an attempt that it gives no sign of life, that its call has no result, or that it is in back-off', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    await deliver(run);
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    await noteOrderlyStop(use.store, ref, token);
    assert.match(
      (await receipt(run, 0)).stuck ?? '',
      /ended without an outcome; the next begins after a pause of at most 10 s/,
    );
    const next = await take(use.store, run, ref);
    await dies(use.store, ref);
    assert.match(
      (await receipt(run, 0)).stuck ?? '',
      /^the last attempt at the step gives no sign of life since [^.]*\.\d+Z; .*many there are\)$/,
    );
    await beginCall(use.store, ref, calling(run, ref, next));
    await dies(use.store, ref);
    assert.match(
      (await receipt(run, 0)).stuck ?? '',
      /Its call of write_note began at .* may have taken effect/,
    );
  });

  it('of an expiry: consumed when the saga acts on it, and words while its deadline has passed and nobody does', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await holdOn(use.store, run, 0, { expiresMs: 1 });
    const late = await receipt(run, 0, { inMs: 20_000 });
    assert.match(late.stuck ?? '', /^its deadline .* has passed, and no worker process/);
    await sql`select pg_sleep(0.01)`.execute(use.store.db);
    assert.equal((await decideOn(use.store, run, 0)).kind, 'conflict');
    assert.deepEqual(await receipt(run, 0), is(null, 'decided'));
    const idle = await receipt(run, 0, { inMs: 20_000 });
    assert.match(idle.stuck ?? '', /^it is decided, and no worker process/);
    await settleOn(use.store, run, 0, { kind: 'deadline' });
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'consumed'));
  });

  it('of a decision that was typed in Temporal is consumed where it is decided', async () => {
    const run = await started(use.store, [reason('think', { hitl: true }), commit('two')]);
    await holdOn(use.store, run, 0);
    const body = { review: 'think#1' };
    await settleOn(use.store, run, 0, { kind: 'signal', name: 'approve', body, identity: 'ops' });
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'consumed', 'effect'));
  });

  it('of a review that a cancel closed follows the cancel; of one that was terminated says that it never will', async () => {
    const steps = [commit('one', { hitl: true })];
    const cancelled = await started(use.store, steps);
    await holdOn(use.store, cancelled, 0);
    await cancel(use.store, cancelled);
    assert.deepEqual(await receipt(cancelled, 0), is(null, 'decided'));
    await deliver(cancelled);
    await settleOn(use.store, cancelled, 0, { kind: 'cancel' });
    assert.deepEqual((await receipt(cancelled, 0)).reached.slice(0, 2), ['decided', 'delivered']);
    const run = await started(use.store, steps);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    await markClosed(use.store, run.trace, { status: 'TERMINATED' });
    const { reached, stuck } = await receipt(run, 0);
    assert.deepEqual(reached, ['decided']);
    assert.match(
      stuck ?? '',
      /ended before this took effect, and it never will: the workflow was terminated/,
    );
  });

  it('after a reset a decision that was acted on stays consumed while it is sent again', async () => {
    const run = await started(use.store, [reason('think', { hitl: true }), commit('two')]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0);
    await deliver(run);
    await settleOn(use.store, run, 0, { kind: 'opened' });
    await judge(use.store, run.trace, (court) => sendAgain(court, ['approve'], 'all'));
    assert.deepEqual(await receipt(run, 0), is(null, 'decided', 'consumed', 'effect'));
  });

  it('is read without a write: rows and ledger are as before', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await holdOn(use.store, run, 0);
    const before = await requestsOf(use.store, run);
    await receipt(run, 0);
    assert.deepEqual(await requestsOf(use.store, run), before);
  });
});
