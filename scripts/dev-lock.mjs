/**
 * A lock that one living process holds: a file with its pid and start time, so that the lock of a killed process
 * counts for nothing. The file is made whole before it gets its name, so a reader never sees half of it.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startTimeOf } from './run-record.mjs';

/**
 * Takes a lock, or says who has it.
 * @param {string} file
 * @returns {{ kind: 'taken', release: () => void } | { kind: 'held', pid: number }}
 */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const own = { pid: process.pid, started: startTimeOf(process.pid) };
  const draft = `${file}.${process.pid}`;
  for (;;) {
    writeFileSync(draft, JSON.stringify(own));
    if (named(draft, file)) {
      return {
        kind: 'taken',
        release: () => {
          if (holderOf(file)?.started === own.started) rmSync(file, { force: true });
        },
      };
    }
    const holder = holderOf(file);
    if (holder !== null && lives(holder)) return { kind: 'held', pid: holder.pid };
    removeDead(file, draft);
  }
}

/** Gives a file its name unless something else has it; one step for all who try. */
function named(draft, file) {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Another may have taken the lock since it was looked at: what was moved away is looked at again. */
function removeDead(file, aside) {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const moved = holderOf(aside);
  if (moved !== null && lives(moved)) named(aside, file);
  else rmSync(aside, { force: true });
}

function holderOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function lives({ pid, started }) {
  return typeof pid === 'number' && started !== null && startTimeOf(pid) === started;
}
