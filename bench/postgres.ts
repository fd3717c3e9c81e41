/** PostgreSQL for a run: the server of DATABASE_URL, else one of the tests' own, which a child process keeps. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { repository } from './programs.ts';

export interface Postgres {
  url: string;
  /** Version, and the settings that decide what a commit costs. */
  description: string;
  /** Whose processor time is its own; null: the server is not ours. */
  pid: number | null;
  stop(): Promise<void>;
}

/** @param url a server where databases may be created; null: one of our own */
export async function openPostgres(url: string | null): Promise<Postgres> {
  return url === null ? await startOwn() : await createOn(url);
}

/** A database of its own, so that no saga of a benchmark is among those of others. */
async function createOn(url: string): Promise<Postgres> {
  const name = `warden_bench_${randomBytes(4).toString('hex')}`;
  await administer(url, `create database ${name}`);
  const address = new URL(url);
  address.pathname = `/${name}`;
  return {
    url: address.href,
    description: await describe(address.href),
    pid: null,
    stop: () => administer(url, `drop database if exists ${name} with (force)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function startOwn(): Promise<Postgres> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      '@swc-node/register/esm-register',
      join(repository, 'test', 'bench', 'embedded-postgres.ts'),
    ],
    { cwd: repository, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const own = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`PostgreSQL of the tests ended with exit code ${code}`)));
  });
  return {
    url: own,
    description: await describe(own),
    pid: child.pid ?? null,
    stop: async () => {
      // The end of its input is what tells it to stop; it comes also when this process is killed.
      child.stdin.end();
      await exited;
    },
  };
}

async function describe(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const names = ['server_version', 'fsync', 'synchronous_commit'];
    const shown: string[] = [];
    for (const name of names) {
      const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [name]);
      shown.push(`${name} ${rows[0]?.value ?? '?'}`);
    }
    return `PostgreSQL, ${shown.join(', ')}`;
  } finally {
    await client.end();
  }
}
