/** The life of a process: started with settings that were checked, ended in order by SIGTERM or SIGINT. */
import type { Logger } from 'pino';
import {
  loadEnvironment,
  readSettings,
  SettingsError,
  type Environment,
  type Settings,
} from '../settings.ts';
import { createLog } from './log.ts';

export interface Started {
  /** Rejects when the process cannot go on. */
  failed: Promise<void>;
  stop(): Promise<void>;
}

/** More than every part of a process takes to end. */
const STOP_MS = 30_000;

/**
 * Runs `start` and ends the process by signals: what it started is stopped in order. Exit codes: 0 stopped, 1 it
 * could not start or go on, 2 settings that cannot be used.
 */
export async function runProcess(
  name: string,
  start: (settings: Settings, env: Environment, log: Logger) => Promise<Started>,
): Promise<void> {
  const read = settingsOrNull();
  if (read === null) return;
  const { env, settings } = read;
  const log = createLog(name, settings.logLevel);
  for (const warning of settings.warnings) log.warn({}, warning);
  const asked = signalled();
  try {
    const started = await start(settings, env, log);
    const signal = await Promise.race([asked, started.failed.then(() => null)]);
    if (signal) log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await started.stop();
  } catch (error) {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
  // What a library left open must not keep a process that has stopped.
  setTimeout(() => process.exit(), 2_000).unref();
}

function settingsOrNull(): { env: Environment; settings: Settings } | null {
  try {
    const env = loadEnvironment();
    return { env, settings: readSettings(env) };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return null;
  }
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}
