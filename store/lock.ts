/**
 * The lock beside an embedded database. Two processes that open one PGlite directory both succeed and lose rows
 * silently, so the second is refused here.
 *
 * Every process that wants the directory puts a file of its own beside it, then looks for the files of others; of
 * two that want it at the same moment at least one sees the other. Invariants:
 * 1. Whoever has the lock has its file there, and saw no file of another living process after it had put its own.
 * 2. A file's name has the pid and the start time of its process, so no two processes ever have the same name, and
 *    the file of one that died, at whatever point, means nothing and may be removed by anyone at any time.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunning, startTime } from './running.ts';

export class StoreLocked extends Error {
  override name = 'StoreLocked';
}

const LOOKS = 50;
const PAUSE_MS = 20;
const OPEN = 'open';
/** Pid and start time, after the part that all locks of a directory have. */
const NAME = /^(\d+)\.([\w-]*)$/;

/** A process that wants the directory, or has it open. */
interface Other {
  pid: number;
  open: boolean;
}

/**
 * Takes the lock of a directory and answers what releases it.
 * @throws {StoreLocked} while another process, or this one, has it
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  // One directory has one lock, by whatever link it is named.
  const prefix = `${realpathSync(directory)}.lock.`;
  const own = `${prefix}${process.pid}.${startTime(process.pid)}`;
  let last = process.pid;
  for (let look = 0; look < LOOKS; look += 1) {
    if (!create(own)) throw inUse(directory, process.pid);
    const others = livingOthers(prefix, own);
    if (others.length === 0) {
      writeFileSync(own, OPEN);
      return once(() => rmSync(own, { force: true }));
    }
    rmSync(own, { force: true });
    const holder = others.find(({ open }) => open);
    if (holder !== undefined) throw inUse(directory, holder.pid);
    // All that want it give way, each for a time of its own, so that one comes first.
    pause(PAUSE_MS * (0.5 + Math.random()));
    last = others[0]?.pid ?? last;
  }
  throw new StoreLocked(
    `expected to lock ${directory}, but process ${last} is about to open it; stop it, or try again`,
  );
}

function inUse(directory: string, pid: number): StoreLocked {
  return new StoreLocked(
    `expected to be the only process on ${directory}, but process ${pid} has it open. ` +
      `Stop that process, or set DATABASE_URL to use PostgreSQL with several processes.`,
  );
}

function livingOthers(prefix: string, own: string): Other[] {
  const [folder, begin] = [dirname(prefix), basename(prefix)];
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name);
    const [, pid, started = ''] = NAME.exec(name.startsWith(begin) ? name.slice(begin.length) : '') ?? [];
    if (pid === undefined || file === own) return [];
    if (isRunning(Number(pid), started)) return [{ pid: Number(pid), open: read(file) === OPEN }];
    rmSync(file, { force: true });
    return [];
  });
}

/** The next owner in this process has a file of the same name. */
function once(release: () => void): () => void {
  let released = false;
  return () => {
    if (!released) release();
    released = true;
  };
}

/** False: it is there, so this process has the lock already. */
function create(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It gave way in the meantime.
    return null;
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
