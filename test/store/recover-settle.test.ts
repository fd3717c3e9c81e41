import assert from 'node:assert/strict';
import { it } from 'mocha';
import { beginCall, recordResult } from '../../store/call.ts';
import { markLost, markReplaced } from '../../store/reconcile.ts';
import { noteDelivered } from '../../store/requests.ts';
import { recordUndone } from '../../store/undo.ts';
import type { SettleAnswer } from '../../domain/answers.ts';
import { commit, UNDO } from './definitions.ts';
import {
  accepted,
  callUndoOn,
  failed,
  failUndoOn,
  recoveriesOf,
  recoverOn,
  takeUndoOn,
} from './recoveries.ts';
import { dies, entriesOf, ledgerText, requestsOf } from './rows.ts';
import { ANA, calling, DONE, OPEN, settleOn, started, take, type Run } from './sagas.ts';
import { settle } from '../../store/settle.ts';
import { onBothStores } from './stores.ts';

const FORCE = { force: true, allowDestructive: true };
const RERUN = { kind: 'rerun' };
const REFUSED = { kind: 'refused' };

onBothStores('the request of a recovery', (use) => {
  async function hangs(): Promise<Run> {
    const run = await started(use.store, [commit('write', { compensation: UNDO }), commit('publish')]);
    const token = await take(use.store, run, run.ref(0));
    await beginCall(use.store, run.ref(0), calling(run, run.ref(0), token));
    return run;
  }

  async function askedFor(run: Run, span: string, asked = {}): Promise<string> {
    await accepted(recoverOn(use.store, run, span, asked));
    const request = (await recoveriesOf(use.store, run)).at(-1);
    assert.ok(request);
    return request.id;
  }

  const settleIt = (run: Run, id: string, index = 0, iteration = 1) =>
    settleOn(use.store, run, index, { kind: 'request', request: id }, { id, iteration });

  async function consumed(run: Run): Promise<boolean[]> {
    return (await recoveriesOf(use.store, run)).map(({ consumed_at }) => consumed_at !== null);
  }

  it('with force ends what runs; settled again before an attempt has it, it answers the same', async () => {
    const run = await hangs();
    const id = await askedFor(run, run.span(0), FORCE);
    assert.deepEqual(await settleIt(run, id), RERUN);
    assert.deepEqual(await consumed(run), [true]);
    assert.deepEqual(await settleIt(run, id), RERUN);
    await take(use.store, run, { ...run.ref(0), forced: id });
    const before = await ledgerText(use.store, run);
    assert.deepEqual(await settleIt(run, id), REFUSED, 'the attempt that carries it is not ended by it');
    assert.equal(await ledgerText(use.store, run), before);
  });

  it('without force runs again what does not live, and leaves alone what does, which is recorded once', async () => {
    const run = await hangs();
    await dies(use.store, run.ref(0));
    const id = await askedFor(run, run.span(0));
    assert.deepEqual(await settleIt(run, id), RERUN);
    const idempotent = await started(use.store, [commit('write')]);
    await take(use.store, idempotent, idempotent.ref(0));
    await dies(use.store, idempotent.ref(0));
    const late = await askedFor(idempotent, idempotent.span(0));
    await take(use.store, idempotent, idempotent.ref(0));
    for (let times = 0; times < 2; times += 1) assert.deepEqual(await settleIt(idempotent, late), REFUSED);
    const refusals = (await entriesOf(use.store, idempotent)).filter(({ type }) => type === 'refusal');
    assert.equal(refusals.length, 1);
    assert.deepEqual(refusals[0]?.actor, ANA);
    assert.match(JSON.stringify(refusals[0]?.data), /an attempt of it lives/);
    assert.deepEqual(await consumed(idempotent), [true]);
  });

  it('that comes after the outcome is refused, consumed and recorded', async () => {
    const run = await hangs();
    const id = await askedFor(run, run.span(0), FORCE);
    await recordResult(use.store, run.ref(0), DONE, {});
    assert.deepEqual(await settleIt(run, id), REFUSED);
    assert.deepEqual(await consumed(run), [true]);
    const last = (await entriesOf(use.store, run)).at(-1);
    assert.match(JSON.stringify(last?.data), /too late for iteration 1: step write is COMPLETED/);
  });

  it('that comes while the saga is elsewhere stays, to be sent again', async () => {
    const run = await hangs();
    const id = await askedFor(run, run.span(0), FORCE);
    assert.deepEqual(await settleIt(run, id, 1), REFUSED);
    assert.deepEqual(await settleIt(run, id, 0, 2), REFUSED);
    assert.deepEqual(await consumed(run), [false]);
    assert.deepEqual(await settleIt(run, id), RERUN);
  });

  it('with an id that nobody has, or of another saga, is refused and recorded', async () => {
    const run = await hangs();
    const other = await hangs();
    const foreign = await askedFor(other, other.span(0), FORCE);
    for (const id of [foreign, 'recover-nothing', 'anything']) {
      assert.deepEqual(await settleIt(run, id), REFUSED);
      const last = (await entriesOf(use.store, run)).at(-1);
      assert.match(JSON.stringify(last?.data), new RegExp(`no request has the id ${id}`));
    }
    assert.deepEqual(await consumed(other), [false]);
  });

  it('that takes up a failed undo wakes the saga at that undo, or is done with when that runs already', async () => {
    const { run, cause } = await failed(use.store);
    await failUndoOn(use.store, run, 1, cause);
    const { span } = run.undo(1, cause);
    const id = await askedFor(run, span, { act: 'retry-compensation' });
    const settleAt = (at: string): Promise<SettleAnswer> =>
      settle(use.store, OPEN, {
        traceId: run.trace,
        span: at,
        iteration: 1,
        id,
        cause: { kind: 'request', request: id },
      });
    assert.deepEqual(await settleAt(run.span(0)), REFUSED, 'a new workflow that is not there yet');
    assert.deepEqual(await consumed(run), [false]);
    assert.deepEqual(await settleAt(span), RERUN);
    assert.deepEqual(await settleAt(span), RERUN);
    const { input } = await callUndoOn(use.store, run, 1, cause);
    assert.deepEqual(await settleAt(span), REFUSED);
    await recordUndone(use.store, input, {});
    assert.deepEqual(await settleAt(span), RERUN, 'its outcome is the answer');
  });

  it('that took up an undo which failed again does not take it up a second time', async () => {
    const { run, cause } = await failed(use.store);
    await failUndoOn(use.store, run, 1, cause);
    const { span } = run.undo(1, cause);
    const id = await askedFor(run, span, { act: 'retry-compensation' });
    await failUndoOn(use.store, run, 1, cause);
    const asked = { kind: 'request', request: id } as const;
    const settled = await settle(use.store, OPEN, {
      traceId: run.trace,
      span,
      iteration: 1,
      id,
      cause: asked,
    });
    assert.deepEqual(settled, REFUSED);
  });

  it('is sent again after a reset and to a new workflow; force that was used up gives no second call', async () => {
    for (const how of ['reset', 'lost'] as const) {
      const run = await hangs();
      const id = await askedFor(run, run.span(0), FORCE);
      for (const request of await requestsOf(use.store, run)) await noteDelivered(use.store, request);
      assert.deepEqual(await settleIt(run, id), RERUN);
      if (how === 'reset') await markReplaced(use.store, run.trace, `run-${run.trace}`, 'reset');
      else assert.equal(await markLost(use.store, run.trace), 'lost');
      assert.deepEqual(await consumed(run), [false]);
      assert.deepEqual(await settleIt(run, id), RERUN, 'no attempt had it');
      const ref = { ...run.ref(0), forced: id };
      const token = await take(use.store, run, ref);
      await beginCall(use.store, ref, calling(run, ref, token));
      await markReplaced(use.store, run.trace, `third-${run.trace}`, 'reset');
      assert.deepEqual(await settleIt(run, id), REFUSED);
      // The next operator's is another one.
      const next = await askedFor(run, run.span(0), FORCE);
      assert.notEqual(next, id);
    }
  });

  it('of a failed undo starts a saga anew whose Temporal is lost, with what is asked after the start', async () => {
    const { run, cause } = await failed(use.store);
    for (const request of await requestsOf(use.store, run)) await noteDelivered(use.store, request);
    await failUndoOn(use.store, run, 1, cause);
    assert.equal(
      await markLost(use.store, run.trace),
      'ended',
      'nothing to be done until it is taken up again',
    );
    await askedFor(run, run.undo(1, cause).span, { act: 'retry-compensation' });
    assert.equal(await markLost(use.store, run.trace), 'lost');
    const due = (await requestsOf(use.store, run)).filter(
      ({ delivered_at, consumed_at }) => delivered_at === null && consumed_at === null,
    );
    assert.deepEqual(
      due.map(({ kind }) => kind),
      ['start', 'retry_compensation'],
    );
    await takeUndoOn(use.store, run, 1, cause);
    assert.deepEqual(await consumed(run), [true]);
  });
});
