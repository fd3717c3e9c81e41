/** The processes of a benchmark: started with an environment of their own, and ended, however the run ends. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createChildren, lastLines, type Child } from '#scripts/dev-children.mjs';
import { endProcess } from '#scripts/run-record.mjs';
import { loadEnvironment } from '../settings.ts';

/** Compiled, this file is dist/bench/programs.js. */
export const dist = join(import.meta.dirname, '..');
export const repository = join(dist, '..');

export type Programs = Awaited<ReturnType<typeof createPrograms>>;

export interface Running {
  child: Child;
  stop(): Promise<void>;
}

const STOP_MS = 15_000;

/** @param folder for logs and records; the caller removes it */
export async function createPrograms(folder: string) {
  await mkdir(folder, { recursive: true });
  const children = createChildren({
    cwd: repository,
    records: join(folder, 'records'),
    logs: join(folder, 'logs'),
  });
  const start = (
    name: string,
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Running => {
    const child = children.start(name, command, args, { ...plainEnvironment(), ...env });
    return {
      child,
      stop: async () => {
        await endProcess(child, STOP_MS);
        await child.exited;
      },
    };
  };
  return {
    start,
    /** A program of dist/. */
    node: (name: string, file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      start(name, process.execPath, [join(dist, file), ...args], env),
    stopAll: () => children.stopAll(STOP_MS),
    killAll: () => children.killAll(),
  };
}

/** Nothing that is a setting of ours reaches a process, except what it is given. */
function plainEnvironment(): Record<string, string | undefined> {
  const env = loadEnvironment();
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'WARDEN_RUN_ID'];
  return Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
}

/**
 * Looks until `look` finds something. Rejects with the end of the log when one of the processes ended, or when
 * the time is over.
 */
export async function waitFor<Found>(
  what: string,
  running: readonly Running[],
  look: () => Promise<Found | null>,
  timeoutMs = 60_000,
): Promise<Found> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await look().catch(async (error: unknown) => {
      // What could not be asked may just have died: then its log says more than this error.
      await delay(200);
      if (running.every(({ child }) => child.ended === null)) throw error;
      return null;
    });
    if (found !== null) return found;
    const ended = running.find(({ child }) => child.ended !== null)?.child;
    const late = Date.now() > until ? running[0]?.child : undefined;
    const child = ended ?? late;
    if (child !== undefined) {
      const why = child.ended === null ? `in ${timeoutMs} ms` : `(${child.ended})`;
      throw new Error(`${child.name} did not come to ${what} ${why}; its log ends:\n${lastLines(child)}`);
    }
    await delay(50);
  }
}
