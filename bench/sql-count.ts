/** The SQL of a decision, from the logs of sql-log.ts: what our processes asked between sending and effect. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { median } from './figures.ts';
import type { Sample } from './measure.ts';

const logLine = z.object({ at: z.number(), ms: z.number(), sql: z.string() });

interface Statement extends z.infer<typeof logLine> {
  process: string;
}

export interface SqlCount {
  /** Medians a decision, of all processes together. */
  statements: number;
  transactions: number;
  /** Sum of the waiting for answers; statements of several processes overlap. */
  waitedMs: number;
  /** The statements of the decision whose time is the median, in order. */
  example: string[];
}

/** @param folder has the files `sql-<process>.jsonl` */
export function countSql(folder: string, samples: readonly Sample[]): SqlCount {
  const all = readLogs(folder);
  const decisions = samples.map((sample) => ({ sample, statements: within(all, sample) }));
  const middle = median(samples.map(({ seenMs }) => seenMs));
  const example = decisions.toSorted(
    (a, b) => Math.abs(a.sample.seenMs - middle) - Math.abs(b.sample.seenMs - middle),
  )[0];
  return {
    statements: median(decisions.map((each) => each.statements.length)),
    transactions: median(
      decisions.map((each) => each.statements.filter(({ sql }) => sql === 'commit').length),
    ),
    waitedMs: median(decisions.map((each) => each.statements.reduce((sum, { ms }) => sum + ms, 0))),
    example: (example?.statements ?? []).map((each) => describe(each, example?.sample.sentAt ?? 0)),
  };
}

function within(all: readonly Statement[], { sentAt, seenMs }: Sample): Statement[] {
  return all.filter(({ at }) => at >= sentAt && at <= sentAt + seenMs);
}

function describe({ process, at, ms, sql }: Statement, sentAt: number): string {
  return `${(at - sentAt).toFixed(1).padStart(6)} ms +${ms.toFixed(1).padStart(4)} ${process.padEnd(10)} ${sql}`;
}

function readLogs(folder: string): Statement[] {
  const files = readdirSync(folder).filter((name) => /^sql-.*\.jsonl$/.test(name));
  const statements = files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ ...logLine.parse(JSON.parse(line)), process: name.slice(4, -6) })),
  );
  return statements.sort((a, b) => a.at - b.at);
}
