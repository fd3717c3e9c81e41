import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { SettleCause } from '../../domain/answers.ts';
import { reason } from './definitions.ts';
import { entriesOf, ledgerOf, requestsOf, reviewRow } from './rows.ts';
import { decideOn, holdOn, settleOn, started } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const T0 = new Date('2030-01-01T00:00:00.000Z');

function typed(name: 'approve' | 'reject' | 'retry', body = {}, identity = 'ops@laptop'): SettleCause {
  return { kind: 'signal', name, body: { review: 'draft#1', ...body }, identity };
}

onBothStores('a signal typed in Temporal', (use) => {
  async function onHold(expiresMs: number | null = null) {
    const steps = [reason('draft', { hitl: true, hitl_max_retries: 0 }), reason('check')];
    const run = await started(use.store, steps);
    await holdOn(at(use.store, T0), run, 0, { expiresMs });
    return run;
  }

  it('decides in the same transaction, the sender recorded as a label; run twice it decides once', async () => {
    const run = await onHold();
    const cause = typed('approve', { comment: 'looks good' });
    const answer = await settleOn(use.store, run, 0, cause, { id: 'signal-1' + run.trace });
    assert.deepEqual(answer, { kind: 'approved', ended: false });
    assert.deepEqual(await settleOn(use.store, run, 0, cause, { id: 'signal-1' + run.trace }), answer);
    const { status, actor, comment } = await reviewRow(use.store, run, 0);
    const expected = { subject: 'temporal', kind: 'person', label: 'ops@laptop' };
    assert.deepEqual(
      { status, actor, comment },
      { status: 'approved', actor: expected, comment: 'looks good' },
    );
    assert.deepEqual((await ledgerOf(use.store, run)).slice(-2), ['decision.approved', 'step.completed']);
    assert.equal((await requestsOf(use.store, run)).length, 1, 'Temporal need not be told');
  });

  it('a reject carries its details', async () => {
    const run = await onHold();
    const answer = await settleOn(use.store, run, 0, typed('reject', { error_details: { why: 'dates' } }));
    assert.deepEqual(answer, { kind: 'rejected', code: 'HUMAN_REJECTED' });
    assert.deepEqual((await reviewRow(use.store, run, 0)).verdict, { error_details: { why: 'dates' } });
  });

  it('on a review that is decided: the same verdict is an answer, another is refused and recorded once', async () => {
    const run = await onHold();
    await decideOn(use.store, run, 0);
    const same = await settleOn(use.store, run, 0, typed('approve'));
    assert.deepEqual(same, { kind: 'approved', ended: false });
    assert.ok((await requestsOf(use.store, run))[1]?.consumed_at);
    for (let again = 0; again < 2; again += 1) {
      const other = await settleOn(use.store, run, 0, typed('reject'), { id: `other-${run.trace}` });
      assert.deepEqual(other, same, 'the hold is told how the review was settled');
    }
    const refusals = (await entriesOf(use.store, run)).filter(({ type }) => type === 'refusal');
    assert.equal(refusals.length, 1);
    assert.match(JSON.stringify(refusals[0]?.data), /iteration 1 was already approved by ana/);
  });

  it('a retry at the limit is refused and recorded, and the review stays open', async () => {
    const run = await onHold();
    assert.deepEqual(await settleOn(use.store, run, 0, typed('retry')), { kind: 'refused' });
    assert.equal((await reviewRow(use.store, run, 0)).status, 'pending');
    assert.equal((await ledgerOf(use.store, run)).at(-1), 'refusal');
  });

  it('at the deadline the deadline has won: expiry and refusal are recorded once', async () => {
    const run = await onHold(1000);
    const due = at(use.store, new Date(T0.getTime() + 1000));
    for (let again = 0; again < 2; again += 1) {
      const answer = await settleOn(due, run, 0, typed('approve'), { id: `late-${run.trace}` });
      assert.deepEqual(answer, { kind: 'rejected', code: 'REVIEW_EXPIRED' });
    }
    assert.deepEqual((await ledgerOf(use.store, run)).slice(-3), ['expiry', 'refusal', 'step.failed']);
  });

  it('with authentication on it is refused and recorded, unless signals are trusted', async () => {
    const run = await onHold();
    const trust = { authentication: true, trusted: false };
    for (let again = 0; again < 2; again += 1) {
      const options = { trust, id: `untrusted-${run.trace}` };
      assert.deepEqual(await settleOn(use.store, run, 0, typed('approve'), options), { kind: 'refused' });
    }
    const refusals = (await entriesOf(use.store, run)).filter(({ type }) => type === 'refusal');
    assert.equal(refusals.length, 1);
    assert.match(JSON.stringify(refusals[0]?.data), /use the console or the API/);
    assert.equal((await reviewRow(use.store, run, 0)).status, 'pending');
    const trusted = { trust: { authentication: true, trusted: true } };
    assert.equal((await settleOn(use.store, run, 0, typed('approve'), trusted)).kind, 'approved');
  });

  it('what the workflow refused is recorded once, and a count of more as one entry', async () => {
    const run = await onHold();
    const refused: SettleCause = {
      kind: 'refused',
      name: 'aprove',
      reason: 'no such signal',
      identity: 'ops',
    };
    for (let again = 0; again < 2; again += 1) {
      const answer = await settleOn(use.store, run, 0, refused, { id: `typo-${run.trace}` });
      assert.deepEqual(answer, { kind: 'refused' });
    }
    await settleOn(use.store, run, 0, { kind: 'refusals', count: 7 });
    const refusals = (await entriesOf(use.store, run)).filter(({ type }) => type === 'refusal');
    assert.deepEqual(
      refusals.map(({ data }) => data),
      [
        { iteration: 1, message: 'aprove: no such signal' },
        { iteration: 1, message: '7 more refused' },
      ],
    );
  });

  it('hostile text is kept without what no store can hold', async () => {
    const run = await onHold();
    const body = { comment: 'a\u0000b\ud800', error_details: { 'k\u0000': ['\udc00'] } };
    await settleOn(use.store, run, 0, typed('reject', body, 'op\u0000s\ud83d'.repeat(100)));
    const { comment, verdict, actor } = await reviewRow(use.store, run, 0);
    assert.deepEqual([comment, verdict], ['ab\ufffd', { error_details: { k: ['\ufffd'] } }]);
    assert.ok(actor?.label?.startsWith('ops\ufffdops'));
  });
});
