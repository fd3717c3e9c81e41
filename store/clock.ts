import { sql, type Kysely } from 'kysely';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

/** The time by the store's clock, which judges every deadline. `executor` is the transaction it is asked in. */
export async function readClock(store: Store, executor: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select ${store.clock} as now`.execute(executor);
  const now = rows[0]?.now;
  if (!(now instanceof Date)) throw new Error('expected the time from the store, got nothing');
  return now;
}
