/** Opposite decisions about one review at the same moment: one is accepted, and it is what happens. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SagaItem } from '../../api/contract-sagas.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { started } from '../support/sagas.ts';
import {
  assertNames,
  done,
  judgePair,
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

const PAIRS = [
  ['approve', 'reject'],
  ['approve', 'retry'],
  ['reject', 'retry'],
] as const;
/** Where the last step, which writes, stands in the sagas that are raced for. */
const LAST = { 'held-plain': 1, 'race-reason': 2 } as const;

interface Pair {
  name: keyof typeof LAST;
  traceId: string;
  span: string;
  path: string;
  winner: Shot;
  loser: Shot;
  /** The verdict that counted in the end: the winner's, after a retry that of the next iteration. */
  verdict: 'approve' | 'reject';
  ended: SagaItem;
}

/** Runs so many pairs and checks each against what was answered. Answers how often each verb won. */
export async function raceDecisions(stack: RaceStack, watch: Watch, pairs: number) {
  const run = await inFlight(pairs, 25, (index) => runPair(stack, watch, index));
  const ledger = await verifiedLedger(stack.http);
  const witnessed = witness(stack.record());
  const won: Record<string, number> = {};
  for (const pair of run) {
    const { traceId, winner, loser } = pair;
    const what = `${traceId}: ${winner.act} won over ${loser.act}`;
    const first = witnessed(traceId, 0);
    const last = witnessed(traceId, LAST[pair.name]);
    const approved = pair.verdict === 'approve';
    assert.equal(pair.ended.status, approved ? 'COMPLETED' : 'COMPENSATED', what);
    assert.equal(pair.ended.failure?.code ?? null, approved ? null : 'HUMAN_REJECTED', what);
    assert.deepEqual(
      { first, last },
      approved ? { first: done, last: done } : { first: undone, last: never },
      what,
    );
    assert.equal(existsSync(join(stack.notes.folder, pair.path)), approved, what);
    checkLedger(pair, ledger.get(traceId) ?? []);
    won[winner.act] = (won[winner.act] ?? 0) + 1;
  }
  return won;
}

async function runPair(stack: RaceStack, watch: Watch, index: number): Promise<Pair> {
  const verbs = PAIRS[index % 3] ?? PAIRS[0];
  const name = index % 2 === 0 ? 'held-plain' : 'race-reason';
  const path = `pair-${name}-${index}.md`;
  const input = { first: `pair-first-${index}.md`, write: path, subject: 'a race' };
  const traceId = await started(stack, name, input);
  const { step_span_id: span, payload_hash, iteration } = await watch.review(traceId);
  const fire = async (verb: Shot['act'], who: string, url: string) => {
    // The one that is sent first must not always be the one that comes first.
    await delay(Math.random() * 3);
    return shoot(url, verb, { traceId, span, who }, { payload_hash, iteration });
  };
  const [one, other] = index % 12 < 6 ? stack.urls : stack.urls.toReversed();
  const shots = await Promise.all([
    fire(verbs[0], 'ana', one ?? stack.urls[0]),
    fire(verbs[1], 'ben', other ?? stack.urls[1]),
  ]);
  const { winner, loser } = judgePair(shots);
  assert.equal(winner.key, `human-decision-${traceId}-${span}`);
  const verdict = await verdictOf(stack, watch, { traceId, winner, index });
  return { name, traceId, span, path, winner, loser, verdict, ended: await watch.ended(traceId) };
}

/** A retry is not the end: its next iteration is decided too, one way or the other. */
async function verdictOf(
  stack: RaceStack,
  watch: Watch,
  { traceId, winner, index }: { traceId: string; winner: Shot; index: number },
): Promise<'approve' | 'reject'> {
  if (winner.act === 'approve' || winner.act === 'reject') return winner.act;
  const { step_span_id: span, iteration } = await watch.review(traceId, 2);
  const verdict = index % 4 < 2 ? 'approve' : 'reject';
  const shot = await shoot(stack.urls[1], verdict, { traceId, span, who: 'cleo' }, { iteration });
  assert.deepEqual([shot.code, shot.status], [202, 'queued']);
  assert.equal(shot.key, `human-decision-${traceId}-${span}-2`);
  return verdict;
}

const ENTRY = {
  approve: 'decision.approved',
  reject: 'decision.rejected',
  retry: 'decision.retried',
} as const;

/** The decision once for each review, the loser's refusal, and one end. */
function checkLedger({ winner, loser, verdict, span, ended }: Pair, entries: readonly SealedEntry[]): void {
  const { act } = winner;
  if (act === 'cancel') throw new Error('expected a decision, got a cancel');
  const decisions = ofType(entries, /^decision\./);
  assert.deepEqual(
    decisions.map(({ type, actor, span_id }) => ({ type, who: actor.subject, span_id })),
    [
      { type: ENTRY[act], who: winner.who, span_id: span },
      ...(act === 'retry' ? [{ type: ENTRY[verdict], who: 'cleo', span_id: span }] : []),
    ],
  );
  assertNames(loser, { act, who: winner.who }, decisions[0]);
  const refusals = ofType(entries, /^refusal$/);
  assert.deepEqual(
    refusals.map(({ actor, data }) => ({ who: actor.subject, data })),
    [{ who: loser.who, data: { act: loser.act, iteration: 1, message: loser.detail } }],
  );
  assert.equal(ofType(entries, /^hold$/).length, act === 'retry' ? 2 : 1);
  assert.deepEqual(
    ofType(entries, /^end$/).map(({ data }) => data),
    [{ status: ended.status, code: ended.failure?.code ?? null }],
  );
}
