/** An approval at the deadline: before it the approval happens, at it or after it the expiry does; never both. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { SagaItem } from '../../api/contract-sagas.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { started } from '../support/sagas.ts';
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

interface Attempt {
  traceId: string;
  expiresAt: string;
  shot: Shot;
  ended: SagaItem;
}

/** Runs so many races and checks each against what was answered. Answers how often each side won. */
export async function raceDeadline(stack: RaceStack, watch: Watch, races: number) {
  const run = await inFlight(races, 25, (index) => approveAtDeadline(stack, watch, index));
  const ledger = await verifiedLedger(stack.http);
  const witnessed = witness(stack.record());
  const won = { approve: 0, expiry: 0 };
  for (const attempt of run) {
    const { traceId, shot, ended } = attempt;
    const approved = shot.code === 202;
    const effects = { first: witnessed(traceId, 0), last: witnessed(traceId, 2) };
    assert.equal(ended.status, approved ? 'COMPLETED' : 'COMPENSATED', traceId);
    assert.equal(ended.failure?.code ?? null, approved ? null : 'REVIEW_EXPIRED', traceId);
    assert.deepEqual(
      effects,
      approved ? { first: done, last: done } : { first: undone, last: never },
      traceId,
    );
    checkLedger(attempt, ledger.get(traceId) ?? []);
    won[approved ? 'approve' : 'expiry'] += 1;
  }
  return won;
}

async function approveAtDeadline(stack: RaceStack, watch: Watch, index: number): Promise<Attempt> {
  const input = { first: `due-first-${index}.md`, write: `due-${index}.md`, subject: 'a deadline' };
  const traceId = await started(stack, 'expiring', input);
  const { step_span_id: span, expires_at, payload_hash, iteration } = await watch.review(traceId);
  assert.ok(expires_at !== null);
  await delay(Date.parse(expires_at) + offset(index) - Date.now());
  const url = stack.urls[index % 2 === 0 ? 0 : 1];
  const shot = await shoot(url, 'approve', { traceId, span, who: 'ana' }, { payload_hash, iteration });
  return { traceId, expiresAt: expires_at, shot, ended: await watch.ended(traceId) };
}

/**
 * From the deadline in milliseconds. Of five, three are sent just before it, one just after it, and one when the
 * hold's own timer fires, which is a second later: there the approval only records the expiry first, or second.
 */
function offset(index: number): number {
  const spread = Math.random() * 50;
  if (index % 5 === 4) return 980 + spread;
  return index % 5 === 3 ? spread : -spread;
}

function checkLedger({ shot, expiresAt, traceId }: Attempt, entries: readonly SealedEntry[]): void {
  const decisions = ofType(entries, /^decision\./);
  const expiries = ofType(entries, /^expiry$/);
  const [decision] = decisions;
  const [expiry] = expiries;
  if (shot.code === 202) {
    assert.deepEqual([decisions.length, expiries.length], [1, 0], traceId);
    assert.deepEqual([decision?.type, decision?.actor.subject], ['decision.approved', 'ana']);
    assert.ok(decision && decision.at < expiresAt, `accepted at ${decision?.at}, due at ${expiresAt}`);
    return;
  }
  assert.equal(shot.code, 409, shot.detail);
  assert.deepEqual([decisions.length, expiries.length], [0, 1], traceId);
  assert.deepEqual(expiry?.actor, { subject: 'system', kind: 'service' });
  assert.ok(expiry.at >= expiresAt, `expired at ${expiry.at}, due at ${expiresAt}`);
  assertNames(shot, { act: 'expiry', who: 'system' }, expiry);
  const [refusal, ...others] = ofType(entries, /^refusal$/);
  assert.deepEqual([refusal?.actor.subject, others.length], ['ana', 0]);
}
