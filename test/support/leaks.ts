/**
 * Fails a test run that leaves something behind: a process that a test started, or a handle that keeps this
 * process alive. Loaded by mocha before all tests.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endLeftovers, endProcess, livingProcesses, startTimeOf } from '../../scripts/run-record.mjs';
import { stopPostgres } from './postgres.ts';
import { runFolder } from './processes.ts';
import { stopSharedTemporal } from './temporal.ts';

const millisecondsToExit = 5_000;

export const mochaHooks = {
  /** Ends what killed runs left: their own pid names their folder, and they run no more. */
  async beforeAll() {
    const runs = dirname(runFolder);
    for (const owner of foldersOf(runs)) {
      if (startTimeOf(Number(owner)) === null) await endLeftovers(join(runs, owner), () => undefined);
    }
  },

  async afterAll() {
    await stopSharedTemporal();
    await stopPostgres();
    const leaked = await stillLiving();
    await Promise.all(leaked.map((each) => endProcess(each, 1_000)));
    if (leaked.length === 0) return;
    const names = leaked.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
    throw new Error(`processes that tests started and did not end: ${names}. They have been ended now.`);
  },
};

function foldersOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process that was told to end as the last test finished gets a moment to do so. */
async function stillLiving() {
  for (let look = 0; look < 20 && livingProcesses(runFolder).length > 0; look += 1) await delay(50);
  return livingProcesses(runFolder);
}

/** Mocha is not told to exit, so that a leaked handle is seen: the process would not end by itself. */
export function mochaGlobalTeardown(): void {
  const timer = setTimeout(() => {
    const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
    console.error(`\nleaked handles keep the test run alive: ${handles.join(', ') || 'timers'}`);
    // Mocha sets the exit code while the process exits, so ours is set after it.
    process.on('exit', () => {
      process.exitCode = 1;
    });
    process.exit(1);
  }, millisecondsToExit);
  timer.unref();
}
