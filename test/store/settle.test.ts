import assert from 'node:assert/strict';
import { it } from 'mocha';
import { judge } from '../../store/judge.ts';
import { sendAgain } from '../../store/requests.ts';
import { commit, reason } from './definitions.ts';
import { ledgerOf, ledgerText, requestsOf, reviewRow, sagaRow, stepRow } from './rows.ts';
import { act, cancel, decideOn, holdOn, settleOn, started, takeAnswer, think } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const held = { hitl: true };
const T0 = new Date('2030-01-01T00:00:00.000Z');

onBothStores('to settle a review', (use) => {
  async function onHold(
    steps = [reason('draft', held), commit('write', held)],
    expiresMs: number | null = null,
  ) {
    const run = await started(use.store, steps);
    await holdOn(at(use.store, T0), run, 0, { expiresMs });
    return run;
  }

  it('acts on an approved output once: the step completes, the request is consumed, and so it answers for ever', async () => {
    const run = await onHold();
    await decideOn(use.store, run, 0);
    const [, request] = await requestsOf(use.store, run);
    const cause = { kind: 'request' as const, request: request?.id ?? '' };
    const answer = await settleOn(use.store, run, 0, cause);
    assert.deepEqual(answer, { kind: 'approved', ended: false });
    const ledger = await ledgerText(use.store, run);
    for (const again of [cause, { kind: 'opened' as const }, { kind: 'deadline' as const }]) {
      assert.deepEqual(await settleOn(use.store, run, 0, again), answer);
    }
    assert.equal(await ledgerText(use.store, run), ledger);
    const step = await stepRow(use.store, run, run.span(0));
    assert.deepEqual([step.status, step.output_payload], ['COMPLETED', { data: { text: 'Ready.' } }]);
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
    assert.equal((await sagaRow(use.store, run)).status, 'RUNNING');
  });

  it('the approval of the last step ends the saga in the same transaction', async () => {
    const run = await onHold([reason('draft', held)]);
    await decideOn(use.store, run, 0);
    assert.deepEqual(await settleOn(use.store, run, 0, { kind: 'opened' }), {
      kind: 'approved',
      ended: true,
    });
    const { status, ended_at } = await sagaRow(use.store, run);
    assert.deepEqual([status, ended_at !== null], ['COMPLETED', true]);
    assert.equal((await ledgerOf(use.store, run)).at(-1), 'end');
  });

  it('a rejection fails the step with the reviewer members at the top, and their code beside ours', async () => {
    const run = await onHold();
    const errorDetails = { code: 'MINE', message: 'too long', where: ['line 3'] };
    await decideOn(use.store, run, 0, { verb: 'reject', errorDetails });
    const answer = await settleOn(use.store, run, 0, { kind: 'opened' });
    assert.deepEqual(answer, { kind: 'rejected', code: 'HUMAN_REJECTED' });
    const { status, error_details } = await stepRow(use.store, run, run.span(0));
    assert.equal(status, 'FAILED');
    assert.deepEqual(error_details, {
      code: 'HUMAN_REJECTED',
      message: 'too long',
      error: 'too long',
      reviewer_code: 'MINE',
      where: ['line 3'],
    });
  });

  it('an open review is pending until its deadline by the clock of the store, then it has expired', async () => {
    const run = await onHold(undefined, 60_000);
    const early = at(use.store, new Date(T0.getTime() + 59_000));
    assert.deepEqual(await settleOn(early, run, 0, { kind: 'deadline' }), {
      kind: 'pending',
      expiresInMs: 1000,
    });
    const due = at(use.store, new Date(T0.getTime() + 60_000));
    const expired = { kind: 'rejected', code: 'REVIEW_EXPIRED' };
    assert.deepEqual(await settleOn(due, run, 0, { kind: 'deadline' }), expired);
    assert.deepEqual(
      await settleOn(early, run, 0, { kind: 'deadline' }),
      expired,
      'a clock that goes back changes nothing',
    );
    assert.deepEqual((await ledgerOf(use.store, run)).slice(-2), ['expiry', 'step.failed']);
  });

  it('without a deadline it stays pending, however often it is asked', async () => {
    const run = await onHold();
    for (const kind of ['opened', 'deadline'] as const) {
      assert.deepEqual(await settleOn(use.store, run, 0, { kind }), { kind: 'pending' });
    }
    const unknown = { kind: 'request' as const, request: 'no-such-request' };
    assert.deepEqual(await settleOn(use.store, run, 0, unknown), { kind: 'pending' });
  });

  it('a retry goes on with the next iteration; a request of an earlier review, sent again, is consumed', async () => {
    const run = await onHold();
    await decideOn(use.store, run, 0, { verb: 'retry' });
    assert.deepEqual(await settleOn(use.store, run, 0, { kind: 'opened' }), {
      kind: 'retried',
      iteration: 2,
    });
    await holdOn(use.store, run, 0, { iteration: 2 });
    await judge(use.store, run.trace, (court) => sendAgain(court, ['retry'], 'all'));
    const [, request] = await requestsOf(use.store, run);
    assert.equal(request?.consumed_at, null);
    const cause = { kind: 'request' as const, request: request?.id ?? '' };
    assert.deepEqual(await settleOn(use.store, run, 0, cause, { iteration: 2 }), { kind: 'pending' });
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
    assert.equal((await reviewRow(use.store, run, 0, 2)).status, 'pending');
  });

  it('after a reset the hold asks by itself, and what was sent again is consumed by that', async () => {
    const run = await onHold();
    await decideOn(use.store, run, 0);
    const answer = await settleOn(use.store, run, 0, { kind: 'opened' });
    await judge(use.store, run.trace, (court) => sendAgain(court, ['approve'], 'all'));
    const held = await takeAnswer(use.store, run, run.ref(0, 'prepare'));
    assert.deepEqual(held, { kind: 'held', iteration: 1, decided: true });
    assert.deepEqual(await settleOn(use.store, run, 0, { kind: 'opened' }), answer);
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
  });

  it('a signal that names the id of a cancel as its request does not consume it', async () => {
    const run = await onHold([reason('draft', held)]);
    await decideOn(use.store, run, 0);
    await cancel(use.store, run);
    for (const { id } of await requestsOf(use.store, run)) {
      const answer = await settleOn(use.store, run, 0, { kind: 'request', request: id });
      assert.deepEqual(
        answer,
        { kind: 'approved', ended: false },
        'the cancel stands: the saga has not completed',
      );
    }
    const consumed = (await requestsOf(use.store, run)).map(({ kind, consumed_at }) => [
      kind,
      consumed_at !== null,
    ]);
    assert.deepEqual(consumed, [
      ['start', true],
      ['approve', true],
      ['cancel', false],
    ]);
  });

  it('the act of a held commit settles by itself: approved it goes, undecided it is still held', async () => {
    const run = await started(use.store, [reason('read'), commit('write', held)]);
    await think(use.store, run, 0);
    await holdOn(use.store, run, 1);
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(1, 'act')), { kind: 'held', iteration: 1 });
    await decideOn(use.store, run, 1);
    assert.deepEqual(await act(use.store, run, 1), { kind: 'completed', ended: true });
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
    assert.deepEqual((await reviewRow(use.store, run, 1)).settled, { kind: 'approved', ended: false });
    assert.deepEqual(await settleOn(use.store, run, 1, { kind: 'opened' }), {
      kind: 'approved',
      ended: false,
    });
  });

  it('the act of a held commit that was rejected calls nothing and leaves the answer to settle', async () => {
    const run = await started(use.store, [commit('write', held)]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0, { verb: 'reject' });
    const answer = await takeAnswer(use.store, run, run.ref(0, 'act'));
    assert.deepEqual(answer, { kind: 'held', iteration: 1, decided: true });
    assert.deepEqual(await settleOn(use.store, run, 0, { kind: 'opened' }), {
      kind: 'rejected',
      code: 'HUMAN_REJECTED',
    });
  });
});
