/**
 * The lock beside an embedded database. Two processes that open one PGlite directory both succeed and lose rows
 * silently, so the second is refused here. The lock is a file with the owner's pid and start time: a killed owner
 * is recognised and its lock taken over.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

export class StoreLocked extends Error {
  override name = 'StoreLocked';
}

const LOOKS = 50;
const PAUSE_MS = 20;
/** A lock without an owner is one that is being written; when it is older, its writer died. */
const WRITTEN_MS = 5_000;

/** Takes the lock `<directory>.lock` and answers what releases it. Throws `StoreLocked` while its owner lives. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  // One directory has one lock, by whatever link it is named.
  const file = `${realpathSync(directory)}.lock`;
  const own = `${process.pid} ${startTime(process.pid) ?? ''}`;
  for (let look = 0; look < LOOKS; look += 1) {
    if (tryCreate(file, own)) return () => release(file, own);
    const holder = readOwner(file);
    if (holder !== null && holder !== '' && isAlive(holder)) {
      throw new StoreLocked(
        `expected to be the only process on ${directory}, but process ${holder.split(' ')[0]} has it open. ` +
          `Stop that process, or set DATABASE_URL to use PostgreSQL with several processes.`,
      );
    }
    if (isDead(file)) removeDead(file, own);
    else pause();
  }
  throw new StoreLocked(`expected to lock ${directory}, but others keep taking ${file}; try again`);
}

/**
 * Removes the lock of an owner that died. One process at a time may, and it looks again first: else the lock of
 * another that took it over in the meantime would be removed.
 */
function removeDead(file: string, own: string): void {
  const turn = `${file}.takeover`;
  if (!tryCreate(turn, own)) {
    if (isDead(turn)) {
      throw new StoreLocked(
        `a process died while it took over ${file}; see that no process has the store open, remove ${turn} ` +
          'and start again',
      );
    }
    pause();
    return;
  }
  try {
    if (isDead(file)) rmSync(file, { force: true });
  } finally {
    rmSync(turn, { force: true });
  }
}

function isDead(file: string): boolean {
  const owner = readOwner(file);
  if (owner === null) return false;
  if (owner !== '') return !isAlive(owner);
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > WRITTEN_MS;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
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
