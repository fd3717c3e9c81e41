import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { describe, it } from 'mocha';
import { openStore } from '../../store/store.ts';
import { createDatabase } from '../support/postgres.ts';
import { reason } from './definitions.ts';
import { started } from './sagas.ts';
import { onBothStores } from './stores.ts';

onBothStores('the tables', (use) => {
  it('are the same on both stores, made by numbered migrations', async () => {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
      use.store.db,
    );
    assert.equal(rows[0]?.name, '0001_first');
    const tables = await use.store.db.introspection.getTables();
    const names = tables.map(({ name }) => name).toSorted();
    const expected = [
      'definition_bodies',
      'definitions',
      'executions',
      'ledger_entries',
      'requests',
      'reviews',
    ];
    for (const name of [...expected, 'sagas', 'steps', 'turns']) assert.ok(names.includes(name), name);
  });

  it('the ledger is append-only: entries are not updated, removed or emptied', async () => {
    await started(use.store, [reason('read')]);
    const { db } = use.store;
    const appendOnly = /the ledger is append-only/;
    await assert.rejects(db.updateTable('ledger_entries').set({ type: 'other' }).execute(), appendOnly);
    await assert.rejects(db.deleteFrom('ledger_entries').execute(), appendOnly);
    await assert.rejects(sql`truncate ledger_entries`.execute(db), appendOnly);
  });

  it('numbers and times come back as such from both drivers, and json in the order in which it was written', async () => {
    const { rows } = await sql<{ big: unknown; count: unknown; at: unknown; body: unknown }>`
      select 9007199254740991::bigint as big, count(*) as count, '2030-01-01T00:00:00.123Z'::timestamptz as at,
        ${JSON.stringify({ z: 1, a: { y: null } })}::text::json as body`.execute(use.store.db);
    const [row] = rows;
    assert.deepEqual(row, {
      big: Number.MAX_SAFE_INTEGER,
      count: 1,
      at: new Date('2030-01-01T00:00:00.123Z'),
      body: { z: 1, a: { y: null } },
    });
    assert.equal(JSON.stringify(row?.body), '{"z":1,"a":{"y":null}}');
  });
});

describe('opening a store', () => {
  it('that a newer Warden has migrated is refused, and one whose migration is missing is not taken for new', async () => {
    const url = await createDatabase('newer');
    const store = await openStore({ url });
    try {
      await sql`insert into kysely_migration (name, timestamp) values ('9999_later', 'now')`.execute(
        store.db,
      );
      await assert.rejects(openStore({ url }), /could not be brought to its newest migration/);
      await sql`delete from kysely_migration`.execute(store.db);
      await assert.rejects(openStore({ url }), /could not be brought to its newest migration/);
    } finally {
      await store.close();
    }
  });

  it('that is not there fails at once with what the driver says', async () => {
    await assert.rejects(openStore({ url: 'postgres://warden@127.0.0.1:1/none' }), { code: 'ECONNREFUSED' });
  });
});

describe('the tables of a PostgreSQL that several processes open', () => {
  it('are made once when all of them begin at the same moment, and opening again changes nothing', async () => {
    const url = await createDatabase('migrations');
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ url, connections: 2 })));
    const [first, second] = stores;
    assert.ok(first && second);
    const run = await started(first, [reason('read')]);
    await Promise.all(stores.map((store) => store.close()));
    const again = await openStore({ url });
    const sagas = await again.db.selectFrom('sagas').select('trace_id').execute();
    assert.deepEqual(sagas, [{ trace_id: run.trace }]);
    await again.close();
  });
});
