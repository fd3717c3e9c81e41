/**
 * Both real stores for the tests of this room: each behaviour is told once and run on an embedded PGlite and on a
 * PostgreSQL. After every test all chains that it touched are verified by the ledger's own verifier.
 */
import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { after, afterEach, before, describe } from 'mocha';
import type { SealedEntry } from '../../ledger/entry.ts';
import { createVerifier } from '../../ledger/verify.ts';
import { openStore, type Store } from '../../store/store.ts';
import { createDatabase } from '../support/postgres.ts';

export interface StoreUnderTest {
  readonly kind: 'PGlite' | 'PostgreSQL';
  readonly store: Store;
  /** As another process would have it: connections of its own on PostgreSQL, the same store on PGlite. */
  readonly other: Store;
}

type Opened = Pick<StoreUnderTest, 'store' | 'other'>;

const opened = new Map<StoreUnderTest['kind'], Promise<Opened>>();

/** Runs the tests that `tests` declares on both stores. The stores are opened once and shared by all files. */
export function onBothStores(name: string, tests: (use: StoreUnderTest) => void): void {
  for (const kind of ['PGlite', 'PostgreSQL'] as const) {
    describe(`${name} (${kind})`, () => {
      let running: Opened | null = null;
      let verified = 0;
      const use = (): Opened => {
        assert.ok(running, 'the store is open only inside tests');
        return running;
      };
      before(async () => {
        const opening = opened.get(kind) ?? open(kind);
        opened.set(kind, opening);
        running = await opening;
        verified = await newestEntry(running.store);
      });
      afterEach(async () => {
        verified = await verifyChains(use().store, verified);
      });
      tests({
        kind,
        get store() {
          return use().store;
        },
        get other() {
          return use().other;
        },
      });
    });
  }
}

async function open(kind: StoreUnderTest['kind']): Promise<Opened> {
  if (kind === 'PGlite') {
    const store = await openStore({ directory: null });
    return { store, other: store };
  }
  const url = await createDatabase('store');
  return { store: await openStore({ url }), other: await openStore({ url }) };
}

// At the root, so that the stores stay open from one file to the next.
after(async () => {
  for (const opening of opened.values()) {
    const { store, other } = await opening;
    await other.close();
    if (store !== other) await store.close();
  }
});

/** The same store at another time by its clock. */
export function at(store: Store, time: Date): Store {
  return { ...store, clock: sql<Date>`${time.toISOString()}::timestamptz` };
}

async function newestEntry(store: Store): Promise<number> {
  const { newest } = await store.db
    .selectFrom('ledger_unsealed')
    .select((eb) => eb.fn.max('position').as('newest'))
    .executeTakeFirstOrThrow();
  return Number(newest ?? 0);
}

/** Verifies every chain that has entries after `position`, whole; answers the newest position. */
export async function verifyChains(store: Store, position: number): Promise<number> {
  const newest = await newestEntry(store);
  const entries = await entriesSince(store, position);
  const verifier = createVerifier();
  const decided = new Set<string>();
  for (const entry of entries) {
    verifier.feed(JSON.stringify(entry));
    assert.equal(entry.data === null, entry.data_hash === null, `payload of ${entry.type} ${entry.n}`);
    if (!entry.type.startsWith('decision.') && entry.type !== 'expiry') continue;
    const review = `${entry.trace_id}.${entry.span_id}.${JSON.stringify(entry.data)}`;
    const iteration = /"iteration":(\d+)/.exec(review)?.[1];
    const key = `${entry.trace_id}.${entry.span_id}.${iteration}`;
    assert.ok(!decided.has(key), `review ${key} is decided once in the ledger`);
    decided.add(key);
  }
  const { problem, heads } = verifier.finish();
  assert.equal(problem, null, JSON.stringify(problem));
  const kept = await headsOf(store);
  for (const { chain, n, hash } of heads) assert.deepEqual(kept.get(chain), { n, hash }, `head of ${chain}`);
  return newest;
}

async function entriesSince(store: Store, position: number): Promise<SealedEntry[]> {
  const touched = store.db.selectFrom('ledger_unsealed').select('chain').where('position', '>', position);
  const rows = await store.db
    .selectFrom('ledger_entries as e')
    .leftJoin('ledger_payloads as p', (join) =>
      join.onRef('p.chain', '=', 'e.chain').onRef('p.hash', '=', 'e.data_hash'),
    )
    .select(['e.n', 'e.at', 'e.namespace', 'e.project', 'e.trace_id', 'e.span_id', 'e.type', 'e.actor'])
    .select(['e.data_hash', 'e.prev_hash', 'e.hash', 'p.data'])
    .where('e.chain', 'in', touched)
    .orderBy('e.chain')
    .orderBy('e.n')
    .execute();
  return rows.map((row, index) => ({ ...row, seq: index + 1, at: row.at.toISOString() }));
}

async function headsOf(store: Store): Promise<Map<string, { n: number; hash: string | null }>> {
  const sagas = await store.db.selectFrom('sagas').select(['trace_id', 'chain_n', 'chain_hash']).execute();
  const chains = await store.db.selectFrom('chains').select(['namespace', 'n', 'hash']).execute();
  return new Map([
    ...sagas.map((row) => [row.trace_id, { n: row.chain_n, hash: row.chain_hash }] as const),
    ...chains.map(({ namespace, n, hash }) => [`namespace:${namespace}`, { n, hash }] as const),
  ]);
}
