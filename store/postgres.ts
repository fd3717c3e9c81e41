/**
 * Kysely over a pool of PostgreSQL connections, with named prepared statements: the server parses and rewrites each
 * text once for each connection. Measured: 9.7 → 5.7 ms of its processor time for a decision and its effect.
 */
import { createHash } from 'node:crypto';
import {
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import type pg from 'pg';

/** Statements with lists of values have a text for each length of list: the long ones are not kept. */
const LONGEST_TEXT = 8_000;

export function postgresDialect(pool: pg.Pool): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(pool),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class PostgresDriver implements Driver {
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();
  readonly #clients = new WeakMap<DatabaseConnection, pg.PoolClient>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const client = await this.#pool.connect();
    const connection = new PostgresConnection(client, this.#names);
    this.#clients.set(connection, client);
    return connection;
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#clients.get(connection)?.release();
    this.#clients.delete(connection);
    return Promise.resolve();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#clients.get(connection)?.query('begin');
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#clients.get(connection)?.query('commit');
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#clients.get(connection)?.query('rollback');
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #names: Map<string, string>;

  constructor(client: pg.PoolClient, names: Map<string, string>) {
    this.#client = client;
    this.#names = names;
  }

  async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const values = [...parameters];
    const named = values.length > 0 && text.length <= LONGEST_TEXT;
    const query = named ? { name: this.#nameOf(text), text, values } : { text, values };
    const { rows, rowCount } = await this.#client.query<pg.QueryResultRow & R>(query);
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  // No query here is read by a cursor: a stream is one page.
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = createHash('sha256').update(text).digest('hex').slice(0, 40);
    this.#names.set(text, name);
    return name;
  }
}
