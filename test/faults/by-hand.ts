/**
 * `npm run faults -- [--minutes N] [--sagas N] [--seed S] [--at-once N] [--kill-every MS] [--points N] [--store pglite]
 * [--suggest-after EVENTS]`:
 * the load of random sagas under kills, for as long as wanted. With `--points` processes die at named points of their
 * work, N times at each; with `--suggest-after` sagas go on in new runs after so many events. Exit code 1 when a rule
 * was broken.
 */
import { parseArgs } from 'node:util';
import { endLeftovers } from '../../scripts/run-record.mjs';
import { stopPostgres } from '../support/postgres.ts';
import { runFolder } from '../support/processes.ts';
import { runFaults } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    sagas: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '16' },
    'kill-every': { type: 'string', default: '5000' },
    points: { type: 'string', default: '0' },
    'suggest-after': { type: 'string' },
    store: { type: 'string', default: 'postgresql' },
  },
});

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
try {
  const report = await runFaults({
    minutes: Number(values.minutes),
    sagas: Number(values.sagas),
    seed: Number(values.seed),
    atOnce: Number(values['at-once']),
    ...(values['suggest-after'] && { suggestAfter: Number(values['suggest-after']) }),
    kills: {
      store: values.store === 'pglite' ? 'pglite' : 'postgresql',
      everyMs: Number(values['kill-every']),
      points: Number(values.points),
    },
    say,
  });
  const { violations, ...rest } = report;
  console.log(JSON.stringify(rest, null, 2));
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(`${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await stopPostgres();
  await endLeftovers(runFolder, say);
}
