/**
 * Where the time of a decision goes: timestamps that the store, the tool server and the client keep anyway, put in
 * a row. Those of the store and of the tool server are whole milliseconds, those of the store taken just after the
 * saga row was locked, so what a transaction takes after that counts for the stage that follows.
 */
import { sql } from 'kysely';
import { openStore } from '../store/store.ts';
import { median } from './figures.ts';
import type { Sample } from './measure.ts';

export interface Stage {
  name: string;
  /** Median of the time since the stage before. */
  tookMs: number;
  /** Median of the time since the decision was sent. */
  sinceMs: number;
}

/** What else happened meanwhile or after, without being waited for. */
export interface Stages {
  path: Stage[];
  beside: Omit<Stage, 'tookMs'>[];
}

interface Times {
  id: string;
  decided: number;
  told: number;
  settled: number;
  calling: number;
  outcome: number;
}

/** Read after our processes have stopped: the embedded store belongs to one process. */
export async function oursStages(
  samples: readonly Sample[],
  from: { url: string | null; directory: string },
): Promise<Stages> {
  const times = new Map((await readTimes(from)).map((each) => [each.id, each]));
  const rows = samples.flatMap((sample) => {
    const found = times.get(sample.id);
    return found ? [{ ...sample, ...found }] : [];
  });
  const path: [string, (row: Sample & Times) => number][] = [
    ['review decided (saga row locked)', (row) => row.decided],
    ['decision settled by the saga (row locked)', (row) => row.settled],
    ['calling written (row locked)', (row) => row.calling],
    ['call arrived at the tool server', (row) => row.calledAt],
    ['effect made', (row) => row.effectAt],
    ['effect seen', (row) => row.sentAt + row.seenMs],
  ];
  return {
    path: inARow(rows, path),
    beside: [
      { name: '202 answered', sinceMs: median(rows.map((row) => row.acceptedMs)) },
      { name: 'Temporal told, and that noted', sinceMs: median(rows.map((row) => row.told - row.sentAt)) },
      { name: 'result recorded (row locked)', sinceMs: median(rows.map((row) => row.outcome - row.sentAt)) },
    ],
  };
}

export function baseStages(samples: readonly Sample[]): Stages {
  return {
    path: inARow(samples, [
      ['call arrived at the tool server', (row) => row.calledAt],
      ['effect made', (row) => row.effectAt],
      ['effect seen', (row) => row.sentAt + row.seenMs],
    ]),
    beside: [{ name: '202 answered', sinceMs: median(samples.map((row) => row.acceptedMs)) }],
  };
}

function inARow<Row extends Sample>(
  rows: readonly Row[],
  stages: readonly [string, (row: Row) => number][],
): Stage[] {
  return stages.map(([name, at], index) => {
    const before = stages[index - 1]?.[1] ?? ((row: Row) => row.sentAt);
    return {
      name,
      tookMs: median(rows.map((row) => at(row) - before(row))),
      sinceMs: median(rows.map((row) => at(row) - row.sentAt)),
    };
  });
}

async function readTimes({ url, directory }: { url: string | null; directory: string }): Promise<Times[]> {
  const store = await openStore({ url: url ?? undefined, directory });
  const ms = (column: string) => sql<number>`(extract(epoch from ${sql.ref(column)}) * 1000)::float8`;
  try {
    return await store.db
      .selectFrom('requests')
      .innerJoin('reviews', (join) =>
        join
          .onRef('reviews.trace_id', '=', 'requests.trace_id')
          .onRef('reviews.span_id', '=', 'requests.span_id')
          .onRef('reviews.iteration', '=', 'requests.iteration'),
      )
      .innerJoin('executions', 'executions.trace_id', 'requests.trace_id')
      .where('requests.kind', '=', 'approve')
      .where('executions.tool', 'is not', null)
      .select([
        'requests.trace_id as id',
        ms('reviews.decided_at').as('decided'),
        ms('requests.delivered_at').as('told'),
        ms('requests.consumed_at').as('settled'),
        ms('executions.calling_at').as('calling'),
        ms('executions.outcome_at').as('outcome'),
      ])
      .execute();
  } finally {
    await store.close();
  }
}
