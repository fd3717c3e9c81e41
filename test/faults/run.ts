/**
 * A load of random sagas while processes are killed, and the judgement on each of them. PostgreSQL, two worker
 * processes, one API, one Temporal: all real, all killed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import { fixtures, type RecordLine } from '../support/stack.ts';
import { shortRuns, startTemporal } from '../support/temporal.ts';
import { judge } from './checker.ts';
import { startKills, type KillOptions, type Kills } from './kills.ts';
import { judgeLedger } from './ledger.ts';
import { createPerson, insist, type Person } from './person.ts';
import { createRandom, randomSaga } from './plan.ts';

export interface FaultOptions {
  /** Temporal suggests a new run after so many events; left out: after thousands, as in earnest. */
  suggestAfter?: number;
  seed: number;
  /** The load ends with this many sagas, or after this time, whichever comes first. */
  sagas: number;
  minutes: number;
  /** Sagas in flight at a time. */
  atOnce: number;
  kills: KillOptions;
  say(line: string): void;
}

export interface Report {
  sagas: number;
  ends: Record<string, number>;
  kills: Record<string, number>;
  asked: Record<string, number>;
  violations: string[];
}

/** Tools that take their time are killed in the middle. */
const TOOLS = ['put_note', 'write_note', 'restore_note'];
const SLOW = { delay_before_ms: 150, delay_after_ms: 150 };

/** In flight for longer than this, with everything running again: it is lost. */
const DRAIN_MS = 180_000;

export async function runFaults(options: FaultOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'warden-faults-'));
  const config = options.suggestAfter === undefined ? [] : shortRuns(options.suggestAfter);
  const temporal = await startTemporal({ stateFile: join(folder, 'temporal.db'), config });
  const url = options.kills.store === 'pglite' ? {} : { url: await createDatabase('faults') };
  const cluster = await createCluster({ temporal: temporal.address, ...url });
  cluster.rehearse(Object.fromEntries(TOOLS.map((tool) => [tool, SLOW])));
  try {
    const kills = await startKills(cluster, temporal, createRandom(options.seed + 1), options.kills);
    try {
      return await load(cluster, options, kills);
    } finally {
      await kills.stop();
    }
  } finally {
    await cluster.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function load(cluster: Cluster, options: FaultOptions, kills: Kills): Promise<Report> {
  const random = createRandom(options.seed);
  const person = createPerson(cluster.http, createRandom(options.seed + 2));
  await insist(() => cluster.http.deploy(readFileSync(join(fixtures, 'manifests', 'worker.yaml'), 'utf8')));
  const report: Report = {
    sagas: 0,
    ends: {},
    kills: kills.counts,
    asked: person.journal.asked,
    violations: [],
  };
  const inFlight = new Set<string>();
  const until = Date.now() + options.minutes * 60_000;
  let told = 0;
  let drainBy: number | null = null;
  const starting = () =>
    drainBy === null && report.sagas < options.sagas && Date.now() < until && !kills.isDone();
  while (starting() || inFlight.size > 0) {
    if (starting()) await startMore();
    else drainBy ??= await draining();
    await person.look();
    await collect(cluster, person, inFlight, report);
    if (Date.now() - told > 10_000) {
      told = Date.now();
      options.say(progress(report, inFlight.size, person));
    }
    if (drainBy !== null && Date.now() > drainBy) {
      report.violations.push(...[...inFlight].map((id) => `saga ${id} does not end`));
      break;
    }
    await delay(200);
  }
  report.violations.push(...person.journal.violations, ...(await judgeLedger(cluster, person)));
  return report;

  async function startMore(): Promise<void> {
    while (inFlight.size < options.atOnce && starting()) {
      report.sagas += 1;
      inFlight.add(await person.start(randomSaga(random, `faults-${options.seed}-${report.sagas}`)));
    }
  }

  async function draining(): Promise<number> {
    await kills.stop();
    return Date.now() + DRAIN_MS;
  }
}

function progress({ sagas, kills, violations }: Report, inFlight: number, { journal }: Person): string {
  const killed = Object.entries(kills).map(([name, count]) => `${count} ${name}`);
  const wrong = violations.length + journal.violations.length;
  return `${sagas} sagas, ${inFlight} in flight, killed ${killed.join(', ')}, ${wrong} violations`;
}

/** Judges the sagas that have ended. */
async function collect(
  cluster: Cluster,
  person: Person,
  inFlight: Set<string>,
  report: Report,
): Promise<void> {
  const open = new Set<string>();
  for (let offset = 0; ; offset += 100) {
    const page = await insist(() => cluster.http.listSagas({ in_flight: true, limit: 100, offset }));
    for (const { trace_id } of page.items) open.add(trace_id);
    if (page.items.length < 100) break;
  }
  const over = [...inFlight].filter((traceId) => !open.has(traceId));
  if (over.length === 0) return;
  const record = cluster.record();
  for (const traceId of over) {
    inFlight.delete(traceId);
    const { status, violations } = await look(cluster, person, traceId, record);
    report.ends[status] = (report.ends[status] ?? 0) + 1;
    report.violations.push(...violations);
  }
}

async function look(cluster: Cluster, { plans }: Person, traceId: string, record: readonly RecordLine[]) {
  const plan = plans.get(traceId);
  const { items } = await insist(() => cluster.http.listSagas({ trace_id: traceId }));
  const [saga] = items;
  if (!plan || !saga) return { status: 'unknown', violations: [`saga ${traceId} is not there any more`] };
  const { items: steps } = await insist(() => cluster.http.listSteps({ trace_id: traceId, limit: 100 }));
  const violations = judge(plan, {
    traceId,
    status: saga.status,
    code: saga.failure?.code ?? null,
    steps,
    record: record.filter((line) => (line.key ?? '').startsWith(traceId)),
    note: (path) => {
      const file = join(cluster.notes.folder, path);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
  });
  return { status: saga.status, violations };
}
