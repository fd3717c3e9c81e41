import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { after, before, describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { exportLedger, type ExportFilter } from '../../store/export.ts';
import { judge } from '../../store/judge.ts';
import { recordInNamespace } from '../../store/ledger.ts';
import { sealAll, sealBatch, startSealer } from '../../store/sealer.ts';
import { openStore, type Store } from '../../store/store.ts';
import { ANNA, deployNotes, quiet, startNotes, stores, until } from '../delivery/support.ts';
import { createDatabase } from '../support/postgres.ts';

async function exported(store: Store, filter: ExportFilter = {}): Promise<SealedEntry[]> {
  const entries: SealedEntry[] = [];
  for await (const entry of exportLedger(store, filter)) entries.push(entry);
  return entries;
}

/** Dense from 1, each chain in the order of `n`, each hash that of its members, each `data` that of its hash. */
function assertWhole(entries: readonly SealedEntry[]): void {
  assert.deepEqual(
    entries.map((entry) => entry.seq),
    entries.map((_, index) => index + 1),
  );
  const heads = new Map<string, { n: number; hash: string }>();
  for (const { seq, hash, data, ...members } of entries) {
    const chain = members.trace_id ?? members.namespace;
    const before = heads.get(chain) ?? { n: 0, hash: null };
    assert.equal(members.n, before.n + 1, `seq ${seq}`);
    assert.equal(members.prev_hash, before.hash, `seq ${seq}`);
    assert.equal(hash, digest(members), `seq ${seq}`);
    assert.equal(members.data_hash, data === null ? null : digest(data), `seq ${seq}`);
    heads.set(chain, { n: members.n, hash });
  }
}

function record(store: Store, traceId: string, data: string): Promise<unknown> {
  return judge(store, traceId, async (court) => court.record({ type: 'refusal', actor: ANNA, data }));
}

for (const [kind, open] of Object.entries(stores)) {
  describe(`the sealed ledger on ${kind}`, () => {
    let store: Store;
    before(async () => {
      store = await open('sealed');
      await deployNotes(store);
    });
    after(() => store.close());

    it('numbers committed entries without gaps, each chain in its order, and exports what was hashed', async () => {
      const traces = await Promise.all(['a', 'b', 'c'].map((seed) => startNotes(store, seed)));
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(traces.map((traceId) => record(store, traceId, `é${'x'.repeat(round)}\u2028`)));
        await sealBatch(store, 2);
      }
      assertWhole(await exported(store));
    });

    it('exports one saga, one namespace, and what came after a seq', async () => {
      const all = await exported(store);
      const traceId = all.find((entry) => entry.trace_id !== null)?.trace_id ?? '';
      const ofSaga = all.filter((entry) => entry.trace_id === traceId);
      assert.deepEqual(await exported(store, { traceId }), ofSaga);
      assert.deepEqual(await exported(store, { traceId, namespace: 'other' }), []);
      assert.deepEqual(await exported(store, { namespace: 'default', afterSeq: 3 }), all.slice(3));
    });

    it('exports more than a page, and large payloads', async () => {
      const traceId = await startNotes(store, 'large');
      await judge(store, traceId, async (court) => {
        for (let n = 0; n < 450; n += 1) court.record({ type: 'refusal', actor: ANNA, data: { n } });
        for (let n = 0; n < 3; n += 1) {
          const text = Array.from({ length: 40_000 }, (_, at) => digest(`${n} ${at}`)).join('');
          court.record({ type: 'refusal', actor: ANNA, data: { text } });
        }
      });
      assertWhole(await exported(store));
      assert.equal((await exported(store, { traceId })).length, 454);
    });

    it('is sealed by the commits of its own process', async () => {
      const sealer = startSealer({ store, log: quiet });
      const traceId = await startNotes(store, 'woken');
      await until('the entry to be sealed', async () =>
        store.db.selectFrom('ledger_seals').select('seq').where('chain', '=', traceId).executeTakeFirst(),
      );
      await sealer.stop();
    });
  });
}

describe('sealing while others write, on PostgreSQL', () => {
  let url: string;
  let writers: Store;
  let others: Store;
  before(async () => {
    url = await createDatabase('sealing');
    writers = await openStore({ url, connections: 12 });
    others = await openStore({ url });
    await deployNotes(writers);
  });
  after(async () => {
    await writers.close();
    await others.close();
  });

  it('never skips an entry that commits after later ones were sealed', async () => {
    const [slow, fast] = [await startNotes(writers, 'slow'), await startNotes(writers, 'fast')];
    const before = await sealAll(others);
    let goOn: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (goOn = resolve));
    let drawn: () => void = () => undefined;
    const isDrawn = new Promise<void>((resolve) => (drawn = resolve));
    const held = writers.db.transaction().execute(async (tx) => {
      await sql`insert into ledger_unsealed (chain, n) values (${slow}, 2)`.execute(tx);
      drawn();
      await waits;
    });
    await isDrawn;
    await record(writers, fast, 'committed first, drawn second');
    assert.equal(await sealAll(others), before + 1);
    goOn();
    await held;
    assert.equal(await sealAll(others), before + 2);
    const seals = await others.db
      .selectFrom('ledger_seals')
      .selectAll()
      .where('seq', '>', before)
      .orderBy('seq')
      .execute();
    assert.deepEqual(
      seals.map(({ chain, n }) => ({ chain, n })),
      [
        { chain: fast, n: 2 },
        { chain: slow, n: 2 },
      ],
    );
  });

  it('is dense and in order with several sealers and overlapping transactions', async () => {
    const database = await createDatabase('overlapping');
    const [store, second] = [
      await openStore({ url: database, connections: 12 }),
      await openStore({ url: database }),
    ];
    await deployNotes(store);
    const traces = await Promise.all(['1', '2', '3', '4'].map((seed) => startNotes(store, seed)));
    let writing = true;
    const write = async (worker: number) => {
      for (let round = 0; round < 12; round += 1) {
        const traceId = traces[(worker + round) % traces.length] ?? '';
        const pause = ((worker * 7 + round * 3) % 5) / 200;
        if (worker === 0) {
          await store.db.transaction().execute(async (tx) => {
            await recordInNamespace(store, tx, 'default', [{ type: 'deploy', actor: ANNA, data: { round } }]);
            await sql`select pg_sleep(${pause})`.execute(tx);
          });
          continue;
        }
        await judge(store, traceId, async (court) => {
          for (let n = 0; n <= round % 3; n += 1) {
            court.record({ type: 'refusal', actor: ANNA, data: { worker, round, n } });
          }
          await sql`select pg_sleep(${pause})`.execute(court.tx);
        });
      }
    };
    const seal = async (sealer: Store, limit: number) => {
      while (writing) {
        await sealBatch(sealer, limit);
        await delay(1);
      }
    };
    const sealing = [seal(store, 3), seal(second, 5), seal(second, 100)];
    await Promise.all([0, 1, 2, 3, 4, 5].map(write));
    writing = false;
    await Promise.all(sealing);
    const entries = await exported(second);
    const { count } = await second.db
      .selectFrom('ledger_entries')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    assert.equal(entries.length, count);
    assertWhole(entries);
    await store.close();
    await second.close();
  });
});
