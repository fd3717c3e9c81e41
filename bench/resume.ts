/** The suite `resume`: from HTTP approve sent to the commit's effect seen at an outside sink, ours against the base. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBase } from './base.ts';
import { compare, percentiles, type Comparison, type Pair, type Percentiles } from './figures.ts';
import { createHttp, type Http } from './http.ts';
import { decideAll, type Measured, type Sample } from './measure.ts';
import type { Options } from './options.ts';
import { startOurs, type Ours } from './ours.ts';
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
  const samples = await inTurns(stage, ours, await startBase('base', parts));
  await ours.stop();
  const all = {
    ours: samples.flatMap((each) => each.ours),
    base: samples.flatMap((each) => each.base),
  };
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
    sql: options.sql ? countSql(folder, all.ours) : null,
  };
  if (!options.defaults) return { ...result, defaults: null };
  say('the base on a Temporal server at its defaults');
  return { ...result, defaults: await atDefaults(stage) };
}

async function inTurns(
  { options, http, say }: Stage,
  ours: Ours,
  base: Side,
): Promise<{ ours: Sample[]; base: Sample[] }[]> {
  const sides = [measured(ours), measured(base)] as const;
  const samples: { ours: Sample[]; base: Sample[] }[] = [];
  try {
    for (const side of sides) await decideAll(http, side, { holds: WARM_UP, cold: false });
    for (let pair = 1; pair <= options.pairs; pair += 1) {
      const mine = await decideAll(http, sides[0], options);
      const theirs = await decideAll(http, sides[1], options);
      samples.push({ ours: mine, base: theirs });
      say(`pair ${pair} of ${options.pairs}: ours ${p50(mine)} ms, base ${p50(theirs)} ms`);
    }
    const repeated = sides.flatMap(({ sink }) => sink.repeated());
    if (repeated.length > 0) throw new Error(`more than one effect on ${repeated.join(', ')}`);
    return samples;
  } finally {
    for (const { sink } of sides) sink.close();
  }
}

async function atDefaults({ options, programs, http, folder }: Stage): Promise<Percentiles> {
  const temporal = await startTemporal(programs, folder, 'defaults');
  const base = measured(await startBase('base-defaults', { programs, http, temporal, folder }));
  try {
    await decideAll(http, base, { holds: WARM_UP, cold: false });
    return percentiles((await decideAll(http, base, options)).map(({ seenMs }) => seenMs));
  } finally {
    base.sink.close();
  }
}

function measured(side: Side): Measured {
  return { side, sink: watchRecord(side.record) };
}

function p50(samples: readonly Sample[]): string {
  return percentiles(samples.map(({ seenMs }) => seenMs)).p50.toFixed(1);
}
