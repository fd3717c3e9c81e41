/**
 * The sealer gives committed ledger entries their `seq`: dense over the whole ledger, a chain's in the order of
 * its `n`. A writer only puts its entries into the queue `ledger_unsealed`, so no writer waits for another.
 *
 * Why it is right: 1. the head's row lock lets one sealer in at a time, and the queue is read after the lock, so
 * what an earlier sealer took is gone; the lock, the seals, the head and the queue change in one transaction.
 * 2. The queue is emptied, not passed by a cursor: an entry whose transaction commits after entries with a higher
 * position were sealed is still in it, and gets the next `seq`. 3. Within a chain position ascends with `n`, and
 * what is visible is a prefix: the lock on the chain's row (saga or namespace) is held from before an entry's
 * position is drawn until its transaction ends, so the next `n` of the chain is drawn after the one before it was
 * committed, and within a statement positions are drawn in the order of its rows. Sealing the lowest positions
 * first therefore never takes an `n` before the one that precedes it.
 */
import { sql } from 'kysely';
import { repeat, type Log } from './repeat.ts';
import type { Store } from './store.ts';

const BATCH = 1000;
/** Entries come in bursts; one transaction seals what 50 ms brought, so that sealing never competes with acts. */
const GATHER_MS = 50;

/**
 * Numbers up to `limit` committed entries, in one transaction. Answers how many; less than `limit` means that none
 * was left. Rejects with the store's error, also after 5 s of waiting for another sealer: nothing happened then.
 */
export async function sealBatch({ db }: Pick<Store, 'db'>, limit: number): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const head = await tx.selectFrom('ledger_head').select('seq').forUpdate().executeTakeFirstOrThrow();
    const { rows } = await sql<{ sealed: number }>`
      with taken as (
        delete from ledger_unsealed
        where position in (select position from ledger_unsealed order by position limit ${limit})
        returning position, chain, n
      ), sealed as (
        insert into ledger_seals (seq, chain, n)
        select ${head.seq}::bigint + row_number() over (order by position), chain, n from taken
        returning seq
      ), moved as (
        update ledger_head set seq = seq + (select count(*) from sealed)
      )
      select count(*) as sealed from sealed`.execute(tx);
    return rows[0]?.sealed ?? 0;
  });
}

/** Seals until nothing is left that was committed before the last batch; answers the head. */
export async function sealAll(store: Pick<Store, 'db'>): Promise<number> {
  while (await isAnyUnsealed(store)) await sealBatch(store, BATCH);
  const head = await store.db.selectFrom('ledger_head').select('seq').executeTakeFirstOrThrow();
  return head.seq;
}

async function isAnyUnsealed({ db }: Pick<Store, 'db'>): Promise<boolean> {
  const row = await db.selectFrom('ledger_unsealed').select('position').limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Seals after each commit of this process that wrote entries, and once a second what other processes wrote. */
export function startSealer({
  store,
  log,
  crash = () => undefined,
}: {
  store: Store;
  log: Log;
  crash?: (point: 'numbered-not-notified') => void;
}): { stop(): Promise<void> } {
  const rounds = repeat(
    async () => {
      if (!(await isAnyUnsealed(store))) return;
      while ((await sealBatch(store, BATCH)) === BATCH);
      crash('numbered-not-notified');
    },
    { name: 'sealing the ledger', everyMs: 1000, gatherMs: GATHER_MS, log },
  );
  const quit = store.onNews('entry', rounds.wake);
  return {
    stop: async () => {
      quit();
      await rounds.stop();
    },
  };
}
