/**
 * The store: one Kysely over PostgreSQL or over an embedded PGlite, its clock, and the news of its own commits.
 * It owns connections and migrations; what is written is the business of one file per table or act.
 */
import { DEFAULT_MIGRATION_TABLE, Kysely, Migrator, sql, type RawBuilder } from 'kysely';
import { lockDirectory } from './lock.ts';
import { migrations } from './migrations.ts';
import { pgliteDialect, startPglite } from './pglite.ts';
import { postgresDialect } from './postgres.ts';
import type { DefinitionBody, Tables } from './tables.ts';

/** What a commit of this process brought: work for delivery, for the sealer. */
export type News = 'request' | 'entry';

export interface Store {
  readonly db: Kysely<Tables>;
  /** The clock that judges deadlines, as SQL: the database's own unless a test turns it. */
  readonly clock: RawBuilder<Date>;
  /** Definition bodies that were read, by digest: what a digest names never changes. */
  readonly bodies: Map<string, DefinitionBody>;
  announce(news: News): void;
  /** Calls back after each commit of this process that brought such news; answers what stops it. */
  onNews(news: News, callback: () => void): () => void;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** PostgreSQL; absent: PGlite in `directory` (in memory when that is null). */
  url?: string | undefined;
  directory?: string | null | undefined;
  /** Connections of this process to PostgreSQL. */
  connections?: number;
  clock?: RawBuilder<Date>;
}

const INT8 = 20;
/** SQLSTATE of a table that is not there: the store is new. */
const NO_TABLE = '42P01';
/** How long a query waits for a connection before the store counts as away; a burst waits its turn. */
const CONNECT_MS = 30_000;

/** Opens the store and brings it to the newest migration. Throws `StoreLocked` or the driver's error. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { db, close } = options.url
    ? await openPostgres(options.url, options.connections ?? 10)
    : await openPglite(options.directory ?? null);
  try {
    await migrate(db);
  } catch (error) {
    await close();
    throw error;
  }
  const listeners = new Map<News, Set<() => void>>([
    ['request', new Set()],
    ['entry', new Set()],
  ]);
  return {
    db,
    clock: options.clock ?? sql<Date>`clock_timestamp()`,
    bodies: new Map(),
    announce: (news) => listeners.get(news)?.forEach((callback) => callback()),
    onNews: (news, callback) => {
      listeners.get(news)?.add(callback);
      return () => listeners.get(news)?.delete(callback);
    },
    close,
  };
}

interface Opened {
  db: Kysely<Tables>;
  close(): Promise<void>;
}

async function openPostgres(url: string, connections: number): Promise<Opened> {
  const { default: pg } = await import('pg');
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    // Read committed, whatever the database's default: what is judged is read after the lock, not before it.
    options:
      '-c lock_timeout=5000 -c idle_in_transaction_session_timeout=5000 ' +
      '-c default_transaction_isolation=read\\ committed',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types,
  });
  // A connection that breaks is replaced by the pool, and the query that needs it reports the fault. The pool
  // listens only to idle ones: without a listener of its own, one that breaks between two statements of a
  // transaction would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  const db = new Kysely<Tables>({ dialect: postgresDialect(pool) });
  return { db, close: () => db.destroy() };
}

async function openPglite(directory: string | null): Promise<Opened> {
  const unlock = directory === null ? () => undefined : lockDirectory(directory);
  try {
    const database = await startPglite(directory, { [INT8]: Number });
    const db = new Kysely<Tables>({ dialect: pgliteDialect(database) });
    const close = async (): Promise<void> => {
      await db.destroy();
      await database.close();
      unlock();
    };
    return { db, close };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  if (await isNewest(db)) return;
  const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error) throw new Error('the store could not be brought to its newest migration', { cause: error });
}

/** The migrator looks at every table and takes a lock, which costs more than all else here; most starts need none. */
async function isNewest(db: Kysely<Tables>): Promise<boolean> {
  const known = Object.keys(await migrations.getMigrations()).sort();
  try {
    const done = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(
      db,
    );
    const names = done.rows.map(({ name }) => name).sort();
    return names.length === known.length && names.every((name, at) => name === known[at]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_TABLE) return false;
    throw error;
  }
}
