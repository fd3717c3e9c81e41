/** How long it takes from starting a process until it is ready, and until the command line has said what it can do. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '#scripts/ports.mjs';
import { lastLines } from '#scripts/dev-children.mjs';
import { cpuMs } from './cpu.ts';
import { createHttp, type Http } from './http.ts';
import type { Options } from './options.ts';
import { openPostgres } from './postgres.ts';
import { createPrograms, type Programs, type Running } from './programs.ts';
import { startTemporal } from './temporal.ts';

export interface Started {
  /** From before the process is started until it was seen to be ready. */
  tookMs: number;
  /** Processor time of all its threads until then, in ticks of 10 ms; null: it has ended, or there is no /proc. */
  cpuMs: number | null;
}

export interface Subject {
  name: string;
  /** Milliseconds; null: measured only. */
  toReach: number | null;
  samples: Started[];
}

export interface StartupResult {
  postgres: string;
  runs: number;
  /** Of the last minute, before and after. */
  load: { before: number; after: number };
  /** The start that creates the embedded store. */
  created: Started;
  subjects: Subject[];
}

interface Stage {
  programs: Programs;
  http: Http;
  env: Readonly<Record<string, string>>;
  /** Where the API under measurement answers. */
  url: string;
  data: string;
  databaseUrl: string;
}

/** Ready is noticed this much too late at most, and looking costs next to nothing. */
const LOOK_MS = 5;
const GIVE_UP_MS = 60_000;

/** Runs the suite and leaves nothing running. Rejects when a process did not become ready. */
export async function startup({ runs, store }: Options, say: (line: string) => void): Promise<StartupResult> {
  const folder = await mkdtemp(join(tmpdir(), 'warden-bench-'));
  const programs = await createPrograms(folder);
  const http = createHttp();
  const interrupted = () => programs.killAll();
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const postgres = await openPostgres(store.kind === 'postgres' ? store.url : null);
  try {
    const temporal = await startTemporal(programs, folder, 'stack');
    const port = await freePort();
    const env = { TEMPORAL_ADDRESS: temporal.address, WARDEN_API_PORT: String(port) };
    const url = `http://127.0.0.1:${port}`;
    const stage = { programs, http, env, url, data: join(folder, 'data'), databaseUrl: postgres.url };
    return { postgres: postgres.description, runs, ...(await measure(stage, runs, say)) };
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    http.close();
    await programs.stopAll();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(stage: Stage, runs: number, say: (line: string) => void) {
  const subjects: (Subject & { start: () => Promise<Started> })[] = [
    { name: 'API, PGlite reopened', toReach: 500, samples: [], start: () => startApi(stage, 'standalone') },
    { name: 'API, PostgreSQL', toReach: 500, samples: [], start: () => startApi(stage, 'api') },
    {
      name: 'first list, PGlite',
      toReach: null,
      samples: [],
      start: () => startApi(stage, 'standalone', LIST),
    },
    { name: 'worker process', toReach: 1500, samples: [], start: () => startWorker(stage, 'worker') },
    {
      name: 'worker of standalone',
      toReach: null,
      samples: [],
      start: () => startWorker(stage, 'standalone'),
    },
    { name: 'warden --help', toReach: 150, samples: [], start: () => runHelp(stage) },
  ];
  const load = { before: loadavg()[0] ?? NaN };
  const created = await startApi(stage, 'standalone');
  // Creates the tables, and brings what is read into memory. Not counted.
  for (const { start } of subjects) await start();
  for (let run = 1; run <= runs; run += 1) {
    for (const { samples, start } of subjects) samples.push(await start());
    const took = subjects.map(({ name, samples }) => `${name} ${samples.at(-1)?.tookMs.toFixed(0) ?? '?'}`);
    say(`run ${run} of ${runs}: ${took.join(', ')} ms`);
  }
  const plain = subjects.map(({ name, toReach, samples }) => ({ name, toReach, samples }));
  return { load: { ...load, after: loadavg()[0] ?? NaN }, created, subjects: plain };
}

const HEALTH = '/v1/health';
const LIST = '/v1/sagas?limit=1';

/** An API listens when its store is open and at its newest migration. */
async function startApi(stage: Stage, which: 'standalone' | 'api', path = HEALTH): Promise<Started> {
  // A connection kept open to a process that has ended is of no use.
  stage.http.close();
  const look = () =>
    stage.http.send('GET', `${stage.url}${path}`, null, 200).then(
      () => true,
      () => false,
    );
  return await timed(() => start(stage, which), look);
}

/** Ready is a worker that polls, by its own log. */
async function startWorker(stage: Stage, which: 'standalone' | 'worker'): Promise<Started> {
  const look = async ({ child }: Running) => (await readFile(child.log, 'utf8')).includes('"worker ready"');
  return await timed(() => start(stage, which), look);
}

async function runHelp({ programs }: Stage): Promise<Started> {
  const before = performance.now();
  const running = programs.node('help', 'cli/warden.js', ['--help']);
  await running.child.exited;
  const tookMs = performance.now() - before;
  if (running.child.ended !== 'exit code 0') throw new Error(`warden --help: ${lastLines(running.child)}`);
  return { tookMs, cpuMs: null };
}

const FILES = { standalone: 'standalone.js', api: 'api/server.js', worker: 'worker.js' };

function start({ programs, env, data, databaseUrl }: Stage, which: keyof typeof FILES): Running {
  const store: Record<string, string> =
    which === 'standalone' ? { WARDEN_DATA_DIR: data } : { DATABASE_URL: databaseUrl };
  return programs.node(which, FILES[which], [], { ...env, ...store });
}

async function timed(begin: () => Running, look: (running: Running) => Promise<boolean>): Promise<Started> {
  const before = performance.now();
  const running = begin();
  const { child } = running;
  while (!(await look(running))) {
    if (child.ended === null && performance.now() - before < GIVE_UP_MS) await delay(LOOK_MS);
    else throw new Error(`${child.name} did not become ready; its log ends:\n${lastLines(child)}`);
  }
  const tookMs = performance.now() - before;
  const used = cpuMs({ started: child.pid })['started'] ?? null;
  await running.stop();
  return { tookMs, cpuMs: used };
}
