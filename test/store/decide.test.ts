import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { Store } from '../../store/store.ts';
import { takeUndo } from '../../store/undo.ts';
import { commit, reason, UNDO } from './definitions.ts';
import { entriesOf, ledgerOf, ledgerText, requestsOf, reviewRow, sagaRow } from './rows.ts';
import { act, BEN, decideOn, holdOn, settleOn, started, think, type Run } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const held = { hitl: true, hitl_max_retries: 1 };
const T0 = new Date('2030-01-01T00:00:00.000Z');
const after = (ms: number) => new Date(T0.getTime() + ms);

async function onHold(store: Store, options: { expiresMs?: number } = {}): Promise<Run> {
  const run = await started(store, [commit('write', held), reason('check', held)]);
  await holdOn(store, run, 0, options);
  return run;
}

onBothStores('a decision on a review', (use) => {
  it('approve: queued, the review decided, a request and one ledger entry in one transaction', async () => {
    const run = await onHold(use.store);
    const news: string[] = [];
    const stop = use.store.onNews('request', () => news.push('request'));
    const result = await decideOn(use.store, run, 0, { comment: 'fine' });
    stop();
    const idempotencyKey = `human-decision-${run.trace}-${run.span(0)}`;
    assert.deepEqual(result, { kind: 'queued', idempotencyKey, retryToken: null });
    assert.deepEqual(news, ['request']);
    const { status, comment, settled } = await reviewRow(use.store, run, 0);
    assert.deepEqual({ status, comment, settled }, { status: 'approved', comment: 'fine', settled: null });
    const [start, request] = await requestsOf(use.store, run);
    assert.equal(start?.kind, 'start');
    assert.deepEqual(
      [request?.kind, request?.span_id, request?.iteration, request?.delivered_at, request?.consumed_at],
      ['approve', run.span(0), 1, null, null],
    );
    assert.deepEqual(await ledgerOf(use.store, run), [
      'start',
      'step.in_progress',
      'hold',
      'decision.approved',
    ]);
    assert.equal((await sagaRow(use.store, run)).status, 'AWAITING_HUMAN', 'until the saga wakes');
  });

  it('reject keeps its error details, retry its guidance; a retry without a token is given one', async () => {
    const rejected = await onHold(use.store);
    const errorDetails = { code: 'WRONG_DAY', message: 'not today' };
    assert.equal((await decideOn(use.store, rejected, 0, { verb: 'reject', errorDetails })).kind, 'queued');
    assert.deepEqual((await reviewRow(use.store, rejected, 0)).verdict, { error_details: errorDetails });
    const retried = await onHold(use.store);
    const result = await decideOn(use.store, retried, 0, { verb: 'retry', guidance: 'shorter' });
    assert.ok(result.kind === 'queued' && result.retryToken !== null);
    const { verdict } = await reviewRow(use.store, retried, 0);
    assert.deepEqual(verdict, { guidance: 'shorter', retry_token: result.retryToken });
    const again = await decideOn(use.store, retried, 0, { verb: 'retry', retryToken: result.retryToken });
    assert.deepEqual(again, { ...result, kind: 'already_queued' });
  });

  it('the same again answers the same and does nothing', async () => {
    const run = await onHold(use.store);
    const first = await decideOn(use.store, run, 0);
    const again = await decideOn(use.store, run, 0, { actor: BEN, comment: 'me too' });
    assert.deepEqual(again, { ...first, kind: 'already_queued' });
    assert.equal((await requestsOf(use.store, run)).length, 2);
    assert.equal((await ledgerOf(use.store, run)).filter((type) => type === 'decision.approved').length, 1);
    assert.equal((await reviewRow(use.store, run, 0)).actor?.subject, 'ana');
  });

  it('another verdict is refused, names the winner, and the refusal is in the ledger', async () => {
    const run = await onHold(use.store);
    await decideOn(use.store, run, 0);
    const other = await decideOn(use.store, run, 0, { verb: 'reject', actor: BEN });
    assert.ok(other.kind === 'conflict');
    assert.match(other.message, /^step write: iteration 1 was already approved by ana at \d{4}-/);
    const refusal = (await entriesOf(use.store, run)).at(-1);
    assert.deepEqual([refusal?.type, refusal?.actor], ['refusal', BEN]);
    assert.deepEqual(refusal?.data, { act: 'reject', iteration: 1, message: other.message });
    assert.equal((await reviewRow(use.store, run, 0)).status, 'approved');
  });

  it('about a payload that is not the one on hold it is refused, and the review stays open', async () => {
    const run = await onHold(use.store);
    const wrong = await decideOn(use.store, run, 0, { payloadHash: 'f'.repeat(64) });
    assert.ok(wrong.kind === 'conflict');
    assert.match(wrong.message, /hash f+, but iteration 1 holds [0-9a-f]{64}; read the review again/);
    assert.equal((await reviewRow(use.store, run, 0)).status, 'pending');
    const { payload_hash } = await reviewRow(use.store, run, 0);
    assert.equal((await decideOn(use.store, run, 0, { payloadHash: payload_hash })).kind, 'queued');
  });

  it('names its iteration, or means the open review; the retried one stays decided', async () => {
    const run = await onHold(use.store);
    const early = await decideOn(use.store, run, 0, { iteration: 2 });
    assert.ok(early.kind === 'conflict' && /no review of iteration 2; its last is 1/.test(early.message));
    await decideOn(use.store, run, 0, { verb: 'retry', retryToken: 'token-one' });
    await settleOn(use.store, run, 0, { kind: 'opened' });
    await holdOn(use.store, run, 0, { iteration: 2 });
    const late = await decideOn(use.store, run, 0, { iteration: 1 });
    assert.ok(late.kind === 'conflict' && /iteration 1 was already retried by ana/.test(late.message));
    const again = await decideOn(use.store, run, 0, { verb: 'retry', retryToken: 'token-one' });
    assert.equal(again.kind, 'already_queued', 'a token means the review that it retried');
    const second = await decideOn(use.store, run, 0);
    const idempotencyKey = `human-decision-${run.trace}-${run.span(0)}-2`;
    assert.deepEqual(second, { kind: 'queued', idempotencyKey, retryToken: null });
  });

  it('a retry at hitl_max_retries is refused, and the review stays open', async () => {
    const run = await onHold(use.store);
    await decideOn(use.store, run, 0, { verb: 'retry' });
    await settleOn(use.store, run, 0, { kind: 'opened' });
    await holdOn(use.store, run, 0, { iteration: 2 });
    const refused = await decideOn(use.store, run, 0, { verb: 'retry' });
    assert.ok(refused.kind === 'conflict' && /hitl_max_retries/.test(refused.message));
    assert.equal((await reviewRow(use.store, run, 0, 2)).status, 'pending');
  });

  it('counts before the deadline, and at it the deadline has won', async () => {
    const inTime = await onHold(at(use.store, T0), { expiresMs: 60_000 });
    assert.equal((await decideOn(at(use.store, after(59_999)), inTime, 0)).kind, 'queued');
    for (const late of [60_000, 3_600_000]) {
      const run = await onHold(at(use.store, T0), { expiresMs: 60_000 });
      const result = await decideOn(at(use.store, after(late)), run, 0);
      assert.ok(result.kind === 'conflict');
      assert.match(result.message, /iteration 1 was already expired by system at 2030-01-01T0/);
      const { status, actor } = await reviewRow(use.store, run, 0);
      assert.deepEqual([status, actor], ['expired', { subject: 'system', kind: 'service' }]);
      const tail = (await ledgerOf(use.store, run)).slice(-2);
      assert.deepEqual(tail, ['expiry', 'refusal']);
      const again = await decideOn(at(use.store, after(late + 1)), run, 0, { verb: 'reject' });
      assert.ok(again.kind === 'conflict' && /expired by system/.test(again.message));
      const answer = await settleOn(use.store, run, 0, { kind: 'deadline' });
      assert.deepEqual(answer, { kind: 'rejected', code: 'REVIEW_EXPIRED' });
    }
  });

  it('on a step without a review is refused with its state', async () => {
    const run = await onHold(use.store);
    const result = await decideOn(use.store, run, 1);
    assert.ok(result.kind === 'conflict');
    assert.equal(result.message, 'expected a step awaiting review; step check is PENDING and has no review');
    assert.equal((await ledgerOf(use.store, run)).at(-1), 'refusal');
  });

  it('on an undo is refused and named: undos are not reviewed', async () => {
    const run = await started(use.store, [commit('write', { compensation: UNDO }), commit('publish', held)]);
    await act(use.store, run, 0);
    await holdOn(use.store, run, 1);
    const cause = { code: 'HUMAN_REJECTED', span: run.span(1), uncertain: false } as const;
    await takeUndo(use.store, run.saga, run.undo(0, cause));
    const { span } = run.undo(0, cause);
    for (const asked of [{ span }, { span, iteration: 1 }, { span, verb: 'retry' as const }]) {
      const result = await decideOn(use.store, run, 0, asked);
      const what = 'this is the undo of step write, which is COMPENSATING and is not reviewed';
      const message = `expected a step awaiting review; ${what}`;
      assert.deepEqual(result, { kind: 'conflict', message });
      const last = (await entriesOf(use.store, run)).at(-1);
      const data = { act: asked.verb ?? 'approve', iteration: asked.iteration ?? null, message };
      assert.deepEqual([last?.type, last?.span_id, last?.data], ['refusal', span, data]);
    }
    assert.equal((await requestsOf(use.store, run)).length, 1);
  });

  it('on an unknown step, an undo that was never made, an unknown saga or another namespace is unknown and leaves no trace', async () => {
    const run = await started(use.store, [reason('read'), commit('write', held)]);
    await think(use.store, run, 0);
    await holdOn(use.store, run, 1);
    const before = await ledgerText(use.store, run);
    const undo = run.undo(0, { code: 'CANCELLED', span: null, uncertain: false }).span;
    for (const asked of [
      { span: 'f'.repeat(16) },
      { span: undo },
      { traceId: 'f'.repeat(32) },
      { namespace: 'other' },
    ]) {
      const result = await decideOn(use.store, run, 1, asked);
      assert.ok(result.kind === 'unknown', JSON.stringify(asked));
      assert.match(result.message, /^no (step|saga) /);
    }
    assert.equal(await ledgerText(use.store, run), before);
    assert.equal((await reviewRow(use.store, run, 1)).status, 'pending');
  });
});
