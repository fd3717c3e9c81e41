import assert from 'node:assert/strict';
import { it } from 'mocha';
import { listSagas } from '../../store/list-sagas.ts';
import { markStuck } from '../../store/reconcile.ts';
import { markClosed } from '../../store/terminated.ts';
import { noteDelivered, noteUndelivered } from '../../store/requests.ts';
import type { Store } from '../../store/store.ts';
import { recordUndoFailure } from '../../store/undo.ts';
import { commit } from './definitions.ts';
import { accepted, ANSWERED_NO, callUndoOn, failed, failUndoOn, recoverOn } from './recoveries.ts';
import { requestsOf } from './rows.ts';
import { cancel, decideOn, holdOn, settleOn, started, type Run } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const LATER_MS = 61_000;
const WORKFLOW = { code: 'WORKFLOW_TASK_FAILED', message: 'the tasks fail', hint: 'look at it' };

onBothStores('a saga that cannot go on by itself', (use) => {
  const later = (ms = LATER_MS) => at(use.store, new Date(Date.now() + ms));

  /** What lists say of a saga, with the filter and without it. */
  async function stuckOf(store: Store, { trace }: Run) {
    const wanted = { namespace: 'default', traceId: trace, statuses: [], inFlight: false, failed: false };
    const look = (stuck: boolean) =>
      listSagas(store, { ...wanted, stuck, name: null, limit: 50, offset: 0 }).then(
        ([row]) => row?.stuck ?? null,
      );
    const shown = await look(false);
    assert.deepEqual(await look(true), shown, 'the filter and what is shown agree');
    return shown;
  }

  async function lastRequest(run: Run) {
    const request = (await requestsOf(use.store, run)).at(-1);
    assert.ok(request);
    return request;
  }

  it('is stuck in the transaction in which its undo fails for good, and says which command takes that up', async () => {
    const { run, cause } = await failed(use.store);
    const { span } = run.undo(1, cause);
    await markStuck(use.store, run.trace, WORKFLOW);
    assert.deepEqual(await stuckOf(use.store, run), WORKFLOW);
    await failUndoOn(use.store, run, 1, cause);
    const stuck = await stuckOf(use.store, run);
    assert.equal(stuck?.code, 'COMPENSATION_FAILED');
    assert.match(stuck.message, /^the undo of step two failed for good: broken; the remaining undos wait/);
    assert.ok(stuck.hint.endsWith(`: warden saga retry-compensation ${run.trace} ${span}`), stuck.hint);
  });

  it('is not any more when the undo is taken up again, and a look at Temporal in between changes nothing', async () => {
    const { run, cause } = await failed(use.store);
    await failUndoOn(use.store, run, 1, cause);
    await markStuck(use.store, run.trace, WORKFLOW);
    assert.equal((await stuckOf(use.store, run))?.code, 'COMPENSATION_FAILED');
    await markStuck(use.store, run.trace, null);
    assert.equal((await stuckOf(use.store, run))?.code, 'COMPENSATION_FAILED');
    await accepted(recoverOn(use.store, run, run.undo(1, cause).span, { act: 'retry-compensation' }));
    assert.equal(await stuckOf(use.store, run), null);
    await markStuck(use.store, run.trace, WORKFLOW);
    assert.deepEqual(await stuckOf(use.store, run), WORKFLOW);
  });

  it('a saga that was terminated waits for nobody, also when its undo fails after that, or had failed before', async () => {
    const { run, cause } = await failed(use.store);
    const { token, input } = await callUndoOn(use.store, run, 1, cause);
    await markClosed(use.store, run.trace, { status: 'TERMINATED' });
    await recordUndoFailure(use.store, input, token, { failure: ANSWERED_NO, called: true, final: true });
    assert.equal(await stuckOf(later(), run), null);
    const broken = await failed(use.store);
    await failUndoOn(use.store, broken.run, 1, broken.cause);
    await markClosed(use.store, broken.run.trace, { status: 'TERMINATED' });
    assert.equal(await stuckOf(later(), broken.run), null, 'nor one that waited when it was terminated');
  });

  it('whose requests Temporal is not told of for a minute: NOT_DELIVERED, with the last error', async () => {
    const run = await started(use.store, [commit('one')]);
    assert.equal(await stuckOf(use.store, run), null);
    const untouched = await stuckOf(later(), run);
    assert.equal(untouched?.code, 'NOT_DELIVERED');
    assert.match(untouched.message, /^Temporal could not be told of the start of \d{4}-[^;]*$/);
    const request = await lastRequest(run);
    await noteUndelivered(use.store, { ...request, attempts: 1 }, 'connection refused', 1000);
    await use.store.db.updateTable('requests').set({ attempts: 3 }).where('id', '=', request.id).execute();
    const tried = await stuckOf(later(), run);
    assert.match(tried?.message ?? '', /; tried 3 times, last: connection refused$/);
    assert.match(tried?.hint ?? '', /Start Temporal/);
    await noteDelivered(use.store, request);
    assert.equal(await stuckOf(later(30_000), run), null);
  });

  it('whose start or decision was delivered, and that nobody acts on: NOT_TAKEN_UP', async () => {
    const run = await started(use.store, [commit('one', { hitl: true })]);
    await noteDelivered(use.store, await lastRequest(run));
    const start = await stuckOf(later(), run);
    assert.equal(start?.code, 'NOT_TAKEN_UP');
    assert.match(start.message, /the start of .* no worker process has acted on it$/);
    await holdOn(use.store, run, 0);
    assert.equal(await stuckOf(later(), run), null, 'a hold waits for a person, not for an operator');
    await decideOn(use.store, run, 0);
    await noteDelivered(use.store, await lastRequest(run));
    assert.match((await stuckOf(later(), run))?.message ?? '', /the approval of /);
    await settleOn(use.store, run, 0, { kind: 'opened' });
    assert.equal(await stuckOf(later(), run), null);
  });

  it('a cancel that was delivered may wait for the step that runs', async () => {
    const run = await started(use.store, [commit('one')]);
    const [start] = await requestsOf(use.store, run);
    assert.ok(start);
    await use.store.db
      .updateTable('sagas')
      .set({ status: 'RUNNING' })
      .where('trace_id', '=', run.trace)
      .execute();
    await cancel(use.store, run);
    for (const request of await requestsOf(use.store, run)) await noteDelivered(use.store, request);
    assert.equal(await stuckOf(later(), run), null);
  });

  it('a request that was made due again a short time ago is not long on its way', async () => {
    const run = await started(use.store, [commit('one')]);
    const request = await lastRequest(run);
    const now = new Date(Date.now() + LATER_MS);
    await use.store.db.updateTable('requests').set({ next_at: now }).where('id', '=', request.id).execute();
    assert.equal(await stuckOf(later(), run), null);
  });
});
