/** Two reviews, one after the other: whatever is said of the first, and however late, never decides the second. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { spanOf } from '../../store/spans.ts';
import { review as openReview, started } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { assertNames, done, ofType, shoot, verifiedChain, witness, type Shot } from './race-evidence.ts';
import type { RaceStack } from './race-stack.ts';
import { inFlight, type Watch } from './race-watch.ts';

export function twoReviews(at: () => { stack: RaceStack; watch: Watch }): void {
  const begin = async (path: string) => {
    const { stack, watch } = at();
    const traceId = await started(stack, 'two-reviews', { write: `${path}.md`, subject: path });
    const first = await watch.review(traceId);
    assert.equal(first.step_span_id, spanOf(traceId, 0));
    return { traceId, first: first.step_span_id, hash: first.payload_hash };
  };
  const send = (act: Shot['act'], traceId: string, span: string, who: string, body: object = {}) =>
    shoot(at().stack.urls[1], act, { traceId, span, who }, body);
  const ledgerOf = async (traceId: string) => await verifiedChain(at().stack.http, traceId);

  describe('a decision for the first of two reviews', () => {
    it('that comes when the second is open is told who decided the first, and decides nothing', async () => {
      const { stack, watch } = at();
      const { traceId, first, hash } = await begin('late');
      assert.equal((await send('approve', traceId, first, 'ana')).status, 'queued');
      const second = await watch.reviewAfter(traceId, first);
      assert.equal(
        second.payload_hash,
        hash,
        'both hold the same payload, so its hash does not tell them apart',
      );
      const body = { payload_hash: hash, iteration: 1 };
      const late = await Promise.all([
        send('reject', traceId, first, 'ben', body),
        send('retry', traceId, first, 'ben'),
        send('approve', traceId, first, 'ben', body),
      ]);
      const [decision] = ofType(await ledgerOf(traceId), /^decision\./);
      assert.deepEqual(
        late.map(({ code }) => code),
        [409, 409, 202],
      );
      assertNames(late[0], { act: 'approve', who: 'ana' }, decision);
      assertNames(late[1], { act: 'approve', who: 'ana' }, decision);
      assert.equal(late[2].status, 'already_queued');
      assert.deepEqual(await openReview(stack, traceId), second);
      assert.equal((await send('approve', traceId, second.step_span_id, 'cleo')).status, 'queued');
      assert.equal((await watch.ended(traceId)).status, 'COMPLETED');
      assert.deepEqual(witness(stack.record())(traceId, 2), done);
    });

    it('that races with the opening of the second decides nothing', async () => {
      const { stack, watch } = at();
      await inFlight(10, 5, async (index) => {
        const { traceId, first } = await begin(`racing-${index}`);
        assert.equal((await send('approve', traceId, first, 'ana')).status, 'queued');
        for (let late = 0; late < 8; late += 1) {
          const again = late % 2 === 0;
          const shot = await send(again ? 'approve' : 'reject', traceId, first, 'ben');
          assert.equal(shot.code, again ? 202 : 409, shot.detail);
          await delay(Math.random() * 20);
        }
        const second = await watch.reviewAfter(traceId, first);
        assert.equal((await send('reject', traceId, second.step_span_id, 'cleo')).status, 'queued');
        const { status, failure } = await watch.ended(traceId);
        assert.deepEqual([status, failure?.code], ['COMPENSATED', 'HUMAN_REJECTED']);
        assert.equal(witness(stack.record())(traceId, 2).calls, 0);
      });
    });

    it('whose signal Temporal brings again, or that is typed late, decides nothing', async () => {
      const { stack, watch } = at();
      const { traceId, first } = await begin('signals');
      assert.equal((await send('approve', traceId, first, 'ana')).status, 'queued');
      const second = await watch.reviewAfter(traceId, first);
      const handle = stack.temporal.workflow.getHandle(`saga-${traceId}`);
      await handle.signal('approve', { request: await requestOf(stack, traceId) });
      await handle.signal('approve', { review: 'one#1' });
      await handle.signal('reject', { review: 'one#1' });
      await until('the late signals to be recorded', async () => {
        const refusals = ofType(await ledgerOf(traceId), /^refusal$/);
        return refusals.length >= 2;
      });
      assert.deepEqual(await openReview(stack, traceId), second);
      assert.equal((await send('approve', traceId, second.step_span_id, 'cleo')).status, 'queued');
      assert.equal((await watch.ended(traceId)).status, 'COMPLETED');
      const decisions = ofType(await ledgerOf(traceId), /^decision\./);
      assert.deepEqual(
        decisions.map(({ actor }) => actor.subject),
        ['ana', 'cleo'],
      );
    });
  });
}

/** The id of the request that the saga was signalled with, from its history. */
async function requestOf({ temporal }: RaceStack, traceId: string): Promise<string> {
  const { events } = await temporal.workflow.getHandle(`saga-${traceId}`).fetchHistory();
  for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
    const [payload] = signal?.input?.payloads ?? [];
    if (!payload?.data) continue;
    const message: { request?: string } = JSON.parse(Buffer.from(payload.data).toString('utf8'));
    if (message.request !== undefined) return message.request;
  }
  throw new Error(`expected a signal with a request in the history of ${traceId}, found none`);
}
