/**
 * The lock beside an embedded database. Two processes that open one PGlite directory both succeed and lose rows
 * silently, so the second is refused here. The lock is a file with the owner's pid and start time: a killed owner
 * is recognised and its lock taken over.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export class StoreLocked extends Error {
  override name = 'StoreLocked';
}

/** Takes the lock `<directory>.lock` and answers what releases it. Throws `StoreLocked` while its owner lives. */
export function lockDirectory(directory: string): () => void {
  const file = `${directory}.lock`;
  mkdirSync(dirname(file), { recursive: true });
  const own = `${process.pid} ${startTime(process.pid) ?? ''}`;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (tryCreate(file, own)) return () => release(file, own);
    const holder = readOwner(file);
    if (holder !== null && isAlive(holder)) {
      throw new StoreLocked(
        `expected to be the only process on ${directory}, but process ${holder.split(' ')[0]} has it open. ` +
          `Stop that process, or set DATABASE_URL to use PostgreSQL with several processes.`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new StoreLocked(`expected to lock ${directory}, but others keep taking ${file}; try again`);
}

function tryCreate(file: string, text: string): boolean {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, text);
    closeSync(handle);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function release(file: string, own: string): void {
  if (readOwner(file) === own) rmSync(file, { force: true });
}

function isAlive(owner: string): boolean {
  const [pid, ...started] = owner.split(' ');
  const now = startTime(Number(pid));
  return now !== null && (started.join(' ') === '' || now === started.join(' '));
}

/** When a process started, in the system's own words; null when there is no such process. */
function startTime(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return process.platform === 'linux' ? null : startTimeByPs(pid);
  }
}

function startTimeByPs(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}
