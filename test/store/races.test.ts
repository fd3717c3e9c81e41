import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { it } from 'mocha';
import type { SettleAnswer } from '../../domain/answers.ts';
import { readClock } from '../../store/clock.ts';
import type { DecisionResult } from '../../store/decide.ts';
import type { Store } from '../../store/store.ts';
import { commit } from './definitions.ts';
import { ledgerOf, requestsOf, reviewRow } from './rows.ts';
import {
  BEN,
  cancel,
  decideOn,
  deployed,
  holdOn,
  settleOn,
  started,
  startedFrom,
  type Run,
} from './sagas.ts';
import { at, onBothStores } from './stores.ts';

const T0 = new Date('2030-01-01T00:00:00.000Z');

async function manyOnHold(store: Store, count: number, expiresMs: number | null = null): Promise<Run[]> {
  const runs: Run[] = [];
  const definition = await deployed(store, [commit('write', { hitl: true })]);
  for (let index = 0; index < count; index += 1) {
    const run = await startedFrom(store, definition);
    await holdOn(store, run, 0, { expiresMs });
    runs.push(run);
  }
  return runs;
}

const isQueued = ({ kind }: { kind: string }) => kind === 'queued';

onBothStores('of two at the same moment', (use) => {
  it('one of 100 pairs of opposite decisions is queued, the other conflicts and names it, the ledger has it once', async () => {
    const runs = await manyOnHold(use.store, 100);
    const pairs = await Promise.all(
      runs.map(async (run, index) => {
        const approve = () => decideOn(use.store, run, 0);
        const reject = () => decideOn(use.other, run, 0, { verb: 'reject', actor: BEN });
        const both = index % 2 === 0 ? [approve(), reject()] : [reject(), approve()];
        return { run, results: await Promise.all(both) };
      }),
    );
    for (const { run, results } of pairs) {
      const { status, actor } = await reviewRow(use.store, run, 0);
      assert.equal(results.filter(isQueued).length, 1);
      const conflict = results.find((result) => result.kind === 'conflict');
      assert.ok(conflict?.kind === 'conflict');
      assert.ok(conflict.message.includes(`already ${status} by ${actor?.subject}`), conflict.message);
      assert.deepEqual((await ledgerOf(use.store, run)).slice(-2), [`decision.${status}`, 'refusal']);
      assert.equal((await requestsOf(use.store, run)).length, 2, 'one request besides the start');
    }
  });

  it('a decision and the deadline: what was answered is what happens', async () => {
    const runs = await manyOnHold(at(use.store, T0), 50, 60_000);
    const due = at(use.other, new Date(T0.getTime() + 60_000));
    const before = at(use.store, new Date(T0.getTime() + 59_999));
    for (const run of runs) {
      const [decided, settled]: [DecisionResult, SettleAnswer] = await Promise.all([
        decideOn(before, run, 0),
        settleOn(due, run, 0, { kind: 'deadline' }),
      ]);
      const { status } = await reviewRow(use.store, run, 0);
      if (decided.kind === 'queued') {
        assert.deepEqual([status, settled.kind], ['approved', 'approved']);
      } else {
        assert.ok(decided.kind === 'conflict' && /expired by system/.test(decided.message));
        assert.deepEqual([status, settled], ['expired', { kind: 'rejected', code: 'REVIEW_EXPIRED' }]);
      }
    }
  });

  it('a decision that waited for its turn past the deadline is judged by the time of its turn', async () => {
    const [run] = await manyOnHold(use.store, 1, 200);
    assert.ok(run);
    const { expires_at } = await reviewRow(use.store, run, 0);
    const waiting = await use.other.db.transaction().execute(async (tx) => {
      await tx.selectFrom('sagas').select('status').where('trace_id', '=', run.trace).forUpdate().execute();
      const decided = decideOn(use.store, run, 0);
      while ((await readClock(use.other, tx)).getTime() < Number(expires_at)) await delay(5);
      // In an object, because a promise would be awaited here, before the lock is given back.
      return { decided };
    });
    assert.match(JSON.stringify(await waiting.decided), /iteration 1 was already expired by system/);
  });

  it('a decision and a cancel: a decision before the cancel stands, one after it names the cancel', async () => {
    const runs = await manyOnHold(use.store, 50);
    for (const [index, run] of runs.entries()) {
      const approve = () => decideOn(use.store, run, 0);
      const stop = () => cancel(use.other, run);
      const [first, second] = index % 2 === 0 ? [approve(), stop()] : [stop(), approve()];
      const results = await Promise.all([first, second]);
      const [decided, cancelled] = index % 2 === 0 ? results : results.toReversed();
      assert.equal(cancelled?.kind, 'queued');
      const settled = await settleOn(use.store, run, 0, { kind: 'cancel' });
      if (decided?.kind === 'queued') {
        assert.deepEqual(settled, { kind: 'approved', ended: false });
      } else {
        assert.match(JSON.stringify(decided), /already cancelled by ana/);
        assert.deepEqual(settled, { kind: 'cancelled' });
      }
    }
  });

  it('settle by ten causes at once: one answer for all of them, and one effect', async () => {
    const run = await started(use.store, [commit('write', { hitl: true })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0, { verb: 'reject' });
    const [, request] = await requestsOf(use.store, run);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const store = index % 2 === 0 ? use.store : use.other;
        const cause =
          index < 5
            ? { kind: 'request' as const, request: request?.id ?? '' }
            : { kind: 'deadline' as const };
        return settleOn(store, run, 0, cause);
      }),
    );
    for (const answer of answers) assert.deepEqual(answer, { kind: 'rejected', code: 'HUMAN_REJECTED' });
    const tail = (await ledgerOf(use.store, run)).slice(-2);
    assert.deepEqual(tail, ['decision.rejected', 'step.failed']);
  });
});
