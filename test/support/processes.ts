/**
 * Real processes for tests: started with an environment of their own, watched, killed, frozen and thawed. Each
 * is recorded on disk until it ended, so that the run fails when one is left (leaks.ts) and the next run ends it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, forgetProcess, recordProcess, startTimeOf } from '../../scripts/run-record.mjs';
import { loadEnvironment } from '../../settings.ts';

export const repository = join(import.meta.dirname, '..', '..');

/** Where the processes of this test run are recorded. */
export const runFolder = join(repository, '.warden', 'test-run', String(process.pid));

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Added to PATH, HOME and the like; nothing of Warden's own is taken over from the test's environment. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  uid?: number;
  gid?: number;
}

export type RunningProcess = ReturnType<typeof startProgram>;

export type EntryName = 'worker' | 'api/server' | 'standalone' | 'cli/warden';

/**
 * Starts one of our own process entries from `dist/`.
 * @throws {Error} when it was not built
 */
export function startEntry(entry: EntryName, args: readonly string[] = [], options: StartOptions = {}) {
  const file = join(repository, 'dist', `${entry}.js`);
  if (!existsSync(file)) throw new Error(`${file} does not exist; run "npm run build" first`);
  return startProgram(entry.replace('/', '-'), process.execPath, [file, ...args], options);
}

/** Starts any program as the leader of a process group of its own. Output is collected, both streams in one. */
export function startProgram(
  name: string,
  command: string,
  args: readonly string[],
  options: StartOptions = {},
) {
  const { env = {}, cwd = repository, ...ids } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...ids,
  });
  const pid = child.pid ?? 0;
  if (pid !== 0) recordProcess(runFolder, name, pid);
  const started = pid === 0 ? null : startTimeOf(pid);
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', (error) => {
      reject(new Error(`${name} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      forgetProcess(runFolder, name, pid);
      resolve({ code, signal });
    });
  });
  const signal = (name: NodeJS.Signals) => process.kill(pid, name);
  return {
    name,
    pid,
    /** Resolves when the process ended and all of its output was read. */
    exited,
    output: () => output,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    /** kill -9, without its group; resolves when it ended. */
    async kill(): Promise<Exit> {
      child.kill('SIGKILL');
      return await exited;
    },
    /** SIGTERM to it and its group, SIGKILL when that was not enough; resolves when it ended. */
    async stop(graceMs = 10_000): Promise<Exit> {
      await endProcess({ pid, started }, graceMs);
      return await exited;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}

/** What any program needs of this process's environment: nothing that is a setting of ours. */
function plainEnvironment(): Record<string, string> {
  const env = loadEnvironment();
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'TERM', 'WARDEN_RUN_ID', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/**
 * Waits until a line of a process's output matches, and answers that line.
 * @throws {Error} with the output, when the process ends or the time is over
 */
export async function waitForLine(
  running: RunningProcess,
  pattern: RegExp,
  timeoutMs = 120_000,
): Promise<string> {
  const line = () =>
    running
      .output()
      .split('\n')
      .find((each) => pattern.test(each));
  return await waitUntil(
    `${running.name} to print ${String(pattern)}`,
    running,
    timeoutMs,
    () => line() ?? null,
  );
}

/**
 * Waits until a GET is answered with 200.
 * @param url for example `http://127.0.0.1:20001/v1/ready`
 * @throws {Error} with the output, when the process ends or the time is over
 */
export async function waitUntilReady(
  running: RunningProcess,
  url: string,
  timeoutMs = 120_000,
): Promise<void> {
  await waitUntil(`${running.name} to answer ${url}`, running, timeoutMs, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    await response?.arrayBuffer();
    return response?.status === 200 ? true : null;
  });
}

async function waitUntil<Found>(
  what: string,
  running: RunningProcess,
  timeoutMs: number,
  look: () => Found | null | Promise<Found | null>,
): Promise<Found> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    const why = running.hasExited() ? 'it ended' : Date.now() > until ? `${timeoutMs} ms passed` : null;
    if (why !== null) throw new Error(`waited for ${what}, but ${why}. Its output:\n${running.output()}`);
    await delay(25);
  }
}
