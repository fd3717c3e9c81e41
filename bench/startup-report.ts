/** What `startup` says of its result: a text for people, figures for programs. */
import type { JsonObject } from '../domain/json.ts';
import { median } from './figures.ts';
import type { Started, StartupResult, Subject } from './startup.ts';

const WHAT = `startup: from starting the process until it is ready, one process at a time, in turns.
  API      answers, which it does when its store is open and at its newest migration (looked at every 5 ms)
  list     the first answer to GET /v1/sagas, asked every 5 ms from the start
  worker   polls Temporal, with the prebuilt workflow bundle, on PostgreSQL
  help     the command has ended
  not      migrations, and files that are not in the system's memory: one start of each was made before`;

export function startupText(result: StartupResult): string[] {
  const { before, after } = result.load;
  return [
    WHAT,
    `  ${result.postgres}; PGlite on the disk of the temporary folder`,
    `  load average ${before.toFixed(1)} before, ${after.toFixed(1)} after; medians [min–max] of ${result.runs} runs`,
    '',
    `  ${'seconds'.padEnd(24)}${'ready'.padEnd(20)}${'to reach'.padEnd(10)}processor time`,
    ...result.subjects.map(line),
    '',
    `  first start of standalone, which creates the store: ${seconds(result.created.tookMs)}`,
  ];
}

function line({ name, toReach, samples }: Subject): string {
  const took = samples.map(({ tookMs }) => tookMs);
  const spread = `${seconds(median(took))} [${seconds(Math.min(...took))}–${seconds(Math.max(...took))}]`;
  const used = cpuOf(samples);
  return (
    `  ${name.padEnd(24)}${spread.padEnd(20)}${(toReach === null ? '' : seconds(toReach)).padEnd(10)}` +
    (used === null ? '' : seconds(used))
  );
}

/** null: it is not known of all. */
function cpuOf(samples: readonly Started[]): number | null {
  const used = samples.flatMap(({ cpuMs }) => (cpuMs === null ? [] : [cpuMs]));
  return used.length === samples.length ? median(used) : null;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

/** For `--json`. */
export function startupFigures({ postgres, runs, load, created, subjects }: StartupResult): JsonObject {
  return {
    postgres,
    runs,
    load,
    created: { ...created },
    subjects: subjects.map(({ name, toReach, samples }) => ({
      name,
      toReach,
      medianMs: median(samples.map(({ tookMs }) => tookMs)),
      cpuMs: cpuOf(samples),
      samples: samples.map((each) => ({ ...each })),
    })),
  };
}
