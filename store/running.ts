/**
 * Whether a process still runs. The system gives a pid again, so a process is named by its pid and its start time.
 * `scripts/run-record.mjs` has the same for the scripts, which run before anything is built.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the system tells of a process: its state and its start; empty when it tells nothing. */
interface Told {
  state: string;
  started: string;
}

const NOTHING: Told = { state: '', started: '' };

/** When a process started, as a text of letters, digits and hyphens; empty when nobody tells. */
export function startTime(pid: number): string {
  return told(pid).started;
}

/**
 * Whether the process that had this pid and this start time runs. In doubt it does: who takes a running process
 * for a dead one opens its data beside it.
 */
export function isRunning(pid: number, started: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !exists(pid)) return false;
  const now = told(pid);
  // It has ended, and its parent has not looked yet.
  if (/^[ZX]/.test(now.state)) return false;
  return started === '' || now.started === '' || now.started === started;
}

/** Also of a process that this one may not signal. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function told(pid: number): Told {
  try {
    return process.platform === 'linux' ? toldByLinux(pid) : toldByPs(pid);
  } catch {
    return NOTHING;
  }
}

function toldByLinux(pid: number): Told {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold blanks and brackets: fields are counted after its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Ticks are counted from the start of the system, and begin anew with it.
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  return { state: fields[0] ?? '', started: `${boot}-${fields[19] ?? ''}` };
}

function toldByPs(pid: number): Told {
  // One language and time zone, so that the same start is always the same text.
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  const args = ['-o', 'state=,lstart=', '-p', String(pid)];
  const [state = '', ...lstart] = execFileSync('ps', args, { encoding: 'utf8', env, stdio }).split(/\s+/);
  return {
    state,
    started: lstart
      .filter((part) => part !== '')
      .join('-')
      .replaceAll(':', '-'),
  };
}
