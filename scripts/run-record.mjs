/**
 * Which processes were started here, as files: pid and start time of each. A pid alone is used again by the
 * system; with its start time it names one process for ever, so nothing else is ever ended by mistake.
 *
 * Every recorded process leads a process group of its own, and is ended with its group.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * When a process started, as a text to compare; null when it does not run (any more).
 * @param {number} pid
 * @returns {string | null}
 */
export function startTimeOf(pid) {
  return process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeFromPs(pid);
}

function startTimeOnLinux(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The command's name may hold blanks and brackets: fields are counted after its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || ticks === undefined) return null;
  return `${bootId()}:${ticks}`;
}

function bootId() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function startTimeFromPs(pid) {
  try {
    // One language and time zone, so that the same start is always the same text.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const options = { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] };
    const told = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options).trim();
    return told === '' || told.startsWith('Z') ? null : told.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/**
 * Notes a process that was just started.
 * @param {string} folder
 * @param {string} name
 * @param {number} pid
 */
export function recordProcess(folder, name, pid) {
  const started = startTimeOf(pid);
  if (started === null) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, fileName(name, pid)), `${JSON.stringify({ name, pid, started })}\n`);
}

/** Takes the note away: the process has ended. */
export function forgetProcess(folder, name, pid) {
  rmSync(join(folder, fileName(name, pid)), { force: true });
}

function fileName(name, pid) {
  return `${name.replace(/[^a-z0-9-]/gi, '-')}.${pid}.json`;
}

/**
 * The recorded processes that still run: same pid and same start time.
 * @param {string} folder
 * @returns {{ name: string, pid: number, started: string }[]}
 */
export function livingProcesses(folder) {
  return recordedProcesses(folder).filter(({ pid, started }) => startTimeOf(pid) === started);
}

function recordedProcesses(folder) {
  let names;
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8'))];
    } catch {
      // Cut off by the crash that left it: it names no process.
      return [];
    }
  });
}

/**
 * Ends a process with its group: SIGTERM, and SIGKILL when it has not ended in time. Answers when it has ended.
 * @param {{ pid: number, started: string | null }} child
 * @param {number} graceMs
 */
export async function endProcess({ pid, started }, graceMs = 10_000) {
  const runs = () => started !== null && startTimeOf(pid) === started;
  if (!runs()) return;
  signalGroup(pid, 'SIGTERM');
  // A stopped process takes no other signal before it goes on.
  signalGroup(pid, 'SIGCONT');
  const until = Date.now() + graceMs;
  while (runs() && Date.now() < until) await delay(25);
  while (runs()) {
    signalGroup(pid, 'SIGKILL');
    await delay(25);
  }
  killRest(pid);
}

/** What it started and left. Its number names that group for as long as one of them is there. */
function killRest(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It left nothing.
  }
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the look and the signal.
    }
  }
}

/**
 * Ends what an earlier run left in this folder, never anything else, and empties the folder.
 * @param {string} folder
 * @param {(line: string) => void} say
 */
export async function endLeftovers(folder, say) {
  await Promise.all(
    livingProcesses(folder).map(async (child) => {
      say(`ending ${child.name} (pid ${child.pid}), left by an earlier run`);
      await endProcess(child);
    }),
  );
  rmSync(folder, { recursive: true, force: true });
}
