/**
 * A cancel against an approval at the same moment, and against a saga that runs. What was accepted takes effect;
 * an accepted cancel then undoes all of it.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { SagaItem } from '../../api/contract-sagas.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { started, steps } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import {
  assertNames,
  done,
  never,
  ofType,
  shoot,
  undone,
  verifiedLedger,
  witness,
  type Shot,
} from './race-evidence.ts';
import type { RaceStack } from './race-stack.ts';
import { inFlight, type Watch } from './race-watch.ts';

interface Race {
  name: 'w3' | 'held-plain';
  traceId: string;
  approve: Shot;
  cancel: Shot;
  ended: SagaItem;
  /** `<step id> <status>` of the forward steps. */
  forward: string[];
}

/** Runs so many races and checks each against what was answered. Answers how often each ending came. */
export async function raceCancel(stack: RaceStack, watch: Watch, races: number) {
  const run = await inFlight(races, 25, (index) => approveAndCancel(stack, watch, index));
  const ledger = await verifiedLedger(stack.http);
  const witnessed = witness(stack.record());
  const came: Record<string, number> = {};
  for (const race of run) {
    const { traceId, approve, cancel, ended, name } = race;
    const entries = ledger.get(traceId) ?? [];
    const seen = [0, 1, 2].map((position) => witnessed(traceId, position));
    const ending = `approve ${approve.code} cancel ${cancel.code}`;
    const what = `${name} ${traceId}: ${ending}`;
    assert.equal(ofType(entries, /^decision\.approved$/).length, approve.code === 202 ? 1 : 0, what);
    assert.equal(ofType(entries, /^cancel$/).length, cancel.code === 202 ? 1 : 0, what);
    switch (ending) {
      case 'approve 202 cancel 202':
        assertOrder(entries, what);
        assertEffectUndone(race, seen, what);
        break;
      case 'approve 202 cancel 409':
        // The saga had completed before the cancel was judged.
        assert.match(cancel.detail, /COMPLETED/, what);
        assert.equal(ended.status, 'COMPLETED', what);
        assert.deepEqual(seen, name === 'w3' ? [never, never, done] : [done, done, never], what);
        break;
      case 'approve 409 cancel 202':
        assertNeverCalled(race, seen, entries, what);
        break;
      default:
        assert.fail(`${what}: ${approve.detail} ${cancel.detail}`);
    }
    if (cancel.code === 202) await assertCanceledInTemporal(stack, traceId);
    came[ending] = (came[ending] ?? 0) + 1;
  }
  return came;
}

async function approveAndCancel(stack: RaceStack, watch: Watch, index: number): Promise<Race> {
  const name = index % 2 === 0 ? 'w3' : 'held-plain';
  const input = { first: `cancel-first-${index}.md`, write: `cancel-${index}.md`, subject: 'a cancel' };
  const traceId = await started(stack, name, input);
  const { step_span_id: span } = await watch.review(traceId);
  const [one, other] = index % 4 < 2 ? stack.urls : [stack.urls[1], stack.urls[0]];
  const fire = async (act: 'approve' | 'cancel', who: string, url: string) => {
    await delay(Math.random() * 3);
    return shoot(url, act, { traceId, span: act === 'cancel' ? null : span, who });
  };
  const [approve, cancel] = await Promise.all([fire('approve', 'ana', one), fire('cancel', 'ben', other)]);
  const ended = await watch.ended(traceId);
  const forward = (await steps(stack, traceId)).filter((step) => step.compensates_span_id === null);
  return {
    ...{ name, traceId, approve, cancel, ended },
    forward: forward.map(({ step_id, status }) => `${step_id} ${status}`),
  };
}

type Seen = ReturnType<ReturnType<typeof witness>>;

/** An approval is only accepted before a cancel, never after it. */
function assertOrder(entries: readonly SealedEntry[], what: string): void {
  const order = ofType(entries, /^(decision\.approved|cancel)$/).map(({ type }) => type);
  assert.deepEqual(order, ['decision.approved', 'cancel'], what);
}

