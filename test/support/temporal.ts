/** Real Temporal development servers for tests, with the flags of the development stack. */
import { rm } from 'node:fs/promises';
import { freePort } from '../../scripts/ports.mjs';
import { findProgram } from '../../scripts/temporal-binaries.mjs';
import { prepareServer, serverArguments } from '../../scripts/temporal-server.mjs';
import { loadEnvironment } from '../../settings.ts';
import { startProgram } from './processes.ts';

export interface TemporalOptions {
  /** Left out: a free one. */
  port?: number;
  /** Left out: state in memory, which does not outlive `restart`. */
  stateFile?: string;
  /** Dynamic configuration beyond that of the development stack: `name=value`. */
  config?: readonly string[];
}

/** Configuration with which it suggests that a workflow goes on in a new run after so many events, not thousands. */
export function shortRuns(events: number): string[] {
  return [
    `limit.historyCount.suggestContinueAsNew=${events}`,
    // Else a run that lasts less than a second is followed by a pause; one of thousands of events lasts longer.
    'history.workflowIdReuseMinimalInterval="0s"',
  ];
}

export type TemporalServer = Awaited<ReturnType<typeof startTemporal>>;

/** Starts a server and waits until it answers. The caller stops it. */
export async function startTemporal(options: TemporalOptions = {}) {
  const cli = await temporalCli();
  const port = options.port ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const args = [
    ...serverArguments({ port, uiPort: null, stateFile: options.stateFile ?? null }),
    ...(options.config ?? []).flatMap((value) => ['--dynamic-config-value', value]),
  ];
  const start = async () => {
    const started = startProgram('temporal', cli, args);
    await prepareServer({ cli, address, timeoutMs: 120_000, gone: started.hasExited }).catch(
      async (error: unknown) => {
        await started.stop();
        throw new Error(`no Temporal server for this test: ${started.output()}`, { cause: error });
      },
    );
    return started;
  };
  let running = await start();
  return {
    address,
    port,
    /** Path of the Temporal CLI. */
    cli,
    output: () => running.output(),
    /** kill -9. */
    kill: () => running.kill(),
    stop: () => running.stop(),
    /** Starts it again on the same port and state, after `kill` or `stop`. */
    restart: async () => {
      if (!running.hasExited()) await running.stop();
      running = await start();
    },
  };
}

let shared: Promise<TemporalServer> | null = null;

/** One server for all tests of this mocha process that do not stop it themselves; ended with the run. */
export function sharedTemporal(): Promise<TemporalServer> {
  shared ??= startTemporal();
  return shared;
}

/** Called once, after all tests. */
export async function stopSharedTemporal(): Promise<void> {
  const server = await shared?.catch(() => null);
  shared = null;
  await server?.stop();
}

/** Path of the Temporal CLI, for tests that type commands as an operator does. */
export async function temporalCli(): Promise<string> {
  return await findProgram('cli', { env: loadEnvironment(), say: () => undefined });
}

/** Path of the time-skipping test server. */
export async function timeSkippingServer(): Promise<string> {
  return await findProgram('test-server', { env: loadEnvironment(), say: () => undefined });
}

/** Removes a state file with what SQLite keeps beside it. */
export async function removeState(stateFile: string): Promise<void> {
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(stateFile + end, { force: true })));
}
