/** What is known of a saga afterwards, from three witnesses: the answers, the tool server's record, the ledger. */
import assert from 'node:assert/strict';
import type { ApiClient } from '../../api/client.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { readExportLine } from '../../ledger/export-line.ts';
import { createVerifier } from '../../ledger/verify.ts';
import { spanOf, undoSpanOf } from '../../store/spans.ts';
import type { RecordLine } from '../support/stack.ts';

/** One act of a person over HTTP, and its answer. */
export interface Shot {
  act: 'approve' | 'reject' | 'retry' | 'cancel';
  who: string;
  code: number;
  /** `queued` or `already_queued` of a 202. */
  status: string | undefined;
  key: string | undefined;
  token: string | null | undefined;
  /** What an error says. */
  detail: string;
}

interface Answer {
  status?: string;
  idempotency_key?: string;
  retry_token?: string | null;
  detail?: string;
}

/** Asks for an act and answers what was answered, also a refusal. `span` null: about the whole saga. */
export async function shoot(
  url: string,
  act: Shot['act'],
  about: { traceId: string; span: string | null; who: string },
  body: object = {},
): Promise<Shot> {
  const { traceId, span, who } = about;
  const path = span === null ? `${traceId}/${act}` : `${traceId}/steps/${span}/${act}`;
  const response = await fetch(`${url}/v1/sagas/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ decided_by: who, ...body }),
  });
  const answer: Answer = JSON.parse(await response.text());
  const { status, idempotency_key: key, retry_token: token, detail = '' } = answer;
  return { act, who, code: response.status, status: String(status), key, token, detail };
}

/** The entries of the whole ledger by trace id, once its export is verified. */
export async function verifiedLedger(http: ApiClient): Promise<Map<string, SealedEntry[]>> {
  return groupBy(await verified(http, undefined), (entry) => entry.trace_id ?? '');
}

/** The entries of one saga, once its export is verified. */
export function verifiedChain(http: ApiClient, traceId: string): Promise<SealedEntry[]> {
  return verified(http, traceId);
}

async function verified(http: ApiClient, traceId: string | undefined): Promise<SealedEntry[]> {
  const text = await (await http.exportLedger({ trace_id: traceId })).text();
  const verifier = createVerifier({ filtered: traceId !== undefined });
  const entries: SealedEntry[] = [];
  for (const line of text.split('\n')) {
    verifier.feed(line);
    const read = readExportLine(line);
    if (read.kind === 'entry') entries.push(read.entry);
  }
  assert.equal(verifier.finish().problem, null);
  return entries;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The entries of a saga of one type. */
export function ofType(entries: readonly SealedEntry[] | undefined, type: RegExp): SealedEntry[] {
  return (entries ?? []).filter((entry) => type.test(entry.type));
}

/** What the tool server says of the step at a position of a saga. */
export function witness(lines: readonly RecordLine[]) {
  const byKey = groupBy(lines, ({ event, key, undone }) =>
    event === 'undo' ? `undo ${undone ?? ''}` : (key ?? ''),
  );
  const count = (key: string, event: string) =>
    (byKey.get(key) ?? []).filter((line) => line.event === event).length;
  return (traceId: string, position: number) => {
    const key = `${traceId}:${spanOf(traceId, position)}`;
    const undoKey = `${traceId}:${undoSpanOf(traceId, position)}`;
    return {
      calls: count(key, 'call'),
      effects: count(key, 'effect'),
      /** How often its undo was called, and took effect. */
      undoCalls: count(undoKey, 'call'),
      undone: count(`undo ${key}`, 'undo'),
      undoEffects: count(undoKey, 'effect'),
    };
  };
}

export const never = { calls: 0, effects: 0, undoCalls: 0, undone: 0, undoEffects: 0 };
export const done = { calls: 1, effects: 1, undoCalls: 0, undone: 0, undoEffects: 0 };
export const undone = { calls: 1, effects: 1, undoCalls: 1, undone: 1, undoEffects: 1 };

/** Of two shots, the one that was accepted and the one that was refused. */
export function judgePair(shots: readonly [Shot, Shot]): { winner: Shot; loser: Shot } {
  const [one, other] = shots;
  assert.deepEqual([one.code, other.code].toSorted(), [202, 409], JSON.stringify(shots));
  const [winner, loser] = one.code === 202 ? [one, other] : [other, one];
  assert.equal(winner.status, 'queued');
  return { winner, loser };
}

const DONE = {
  approve: 'approved',
  reject: 'rejected',
  retry: 'retried',
  cancel: 'cancelled',
  expiry: 'expired',
} as const;

/** A refusal says what won, who did it and when: exactly what the ledger says of it. */
export function assertNames(
  loser: Shot,
  winner: { act: keyof typeof DONE; who: string },
  entry: SealedEntry | undefined,
) {
  assert.equal(entry?.actor.subject, winner.who);
  const words = `iteration 1 was already ${DONE[winner.act]} by ${winner.who} at ${entry.at}`;
  assert.ok(loser.detail.endsWith(words), `expected "… ${words}", got "${loser.detail}"`);
}
