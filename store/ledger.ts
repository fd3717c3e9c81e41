/** Ledger entries as rows, written in the transaction of what they describe. The sealer numbers them later. */
import type { Transaction } from 'kysely';
import type { Json } from '../domain/json.ts';
import { chainEntry, type ChainHead, type Entry, type Fact } from '../ledger/entry.ts';
import { readClock } from './clock.ts';
import { asJson } from './json.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export interface PlacedEntry {
  chain: string;
  entry: Entry;
  hash: string;
  data: Json;
}

/** A chain that facts are put at the end of; `entries` are written by the transaction. */
export function openChain(
  start: ChainHead,
  scope: { namespace: string; trace_id: string | null },
  now: Date,
): { entries: PlacedEntry[]; record(fact: Fact): void; head(): ChainHead } {
  const entries: PlacedEntry[] = [];
  let head = start;
  const chain = scope.trace_id ?? `namespace:${scope.namespace}`;
  return {
    entries,
    head: () => head,
    record: (fact) => {
      const place = { namespace: scope.namespace, project: null, trace_id: scope.trace_id };
      const placed = chainEntry(head, place, now, fact);
      head = placed.head;
      entries.push({ chain, entry: placed.entry, hash: placed.hash, data: fact.data ?? null });
    },
  };
}

/**
 * Writes entries, their payloads and the sealer's queue, in one statement. Payloads are shared by hash within a
 * chain.
 */
export async function insertEntries(tx: Transaction<Tables>, placed: readonly PlacedEntry[]): Promise<void> {
  if (placed.length === 0) return;
  const payloads = new Map<string, PlacedEntry>();
  for (const one of placed) if (one.entry.data_hash !== null) payloads.set(one.entry.data_hash, one);
  const queue = placed.map((one) => ({ chain: one.chain, n: one.entry.n }));
  const withEntries = tx.with('entries', (db) =>
    db.insertInto('ledger_entries').values(placed.map(entryRow)),
  );
  if (payloads.size === 0) {
    await withEntries.insertInto('ledger_unsealed').values(queue).execute();
    return;
  }
  await withEntries
    .with('payloads', (db) =>
      db
        .insertInto('ledger_payloads')
        .values([...payloads].map(([hash, one]) => payloadRow(hash, one)))
        .onConflict((conflict) => conflict.columns(['chain', 'hash']).doNothing()),
    )
    .insertInto('ledger_unsealed')
    .values(queue)
    .execute();
}

function payloadRow(hash: string, { chain, entry, data }: PlacedEntry) {
  return { chain, hash, namespace: entry.namespace, data: asJson(data) };
}

function entryRow({ chain, entry, hash }: PlacedEntry) {
  const { at, actor, ...members } = entry;
  return { ...members, at: new Date(at), actor: asJson(actor), hash, chain };
}

/**
 * Puts facts at the end of a namespace's own chain (deploys and what else belongs to no saga), locking its row,
 * which comes after any saga lock.
 */
export async function recordInNamespace(
  store: Store,
  tx: Transaction<Tables>,
  namespace: string,
  facts: readonly Fact[],
): Promise<void> {
  await tx
    .insertInto('chains')
    .values({ namespace, n: 0, hash: null })
    .onConflict((conflict) => conflict.column('namespace').doNothing())
    .execute();
  const head: ChainHead = await tx
    .selectFrom('chains')
    .select(['n', 'hash'])
    .where('namespace', '=', namespace)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const chain = openChain(head, { namespace, trace_id: null }, await readClock(store, tx));
  for (const fact of facts) chain.record(fact);
  await insertEntries(tx, chain.entries);
  const { n, hash } = chain.head();
  await tx.updateTable('chains').set({ n, hash }).where('namespace', '=', namespace).execute();
}
