import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { judge } from '../../store/judge.ts';
import { sendAgain } from '../../store/requests.ts';
import { finishSaga } from '../../store/undo.ts';
import { commit, reason } from './definitions.ts';
import { entriesOf, ledgerOf, ledgerText, requestsOf, reviewRow, sagaRow, stepRow } from './rows.ts';
import { act, cancel, decideOn, holdOn, settleOn, started, takeAnswer, think, type Run } from './sagas.ts';
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

  /** The step's details after a rejection with these. */
  async function rejectedWith(errorDetails: JsonObject | null, comment: string | null = null) {
    const run = await onHold();
    await decideOn(use.store, run, 0, { verb: 'reject', errorDetails, comment });
    const answer = await settleOn(use.store, run, 0, { kind: 'opened' });
    assert.deepEqual(answer, { kind: 'rejected', code: 'HUMAN_REJECTED' });
    return { run, details: (await stepRow(use.store, run, run.span(0))).error_details };
  }

  /** The saga's failure when that is undone. */
  async function failureOf(run: Run) {
    const cause = { code: 'HUMAN_REJECTED', span: run.span(0), uncertain: false } as const;
    await finishSaga(use.store, run.saga, cause);
    return (await sagaRow(use.store, run)).failure;
  }

  it('members of the reviewer that are named like ours are kept beside them, a short text message as it is', async () => {
    const code = 'HUMAN_REJECTED';
    const message = 'rejected by ana';
    const ours = { code, message, error: message };
    const named = { code: ['MINE'], error: 'mine', message: { de: 'zu lang' }, where: 3 };
    assert.deepEqual((await rejectedWith(named)).details, {
      ...ours,
      reviewer_code: ['MINE'],
      reviewer_error: 'mine',
      reviewer_message: { de: 'zu lang' },
      where: 3,
    });
    const short = 'm'.repeat(1000);
    const kept = await rejectedWith({ message: short, error: null });
    assert.deepEqual(kept.details, { code, message: short, error: short, reviewer_error: null });
    assert.deepEqual(await failureOf(kept.run), { code, message: short, step_id: 'draft' });
  });

  it('a message longer than 1000 characters is cut for the saga and kept whole, without half a character', async () => {
    const code = 'HUMAN_REJECTED';
    const cut = `${'m'.repeat(999)}\ufffd`;
    const long = `${'m'.repeat(999)}😀 and more`;
    const { run, details } = await rejectedWith({ message: long });
    assert.deepEqual(details, { code, message: cut, error: cut, reviewer_message: long });
    assert.deepEqual(await failureOf(run), { code, message: cut, step_id: 'draft' });
    const by = await rejectedWith(null, '😀'.repeat(5_000));
    const message = `rejected by ana: ${'😀'.repeat(491)}\ufffd`;
    assert.deepEqual(by.details, { code, message, error: message });
    assert.deepEqual(await failureOf(by.run), { code, message, step_id: 'draft' });
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
    const [start] = await requestsOf(use.store, run);
    const other = { kind: 'request' as const, request: start?.id ?? '' };
    assert.deepEqual(await settleOn(use.store, run, 0, other), { kind: 'pending' });
  });

  it('by the id of a request that no row has is refused, and recorded once in each saga', async () => {
    const runs = [await onHold(), await onHold()];
    const id = `no-such-request-${runs[0]?.trace ?? ''}`;
    for (const run of runs) {
      for (let again = 0; again < 3; again += 1) {
        const answer = await settleOn(use.store, run, 0, { kind: 'request', request: id }, { id });
        assert.deepEqual(answer, { kind: 'refused' });
      }
      assert.equal((await reviewRow(use.store, run, 0)).status, 'pending');
      const refusals = (await entriesOf(use.store, run)).filter(({ type }) => type === 'refusal');
      const message = `no request has the id ${id}: it was typed, and decides nothing`;
      assert.deepEqual(
        refusals.map(({ span_id, actor, data }) => [span_id, actor.subject, data]),
        [[run.span(0), 'temporal', { iteration: 1, message }]],
      );
    }
  });

  it('by an id that no row of this saga has: a request of another saga, and one of a review that is decided', async () => {
    const [run, other] = [await onHold(), await onHold()];
    await decideOn(use.store, other, 0);
    const foreign = (await requestsOf(use.store, other)).at(-1)?.id ?? '';
    const cause = { kind: 'request' as const, request: foreign };
    assert.deepEqual(await settleOn(use.store, run, 0, cause, { id: foreign }), { kind: 'refused' });
    assert.equal((await requestsOf(use.store, other)).at(-1)?.consumed_at, null, 'that one is left alone');
    const forged = { kind: 'request' as const, request: 'forged' };
    assert.deepEqual(
      await settleOn(use.store, other, 0, forged, { id: 'forged' }),
      { kind: 'approved', ended: false },
      'a decided review is answered, whoever asks',
    );
    assert.ok(!(await ledgerOf(use.store, other)).includes('refusal'));
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
