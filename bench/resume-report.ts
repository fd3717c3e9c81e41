/** What `resume` says of its result: a text for people, figures for programs. */
import { z } from 'zod';
import type { Json, JsonObject } from '../domain/json.ts';
import { DRIFT_LIMIT, type Comparison, type Spread } from './figures.ts';
import type { Moment } from './history.ts';
import type { ResumeResult } from './resume.ts';
import type { Stages } from './stages.ts';

const WHAT = `resume: from "HTTP approve sent" until "effect of the commit seen", one decision at a time.
  ours   saga W3 (reason, reason with hold, commit) through POST …/approve, on Warden's own processes
  base   the same three steps hand-written on Temporal: a minimal HTTP server whose approve is one signal and then
         202, a worker process, activities that do as little; no policy, ledger, read model, deadline or search
         attribute. Same Temporal server and SDK settings, same tool of the same bundled stdio tool server.
  both   input and written note 1 KiB, reason outputs about 250 bytes; the clock starts before the request is
         written and stops when the effect's line was read from the tool server's append-only record (inotify)
  not    starting sagas, opening holds, more than one decision at a time, a remote network or database, fsync of
         Temporal's SQLite (synchronous=NORMAL), a model or tool that takes time`;

export function resumeText(result: ResumeResult): string[] {
  const { figures, options, defaults, sql } = result;
  const cache = options.cold ? 'cold: the worker was restarted before each block' : 'warm';
  const lines = [
    WHAT,
    `  store  ${result.store}`,
    `  cache  ${cache}`,
    `  ${options.pairs} pairs of ${options.holds} decisions each, A B A B`,
    '',
    ...comparisonLines('effect seen', figures),
    '',
    ...comparisonLines('202 answered', result.accepted),
    '',
    `base drift ${percent(figures.drift)}: ${figures.isVoid ? `VOID, more than ${percent(DRIFT_LIMIT)}` : 'valid'}`,
    `to reach: ratio of p50 ≤ 1.35, of p99 ≤ 1.60`,
  ];
  if (defaults !== null) {
    const { p50, p99 } = figures.ours;
    lines.push(
      `base with Temporal at its defaults: p50 ${ms(defaults.p50)}, p99 ${ms(defaults.p99)}; ` +
        `ours against that: ${(p50.median / defaults.p50).toFixed(2)}, ${(p99.median / defaults.p99).toFixed(2)}`,
    );
  }
  for (const side of ['ours', 'base'] as const) {
    lines.push('', ...stageLines(side, result.stages[side]), ...momentLines(result.temporal[side]));
  }
  lines.push('', ...cpuLines(result.cpu));
  if (sql !== null) {
    lines.push(
      '',
      `SQL between sending and effect, medians: ${sql.statements} statements, ${sql.transactions} transactions ` +
        `committed, ${ms(sql.waitedMs)} waited for answers in all. Of a middling decision:`,
      ...sql.example.map((line) => `  ${line}`),
    );
  }
  return lines;
}

function comparisonLines(title: string, { ours, base, ratio, pooled }: Comparison): string[] {
  const row = (name: string, of: Record<'p50' | 'p99', Spread>, unit: (value: number) => string) =>
    `  ${name.padEnd(6)} ${spread(of.p50, unit).padEnd(30)} ${spread(of.p99, unit)}`;
  return [
    `${title.padEnd(14)}${'p50: median [min–max] of pairs'.padEnd(31)}p99`,
    row('ours', ours, ms),
    row('base', base, ms),
    row('ratio', ratio, (value) => value.toFixed(2)),
    `  all samples together: p50 ${ms(pooled.ours.p50)} / ${ms(pooled.base.p50)} = ${pooled.ratio.p50.toFixed(2)}, ` +
      `p99 ${ms(pooled.ours.p99)} / ${ms(pooled.base.p99)} = ${pooled.ratio.p99.toFixed(2)}`,
  ];
}

function stageLines(side: string, { path, beside }: Stages): string[] {
  const row = (name: string, took: string, since: string) =>
    `  ${name.padEnd(44)}${took.padStart(9)}${since.padStart(11)}`;
  return [
    row(`where the time goes, ${side} (medians)`, 'took', 'since sent'),
    ...path.map(({ name, tookMs, sinceMs }) => row(name, ms(tookMs), ms(sinceMs))),
    ...beside.map(({ name, sinceMs }) => row(`beside it: ${name}`, '', ms(sinceMs))),
  ];
}

function cpuLines({ ours, base }: ResumeResult['cpu']): string[] {
  const total = (of: Record<string, number>) => Object.values(of).reduce((sum, each) => sum + each, 0);
  const row = (name: string, of: Record<string, number>) =>
    `  ${name.padEnd(6)}${ms(total(of)).padStart(9)}: ` +
    Object.entries(of)
      .map(([process, each]) => `${process} ${each.toFixed(1)}`)
      .join(', ');
  return [
    `processor time for each decision, the pause after it and the idle other side included: ratio ` +
      (total(ours) / total(base)).toFixed(2),
    row('ours', ours),
    row('base', base),
  ];
}

function momentLines(moments: readonly Moment[]): string[] {
  return moments.map(
    ({ name, sinceMs }) => `  ${`in Temporal: ${name}`.padEnd(53)}${ms(sinceMs).padStart(11)}`,
  );
}

/** For `--json`. */
export function resumeFigures({ options, store, ...result }: ResumeResult): JsonObject {
  const suffix = options.cold ? '_cold' : '';
  const json = (figures: Comparison): JsonObject => {
    const { pairs, ours, base, ratio, pooled, drift, isVoid } = figures;
    const side = (of: Record<'p50' | 'p99', Spread>): JsonObject => ({
      p50: of.p50.median,
      p99: of.p99.median,
      spread: { p50: [of.p50.min, of.p50.max], p99: [of.p99.min, of.p99.max] },
    });
    return {
      ...{ ours: side(ours), base: side(base), ratio: side(ratio), drift, void: isVoid },
      pooled: plain(pooled),
      pairs: plain(pairs),
    };
  };
  return {
    [`decision_to_effect${suffix}`]: {
      ...json(result.figures),
      store,
      holds: options.holds,
      stages: plain(result.stages),
      temporal: plain(result.temporal),
      base_at_server_defaults: plain(result.defaults),
      cpu_ms: plain(result.cpu),
      sql: plain(result.sql),
    },
    [`decision_to_202${suffix}`]: json(result.accepted),
  };
}

function plain(value: unknown): Json {
  return z.json().parse(JSON.parse(JSON.stringify(value)));
}

function spread({ median, min, max }: Spread, unit: (value: number) => string): string {
  return `${unit(median)} [${unit(min)}–${unit(max)}]`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
