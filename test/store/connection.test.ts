import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { after, before, describe, it } from 'mocha';
import { isStoreAway } from '../../store/away.ts';
import { judge } from '../../store/judge.ts';
import { openStore, type Store } from '../../store/store.ts';
import { createDatabase } from '../support/postgres.ts';
import { commit } from './definitions.ts';
import { ledgerText, reviewRow } from './rows.ts';
import { decideOn, holdOn, started, type Run } from './sagas.ts';

describe('the connections to PostgreSQL', () => {
  let store: Store;
  let url = '';
  before(async () => {
    url = await createDatabase('connections');
    store = await openStore({ url, connections: 3 });
  });
  after(() => store.close());

  async function onHold(): Promise<Run> {
    const run = await started(store, [commit('write', { hitl: true })]);
    await holdOn(store, run, 0);
    return run;
  }

  it('wait five seconds for a lock, idle five in a transaction, and read what is committed when they ask', async () => {
    const { rows } = await sql`select current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle,
      current_setting('transaction_isolation') as isolation`.execute(store.db);
    assert.deepEqual(rows, [{ lock: '5s', idle: '5s', isolation: 'read committed' }]);
  });

  it('read what is committed also where the database would have it otherwise', async () => {
    const name = new URL(url).pathname.slice(1);
    const set = `alter database ${name} set default_transaction_isolation to 'serializable'`;
    await sql.raw(set).execute(store.db);
    const other = await openStore({ url, connections: 1 });
    const { rows } = await sql`select current_setting('transaction_isolation') as isolation`.execute(
      other.db,
    );
    assert.deepEqual(rows, [{ isolation: 'read committed' }]);
    await other.close();
  });

  it('one that breaks inside a transaction is an error of that act alone: nothing of it happened', async () => {
    const run = await onHold();
    const before = await ledgerText(store, run);
    const broken = judge(store, run.trace, async ({ tx, record }) => {
      record({ type: 'cancel', actor: { subject: 'ana', kind: 'person' } });
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      const ended = new Promise<void>((resolve) => setTimeout(resolve, 100));
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(store.db);
      await ended;
      await tx.updateTable('steps').set({ status: 'FAILED' }).where('trace_id', '=', run.trace).execute();
    });
    await assert.rejects(broken, isStoreAway);
    assert.equal(await ledgerText(store, run), before);
    assert.equal((await decideOn(store, run, 0)).kind, 'queued', 'and the saga is free');
  });

  it('one that breaks before it answers COMMIT leaves a question that asking again answers', async () => {
    const run = await onHold();
    const lost = judge(store, run.trace, async ({ tx, record }) => {
      record({ type: 'cancel', actor: { subject: 'ana', kind: 'person' } });
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(store.db);
    });
    await assert.rejects(lost, isStoreAway);
    const [first, again] = [await decideOn(store, run, 0), await decideOn(store, run, 0)];
    assert.deepEqual([first.kind, again.kind], ['queued', 'already_queued']);
  });

  it('a saga that another transaction keeps locked is an error after five seconds, and nothing happened', async () => {
    const run = await onHold();
    await sql`select 1`.execute(store.db);
    const held = judge(store, run.trace, async ({ tx }) => {
      const waiting = decideOn(store, run, 0).then(
        () => null,
        (error: unknown) => error,
      );
      let error: unknown = undefined;
      void waiting.then((got) => (error = got ?? null));
      // Kept busy, because a transaction that idles would be ended first.
      while (error === undefined) await sql`select pg_sleep(0.1)`.execute(tx);
      return error;
    });
    const error = await held;
    assert.ok(isStoreAway(error), String(error));
    assert.ok(error instanceof Error && 'code' in error && error.code === '55P03');
    assert.equal((await reviewRow(store, run, 0)).status, 'pending');
    assert.equal((await decideOn(store, run, 0)).kind, 'queued');
  });
});
