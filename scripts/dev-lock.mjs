/**
 * A lock that one living process holds, by the rules of `store/lock.ts` (which no script may import): every process
 * that wants it puts a file of its own, then looks for those of others. The name of a file has the pid and the start
 * time of its process, so the file of a killed one means nothing, at whatever point it was killed.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startTimeOf } from './run-record.mjs';

const looks = 50;
const pauseMs = 20;

/**
 * Takes a lock, or says who has it.
 * @param {string} file where the lock is: the names of its files begin so
 * @returns {{ kind: 'taken', release: () => void } | { kind: 'held', pid: number }}
 */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}.${startOf(process.pid)}`;
  for (let look = 1; ; look += 1) {
    if (!create(own)) return { kind: 'held', pid: process.pid };
    const others = livingOthers(file, own);
    if (others.length === 0) {
      writeFileSync(own, 'held');
      return { kind: 'taken', release: once(() => rmSync(own, { force: true })) };
    }
    rmSync(own, { force: true });
    const holder = others.find(({ holds }) => holds) ?? (look === looks ? others[0] : undefined);
    if (holder !== undefined) return { kind: 'held', pid: holder.pid };
    // All that want it give way, each for a time of its own, so that one comes first.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs * (0.5 + Math.random()));
  }
}

function livingOthers(file, own) {
  const [folder, begin] = [dirname(file), `${basename(file)}.`];
  return readdirSync(folder).flatMap((name) => {
    const other = join(folder, name);
    const [, pid, started] =
      /^(\d+)\.([\w-]*)$/.exec(name.startsWith(begin) ? name.slice(begin.length) : '') ?? [];
    if (pid === undefined || other === own) return [];
    if (startOf(Number(pid)) === started) return [{ pid: Number(pid), holds: read(other) === 'held' }];
    rmSync(other, { force: true });
    return [];
  });
}

/** The start of a process as a part of a name; null when it does not run. */
function startOf(pid) {
  return startTimeOf(pid)?.replaceAll(/\W+/g, '-') ?? null;
}

/** The next holder in this process has a file of the same name. */
function once(release) {
  let released = false;
  return () => {
    if (!released) release();
    released = true;
  };
}

/** False: it is there, so this process has the lock already. */
function create(file) {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It gave way in the meantime.
    return null;
  }
}
