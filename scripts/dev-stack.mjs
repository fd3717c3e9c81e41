/**
 * One development stack: a Temporal server, and on it either one process with the embedded store or a worker
 * process and an API on PostgreSQL. Everything that it keeps is in its state folder, which one stack at a time
 * holds; what a killed stack left running there is ended before anything is started.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createChildren, lastLines } from './dev-children.mjs';
import { takeLock } from './dev-lock.mjs';
import { root } from './dev-prepare.mjs';
import { untilReady } from './dev-ready.mjs';
import { isFree } from './ports.mjs';
import { endLeftovers } from './run-record.mjs';
import { findProgram } from './temporal-binaries.mjs';
import { prepareServer, serverArguments } from './temporal-server.mjs';

const run = promisify(execFile);

const secondsToStart = 90;
const millisecondsToEnd = 10_000;

/**
 * @typedef {object} Plan
 * @property {string} state folder of the stack's state, logs and records
 * @property {string} host
 * @property {{ api: number, temporal: number, ui: number | null }} ports
 * @property {boolean} postgres a worker process and an API instead of one process with both
 * @property {Record<string, string | undefined>} env of the processes
 * @property {() => Promise<void>} prepare called when nothing runs on the folder (any more)
 */

/**
 * Makes a stack; nothing is started yet.
 * @param {Plan} plan
 * @param {(line: string) => void} say
 * @throws {Error} when another stack holds the folder
 */
export function createStack(plan, say) {
  const { state, host, ports } = plan;
  const lock = takeLock(join(state, 'stack.lock'));
  if (lock.kind === 'held') {
    throw new Error(
      `a stack already runs on ${state} (process ${lock.pid}); use that one, or stop it with Ctrl-C (or: kill ${lock.pid})`,
    );
  }
  const records = join(state, 'run');
  const children = createChildren({ cwd: root, records, logs: join(state, 'logs') });
  const api = `http://${host.includes(':') ? `[${host}]` : host}:${ports.api}`;
  let stopping = null;
  const checkpoint = () => {
    if (stopping !== null) throw new Error('stopped while it was starting');
  };

  async function start() {
    // They can be told before anything is ended or started.
    throwProblems(problemsOfPorts(portsOf(plan)));
    await endLeftovers(records, say);
    throwProblems(await portsInUse(portsOf(plan)));
    await plan.prepare();
    checkpoint();
    const address = `127.0.0.1:${ports.temporal}`;
    await startTemporal(plan, children, address, say);
    checkpoint();
    const env = { ...plan.env, TEMPORAL_ADDRESS: address, WARDEN_API_PORT: String(ports.api) };
    for (const [name, entry] of entriesOf(plan)) {
      children.start(name, process.execPath, ['--enable-source-maps', join(root, 'dist', entry)], env);
    }
    await awaitWarden(`${api}/v1/ready`, children, checkpoint, say);
  }

  async function end() {
    await children.stopAll(millisecondsToEnd);
    lock.release();
  }

  return {
    api,
    ui: ports.ui === null ? null : `http://127.0.0.1:${ports.ui}`,
    start,
    /** Ends every process; answers when all have ended. Called again it waits for the same end. */
    stop: () => (stopping ??= end()),
    killAll: children.killAll,
    children: children.all,
  };
}

function entriesOf({ postgres }) {
  const separate = [
    ['api', 'api/server.js'],
    ['worker', 'worker.js'],
  ];
  return postgres ? separate : [['warden', 'standalone.js']];
}

/** The ports of a stack, each with the variable that sets it. */
function portsOf({ ports, host }) {
  const temporal = '127.0.0.1';
  return [
    { name: 'WARDEN_API_PORT', port: ports.api, address: host, what: 'the API' },
    { name: 'TEMPORAL_PORT', port: ports.temporal, address: temporal, what: 'Temporal' },
    { name: 'TEMPORAL_UI_PORT', port: ports.ui, address: temporal, what: 'Temporal’s Web UI' },
  ].filter(({ port }) => port !== null);
}

/** A port that two want would be found by neither before both have started: each is free until then. */
function problemsOfPorts(wanted) {
  return wanted.flatMap(({ name, port, what }, at) => {
    if (port === 0) {
      return [`${name} is 0, any free port, and nobody would know where ${what} is: set it to a free port`];
    }
    return wanted
      .slice(0, at)
      .filter((other) => other.port === port)
      .map((other) => `${other.name} and ${name} are both ${port}: set one of them to another port`);
  });
}

async function portsInUse(wanted) {
  const free = await Promise.all(wanted.map(({ port, address }) => isFree(port, address)));
  return wanted
    .filter((_, at) => !free[at])
    .map(
      ({ name, port, what }) =>
        `port ${port} for ${what} is in use by another program: end that, or set ${name} to a free port`,
    );
}

function throwProblems(problems) {
  if (problems.length > 0) throw new Error(problems.join('\nERROR: '));
}

async function startTemporal({ state, ports, env }, children, address, say) {
  const cli = await findProgram('cli', { env, say });
  const { stdout } = await run(cli, ['--version']);
  const version = /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'unknown';
  mkdirSync(state, { recursive: true });
  // The server does not migrate its state file from version to version: each has its own.
  const stateFile = join(state, `temporal-${version}.db`);
  const began = Date.now();
  const options = { port: ports.temporal, uiPort: ports.ui, stateFile };
  const server = children.start('temporal', cli, serverArguments(options), env);
  try {
    const gone = () => server.ended !== null;
    await prepareServer({ cli, address, timeoutMs: secondsToStart * 1000, gone });
  } catch (error) {
    throw new Error(`${error.message}\n${lastLines(server)}`, { cause: error });
  }
  say(`Temporal ${version} answers at ${address} (${secondsSince(began)} s).`);
}

async function awaitWarden(url, children, checkpoint, say) {
  const began = Date.now();
  const look = () => {
    checkpoint();
    throwWhenEnded(children.all());
  };
  const last = await untilReady(url, { seconds: secondsToStart, look });
  if (last === null) {
    say(`Warden is ready (${secondsSince(began)} s).`);
    return;
  }
  const logs = children.all().map((child) => `--- ${child.name}\n${lastLines(child, 10)}`);
  throw new Error(
    `Warden was not ready after ${secondsToStart} s; ${url} answered: ${last}\n${logs.join('\n')}`,
  );
}

/** @throws {Error} that shows the log's end of a child that ended by itself */
export function throwWhenEnded(children) {
  const child = children.find(({ ended }) => ended !== null);
  if (child === undefined) return;
  throw new Error(`${child.name} ended by itself (${child.ended}). Its last lines:\n${lastLines(child)}`);
}

function secondsSince(began) {
  return ((Date.now() - began) / 1000).toFixed(1);
}
