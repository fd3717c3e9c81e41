/** Decisions that come more than once, or too late: the same again is the same, a stale one touches nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { started } from '../support/sagas.ts';
import {
  assertNames,
  done,
  never,
  ofType,
  shoot,
  undone,
  verifiedChain,
  witness,
  type Shot,
} from './race-evidence.ts';
import type { RaceStack } from './race-stack.ts';
import { inFlight, type Watch } from './race-watch.ts';

const SAME_AGAIN = [...Array.from({ length: 4 }, () => '202 already_queued'), '202 queued'];

export function repeats(at: () => { stack: RaceStack; watch: Watch }): void {
  /** A saga that waits for its first review. */
  const held = async (name: 'held-plain' | 'race-reason', path: string) => {
    const { stack, watch } = at();
    const traceId = await started(stack, name, {
      first: `${path}-1.md`,
      write: `${path}-2.md`,
      subject: path,
    });
    const review = await watch.review(traceId);
    return { traceId, span: review.step_span_id, review };
  };
  const send = (act: Shot['act'], about: { traceId: string; span: string }, body: object = {}, who = 'ana') =>
    shoot(at().stack.urls[1], act, { ...about, who }, body);
  /** The same act five times at once, by five people, over both addresses. */
  const fiveTimes = (act: Shot['act'], about: { traceId: string; span: string }, body: object = {}) =>
    inFlight(5, 5, (index) =>
      shoot(at().stack.urls[index % 2 === 0 ? 0 : 1], act, { ...about, who: `ana ${index}` }, body),
    );
  const decisionsOf = async (traceId: string) =>
    ofType(await verifiedChain(at().stack.http, traceId), /^decision\./);
  const seenOf = (traceId: string, position: number) => witness(at().stack.record())(traceId, position);

  describe('the same decision five times at once', () => {
    for (const name of ['held-plain', 'race-reason'] as const) {
      it(`is one approval of ${name}, with one effect and one entry`, async () => {
        const saga = await held(name, `five-approvals-${name}`);
        const shots = await fiveTimes('approve', saga);
        assertOne(shots, `human-decision-${saga.traceId}-${saga.span}`);
        assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPLETED');
        assert.deepEqual(seenOf(saga.traceId, name === 'held-plain' ? 1 : 2), done);
        assertWinner(shots, await decisionsOf(saga.traceId), 'decision.approved');
        const later = await send('approve', saga);
        assert.deepEqual([later.code, later.status], [202, 'already_queued'], 'also when the saga has ended');
        assert.equal((await decisionsOf(saga.traceId)).length, 1);
      });
    }

    it('is one rejection, with one undo and one entry', async () => {
      const saga = await held('held-plain', 'five-rejections');
      const shots = await fiveTimes('reject', saga);
      assertOne(shots, `human-decision-${saga.traceId}-${saga.span}`);
      assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPENSATED');
      assert.deepEqual([seenOf(saga.traceId, 0), seenOf(saga.traceId, 1)], [undone, never]);
      assertWinner(shots, await decisionsOf(saga.traceId), 'decision.rejected');
    });

    it('is one retry with a token, which answers the same for ever and never retries the next iteration', async () => {
      const saga = await held('race-reason', 'five-retries');
      const body = { retry_token: 'a token of five', guidance: 'shorter' };
      const shots = await fiveTimes('retry', saga, body);
      assertOne(shots, `human-decision-${saga.traceId}-${saga.span}`);
      assert.deepEqual([...new Set(shots.map(({ token }) => token))], ['a token of five']);
      const next = await at().watch.review(saga.traceId, 2);
      assert.equal(next.retries_left, 2);
      const again = await fiveTimes('retry', saga, body);
      assert.deepEqual([...new Set(again.map(({ status }) => status))], ['already_queued']);
      assert.deepEqual([...new Set(again.map(({ key }) => key))], [shots[0]?.key]);
      assertWinner(shots, await decisionsOf(saga.traceId), 'decision.retried');
      assert.equal((await send('approve', saga, { iteration: 2 })).status, 'queued');
      assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPLETED');
    });

    it('is one retry without a token, which gets one', async () => {
      const saga = await held('held-plain', 'five-bare-retries');
      const shots = await fiveTimes('retry', saga, { iteration: 1 });
      assertOne(shots, `human-decision-${saga.traceId}-${saga.span}`);
      const [token, ...others] = new Set(shots.map((shot) => shot.token));
      assert.deepEqual([typeof token, others.length], ['string', 0]);
      await at().watch.review(saga.traceId, 2);
      const again = await send('retry', saga, { retry_token: token });
      assert.deepEqual([again.status, again.key], ['already_queued', shots[0]?.key]);
      assert.equal((await send('reject', saga)).key, `human-decision-${saga.traceId}-${saga.span}-2`);
      assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPENSATED');
    });
  });

  describe('nine people at once, three for each verdict', () => {
    it('one decides; whoever said the same is told so, all others who won, and it happens once', async () => {
      const { stack, watch } = at();
      await inFlight(10, 5, async (index) => {
        const name = index % 2 === 0 ? 'held-plain' : 'race-reason';
        const saga = await held(name, `crowd-${index}`);
        const shots = await inFlight(9, 9, async (person) => {
          const act = (['approve', 'reject', 'retry'] as const)[(person + index) % 3] ?? 'approve';
          // Each retry has a token of its own, so that none is another's again.
          const body = act === 'retry' ? { retry_token: `token-of-${person}` } : {};
          const url = stack.urls[person % 2 === 0 ? 0 : 1];
          return shoot(url, act, { ...saga, who: `person ${person}` }, { iteration: 1, ...body });
        });
        const [winner, ...others] = shots.filter(({ status }) => status === 'queued');
        assert.ok(winner && winner.act !== 'cancel' && others.length === 0, JSON.stringify(shots));
        const [decision, ...more] = await decisionsOf(saga.traceId);
        assert.equal(more.length, 0);
        for (const shot of shots.filter((each) => each !== winner)) {
          const same = shot.act === winner.act && shot.act !== 'retry';
          if (same) assert.deepEqual([shot.code, shot.status], [202, 'already_queued']);
          else assertNames(shot, { act: winner.act, who: winner.who }, decision);
        }
        if (winner.act === 'retry') {
          await watch.review(saga.traceId, 2);
          assert.equal((await send('reject', saga, { iteration: 2 })).status, 'queued');
        }
        const approved = winner.act === 'approve';
        assert.equal((await watch.ended(saga.traceId)).status, approved ? 'COMPLETED' : 'COMPENSATED');
        const last = seenOf(saga.traceId, name === 'held-plain' ? 1 : 2);
        assert.deepEqual([seenOf(saga.traceId, 0), last], approved ? [done, done] : [undone, never]);
      });
    });
  });

  describe('a decision that is out of date', () => {
    it('names a hash or an iteration that is no longer on hold, is 409, and does not touch the new review', async () => {
      const saga = await held('race-reason', 'stale');
      assert.equal((await send('retry', saga, { guidance: 'another word' })).status, 'queued');
      const next = await at().watch.review(saga.traceId, 2);
      assert.notEqual(next.payload_hash, saga.review.payload_hash);
      const stale = await inFlight(6, 6, (index) => {
        const about = index % 2 === 0 ? { payload_hash: saga.review.payload_hash } : { iteration: 1 };
        return send(index % 4 < 2 ? 'approve' : 'reject', saga, about, 'ben');
      });
      assert.deepEqual([...new Set(stale.map(({ code }) => code))], [409]);
      const decisions = await decisionsOf(saga.traceId);
      for (const shot of stale.filter((_, index) => index % 2 === 1))
        assertNames(shot, { act: 'retry', who: 'ana' }, decisions[0]);
      for (const shot of stale.filter((_, index) => index % 2 === 0))
        assert.match(shot.detail, /read the review/);
      assert.equal((await send('approve', saga, { iteration: 3 })).code, 409);
      const [open] = (await at().stack.http.pendingReviews({ trace_id: saga.traceId })).items;
      assert.deepEqual(open, next);
      assert.equal(decisions.length, 1);
      const { payload_hash, iteration } = next;
      assert.equal((await send('approve', saga, { payload_hash, iteration })).status, 'queued');
      assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPLETED');
    });

    it('came while the retried step ran is 409 and does not decide what the step makes', async () => {
      await inFlight(10, 5, async (index) => {
        const saga = await held('race-reason', `running-${index}`);
        assert.equal((await send('retry', saga)).status, 'queued');
        const about = { iteration: 1, payload_hash: saga.review.payload_hash };
        const late = await send('approve', saga, about, 'ben');
        assert.equal(late.code, 409);
        assert.match(late.detail, /retried by ana/);
        await at().watch.review(saga.traceId, 2);
        assert.equal((await send('reject', saga, { iteration: 2 })).status, 'queued');
        assert.equal((await at().watch.ended(saga.traceId)).status, 'COMPENSATED');
      });
    });
  });
}

/** One was queued, the others were the same again; all of them have the same key. */
function assertOne(shots: readonly Shot[], key: string): void {
  assert.deepEqual(shots.map(({ code, status }) => `${code} ${status}`).toSorted(), SAME_AGAIN);
  assert.deepEqual([...new Set(shots.map((shot) => shot.key))], [key]);
}

function assertWinner(
  shots: readonly Shot[],
  decisions: Awaited<ReturnType<typeof ofType>>,
  type: string,
): void {
  const winner = shots.find(({ status }) => status === 'queued');
  assert.deepEqual(
    decisions.map((entry) => [entry.type, entry.actor.subject]),
    [[type, winner?.who]],
  );
}
