/**
 * Owns the processes of one stack: each is started as the leader of a group of its own, recorded, and writes
 * into a log file of its own (not a pipe, which would break when the stack is killed). Ended last-in first-out.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, forgetProcess, recordProcess, startTimeOf } from './run-record.mjs';

/**
 * @param {{ cwd: string, records: string, logs: string }} folders
 */
export function createChildren({ cwd, records, logs }) {
  mkdirSync(logs, { recursive: true });
  const children = [];
  let closed = false;

  /**
   * Starts a program, unless `stopAll` was called. Its log begins anew; the one before is kept beside it.
   * @param {string} name
   * @param {string} command
   * @param {string[]} args
   * @param {Record<string, string | undefined>} env
   */
  function start(name, command, args, env) {
    if (closed) throw new Error(`${name} was not started: the stack is stopping`);
    const log = join(logs, `${name}.log`);
    keepOld(log);
    const sink = openSync(log, 'a');
    const spawned = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', sink, sink] });
    closeSync(sink);
    const pid = spawned.pid ?? 0;
    if (pid !== 0) recordProcess(records, name, pid);
    const child = { name, pid, log, started: pid === 0 ? null : startTimeOf(pid), ended: null };
    child.exited = new Promise((resolve) => {
      const end = (how) => {
        child.ended ??= how;
        if (pid !== 0) forgetProcess(records, name, pid);
        resolve(child);
      };
      spawned.once('error', (error) => end(error.message));
      spawned.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    children.push(child);
    return child;
  }

  /** SIGTERM, and SIGKILL when that was not enough; the last started first, because it needs the others. */
  async function stopAll(graceMs) {
    closed = true;
    for (const child of [...children].reverse()) {
      await endProcess(child, graceMs);
      await child.exited;
    }
  }

  function killAll() {
    for (const { pid, ended } of children) {
      if (pid === 0 || ended !== null) continue;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It ended between the look and the signal.
      }
    }
  }

  return { start, stopAll, killAll, all: () => children };
}

/** The end of a child's log, for the message about its end. */
export function lastLines(child, count = 30) {
  const lines = readFileSync(child.log, 'utf8').trimEnd().split('\n');
  return lines.slice(-count).join('\n');
}

function keepOld(log) {
  try {
    renameSync(log, `${log}.before`);
  } catch {
    // The first start: there is none.
  }
}