/** The approval took effect before the cancel did: the approved call was made, then undone. */
function assertEffectUndone({ name, ended, forward }: Race, seen: Seen[], what: string): void {
  assert.deepEqual([ended.status, ended.failure?.code], ['COMPENSATED', 'CANCELLED'], what);
  if (name === 'held-plain') {
    assert.deepEqual(forward, ['first COMPLETED', 'write COMPLETED'], what);
    assert.deepEqual(seen, [undone, undone, never], what);
    return;
  }
  assert.deepEqual(forward.slice(0, 2), ['think COMPLETED', 'review COMPLETED'], what);
  // The step after the review may have begun before the cancel came.
  const called = forward[2] === 'write COMPLETED';
  assert.ok(called || forward[2] === 'write SKIPPED', `${what}: ${forward.join()}`);
  assert.deepEqual(seen, [never, never, called ? undone : never], what);
}

/** The cancel came first: the approval was refused, and what it was about never happened. */
function assertNeverCalled(
  { name, approve, ended, forward }: Race,
  seen: Seen[],
  entries: readonly SealedEntry[],
  what: string,
): void {
  const [cancelled] = ofType(entries, /^cancel$/);
  assertNames(approve, { act: 'cancel', who: 'ben' }, cancelled);
  assert.deepEqual([ended.status, ended.failure?.code], ['COMPENSATED', 'CANCELLED'], what);
  const last =
    name === 'w3'
      ? ['think COMPLETED', 'review FAILED', 'write SKIPPED']
      : ['first COMPLETED', 'write FAILED'];
  assert.deepEqual(forward, last, what);
  assert.deepEqual(seen, name === 'w3' ? [never, never, never] : [undone, never, never], what);
}

/** The store tells the end a moment before the workflow closes. */
async function assertCanceledInTemporal({ temporal }: RaceStack, traceId: string): Promise<void> {
  const handle = temporal.workflow.getHandle(`saga-${traceId}`);
  const closed = await until(`the workflow of ${traceId} to close`, async () => {
    const { status } = await handle.describe();
    return status.name === 'RUNNING' ? null : status.name;
  });
  assert.equal(closed, 'CANCELLED', traceId);
}

/**
 * Cancels so many sagas of three writes each at any moment between their start and their end. Answers how many were
 * accepted and how many came too late.
 */
export async function raceCancelWithEnd(stack: RaceStack, watch: Watch, races: number) {
  const run = await inFlight(races, 10, async (index) => {
    const paths = { first: `end-1-${index}.md`, write: `end-2-${index}.md`, last: `end-3-${index}.md` };
    const traceId = await started(stack, 'plain', { ...paths, subject: 'an end' });
    await delay(Math.random() * 1_000);
    const cancel = await shoot(stack.urls[1], 'cancel', { traceId, span: null, who: 'ben' });
    return { traceId, cancel, ended: await watch.ended(traceId) };
  });
  const witnessed = witness(stack.record());
  const came = { accepted: 0, 'too late': 0 };
  for (const { traceId, cancel, ended } of run) {
    const seen = [0, 1, 2].map((position) => witnessed(traceId, position));
    if (cancel.code === 409) {
      assert.match(cancel.detail, /COMPLETED/);
      assert.equal(ended.status, 'COMPLETED', traceId);
      assert.deepEqual(seen, [done, done, done], traceId);
      came['too late'] += 1;
      continue;
    }
    assert.equal(cancel.code, 202, cancel.detail);
    const begun = seen.filter((each) => each.calls > 0).length;
    assert.deepEqual(
      seen,
      [0, 1, 2].map((position) => (position < begun ? undone : never)),
      traceId,
    );
    assert.deepEqual(
      [ended.status, ended.failure?.code],
      [begun > 0 ? 'COMPENSATED' : 'FAILED', 'CANCELLED'],
      traceId,
    );
    came.accepted += 1;
  }
  return came;
}
