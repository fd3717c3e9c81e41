/**
 * How every Temporal development server of this project is started: the stack's and the tests' alike.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Search attributes of a saga; the worker process registers them too when they are missing. */
export const searchAttributes = {
  WardenStatus: 'Keyword',
  WardenNamespace: 'Keyword',
  WardenSaga: 'Keyword',
  WardenProject: 'Keyword',
  WardenStep: 'Keyword',
  WardenDue: 'Datetime',
};

/** How long the development server keeps ended sagas: its own default is one day. */
export const retention = '720h';

/**
 * Arguments for the Temporal CLI.
 *
 * @param {{ port: number, uiPort: number | null, stateFile: string | null }} options `uiPort` null: no Web UI;
 *   `stateFile` null: state is kept in memory
 * @returns {string[]}
 */
export function serverArguments({ port, uiPort, stateFile }) {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    ...(stateFile === null ? [] : ['--db-filename', stateFile, ...pragmas]),
    ...dynamicConfig,
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}

const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];

// The server's own rate of 20 polls a second on its one shard is a tick of 50 ms on every hop: measured, decision
// to effect p50 40 -> 15 ms and 12 -> 37 sagas a second; 250 and 2,000 were worse again.
const dynamicConfig = [
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=100'],
  ...['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=100'],
];

/**
 * Waits until the server answers, and sets how long its default namespace keeps ended workflows.
 *
 * @param {{ cli: string, address: string, timeoutMs: number, gone?: () => boolean }} options `gone` says that
 *   the server's process has ended, so that waiting is over at once
 * @throws {Error} when it does not answer in time
 */
export async function prepareServer({ cli, address, timeoutMs, gone = () => false }) {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      await run(cli, [
        'operator',
        'namespace',
        'update',
        '--address',
        address,
        '-n',
        'default',
        '--retention',
        retention,
      ]);
      return;
    } catch (error) {
      if (gone()) throw new Error(`the Temporal development server ended before it answered at ${address}`);
      if (Date.now() > until) {
        throw new Error(
          `the Temporal development server did not answer at ${address} within ${timeoutMs} ms: ${error.stderr ?? error.message}`,
        );
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
