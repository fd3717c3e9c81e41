/** The command line of the benchmarks. */
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../settings.ts';

export interface Options {
  suites: string[];
  pairs: number;
  holds: number;
  /** Starts of each process. */
  runs: number;
  cold: boolean;
  /** Also counts the SQL of each decision. */
  sql: boolean;
  /** Also measures the base on a Temporal server at its defaults. */
  defaults: boolean;
  json: string | null;
  store: { kind: 'pglite' } | { kind: 'postgres'; url: string | null };
}

export const usage = `npm run bench -- resume [--pairs N] [--holds N] [--cold] [--store pglite|postgres] [--sql] [--no-defaults] [--json FILE]
npm run bench -- startup [--runs N] [--json FILE]

  --pairs N      blocks of ours and of the base, in turns (5)
  --holds N      decisions in each block (20)
  --cold         the worker is restarted before each block, so that no workflow is cached
  --store        default: postgres when DATABASE_URL is set, else pglite; postgres without DATABASE_URL starts one
  --sql          logs and counts the SQL of each decision; slows ours a little
  --runs N       starts of each process, after one that is not counted (7)
  --no-defaults  leaves out the base on a Temporal server without the flags of the development stack
  --json FILE    writes the figures`;

/** @throws {Error} that says what was expected */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      pairs: { type: 'string', default: '5' },
      holds: { type: 'string', default: '20' },
      runs: { type: 'string', default: '7' },
      cold: { type: 'boolean', default: false },
      sql: { type: 'boolean', default: false },
      defaults: { type: 'boolean', default: true },
      store: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const url = loadEnvironment()['DATABASE_URL'] || null;
  return {
    suites: positionals,
    pairs: whole('--pairs', values.pairs),
    holds: whole('--holds', values.holds),
    runs: whole('--runs', values.runs),
    cold: values.cold,
    sql: values.sql,
    defaults: values.defaults,
    json: values.json ?? null,
    store: readStore(values.store ?? (url === null ? 'pglite' : 'postgres'), url),
  };
}

function whole(flag: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`${flag}: expected a whole number from 1, got "${text}"`);
}

function readStore(kind: string, url: string | null): Options['store'] {
  if (kind === 'pglite') return { kind };
  if (kind === 'postgres') return { kind, url };
  throw new Error(`--store: expected pglite or postgres, got "${kind}"`);
}
