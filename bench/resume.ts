/** The suite `resume`: from HTTP approve sent to the commit's effect seen at an outside sink, ours against the base. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workflowId } from '../workflows/messages.ts';
import { startBase } from './base.ts';
import { compare, median, percentiles, type Comparison, type Pair, type Percentiles } from './figures.ts';
import { temporalMoments, type Moment } from './history.ts';
import { createHttp, type Http } from './http.ts';
import { decideAll, type Block, type Measured, type Sample } from './measure.ts';
import type { Options } from './options.ts';
import { startOurs } from './ours.ts';
import { openPostgres, type Postgres } from './postgres.ts';
import { createPrograms, type Programs } from './programs.ts';
import type { Side } from './side.ts';
import { watchRecord } from './sink.ts';
import { countSql, type SqlCount } from './sql-count.ts';
import { baseStages, oursStages, type Stages } from './stages.ts';
import { startTemporal } from './temporal.ts';

export interface ResumeResult {
  options: Options;
  store: string;
  figures: Comparison;
  /** HTTP approve sent to 202, which is the base's time for one call of Temporal. */
  accepted: Comparison;
  stages: { ours: Stages; base: Stages };
  /** The same, as Temporal's histories tell it. */
  temporal: { ours: Moment[]; base: Moment[] };
  /** Processor time for each decision, in milliseconds, by process. */
  cpu: { ours: Record<string, number>; base: Record<string, number> };
  sql: SqlCount | null;
  /** The base on a Temporal server at its defaults. */
  defaults: Percentiles | null;
}

interface Stage {
  options: Options;
  programs: Programs;
  http: Http;
  folder: string;
  postgres: Postgres | null;
  say: (line: string) => void;
}

/** Decisions before the first pair, not counted: processes compile their code, connections open. */
const WARM_UP = 15;

/** Runs the suite and leaves nothing running. Rejects when a decision took no effect, or took it twice. */
export async function resume(options: Options, say: (line: string) => void): Promise<ResumeResult> {
  const folder = await mkdtemp(join(tmpdir(), 'warden-bench-'));
  const programs = await createPrograms(folder);
  const http = createHttp();
  const { store } = options;
  let postgres: Postgres | null = null;
  const interrupted = () => programs.killAll();
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    postgres = store.kind === 'postgres' ? await openPostgres(store.url) : null;
    return await measure({ options, programs, http, folder, postgres, say });
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    http.close();
    await programs.stopAll();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(stage: Stage): Promise<ResumeResult> {
  const { options, programs, http, folder, postgres, say } = stage;
  const temporal = await startTemporal(programs, folder, 'stack');
  const databaseUrl = postgres?.url ?? null;
  const parts = { programs, http, temporal, folder };
  const ours = await startOurs({ ...parts, databaseUrl, logsSql: options.sql });
  const base = await startBase('base', parts);
  const shared = { temporal: temporal.running.child.pid };
  const pid = postgres?.pid ?? null;
  const database: Record<string, number> = pid === null ? {} : { postgres: pid };
  const { samples, cpu } = await inTurns(
    stage,
    measured(ours, () => ({ ...ours.pids(), ...database, ...shared })),
    measured(base, () => ({ ...base.pids(), ...shared })),
  );
  await ours.stop();
  const all = {
    ours: samples.flatMap((each) => each.ours),
    base: samples.flatMap((each) => each.base),
  };
  const { address } = temporal;
  const pairs = (time: (sample: Sample) => number): Pair[] =>
    samples.map(({ ours, base }) => ({ ours: ours.map(time), base: base.map(time) }));
  const result = {
    options,
    store: postgres?.description ?? 'PGlite, one standalone process (no fsync)',
    figures: compare(pairs((sample) => sample.seenMs)),
    accepted: compare(pairs((sample) => sample.acceptedMs)),
    stages: {
      ours: await oursStages(all.ours, { url: databaseUrl, directory: ours.data }),
      base: baseStages(all.base),
    },
    temporal: {
      ours: await temporalMoments(address, all.ours, workflowId),
      base: await temporalMoments(address, all.base, (id) => id),
    },
    cpu,
    sql: options.sql ? countSql(folder, all.ours) : null,
  };
  if (!options.defaults) return { ...result, defaults: null };
  say('the base on a Temporal server at its defaults');
  return { ...result, defaults: await atDefaults(stage) };
}

interface Turns {
  samples: { ours: Sample[]; base: Sample[] }[];
  cpu: ResumeResult['cpu'];
}

async function inTurns({ options, http, say }: Stage, ours: Measured, base: Measured): Promise<Turns> {
  const blocks: { ours: Block; base: Block }[] = [];
  try {
    const holds = Math.min(WARM_UP, options.holds);
    for (const side of [ours, base]) await decideAll(http, side, { holds, cold: false });
    for (let pair = 1; pair <= options.pairs; pair += 1) {
      const mine = await decideAll(http, ours, options);
      const theirs = await decideAll(http, base, options);
      blocks.push({ ours: mine, base: theirs });
      say(`pair ${pair} of ${options.pairs}: ours ${p50(mine.samples)} ms, base ${p50(theirs.samples)} ms`);
    }
    const repeated = [ours, base].flatMap(({ sink }) => sink.repeated());
    if (repeated.length > 0) throw new Error(`more than one effect on ${repeated.join(', ')}`);
  } finally {
    for (const { sink } of [ours, base]) sink.close();
  }
  return {
    samples: blocks.map((each) => ({ ours: each.ours.samples, base: each.base.samples })),
    cpu: { ours: cpuEach(blocks.map((each) => each.ours)), base: cpuEach(blocks.map((each) => each.base)) },
  };
}

/** Median over the blocks of what a decision took. */
function cpuEach(blocks: readonly Block[]): Record<string, number> {
  const names = Object.keys(blocks[0]?.cpu ?? {});
  const each = (name: string) => blocks.map(({ cpu, samples }) => (cpu[name] ?? 0) / samples.length);
  return Object.fromEntries(names.map((name) => [name, median(each(name))]));
}

async function atDefaults({ options, programs, http, folder }: Stage): Promise<Percentiles> {
  const temporal = await startTemporal(programs, folder, 'defaults');
  const base = measured(await startBase('base-defaults', { programs, http, temporal, folder }), () => ({}));
  try {
    await decideAll(http, base, { holds: WARM_UP, cold: false });
    return percentiles((await decideAll(http, base, options)).samples.map(({ seenMs }) => seenMs));
  } finally {
    base.sink.close();
  }
}

function measured(side: Side, processes: Measured['processes']): Measured {
  return { side, processes, sink: watchRecord(side.record) };
}

function p50(samples: readonly Sample[]): string {
  return percentiles(samples.map(({ seenMs }) => seenMs)).p50.toFixed(1);
}
