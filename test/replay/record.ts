/**
 * Records a history of each ending of a saga and of each of its runs, as today's workflow makes it:
 *
 *   node --import @swc-node/register/esm-register test/replay/record.ts [--again]
 *
 * Run once for each release, after `npm run build`: files are named by the version in package.json, and those that
 * are there already are left alone, because a release that is out cannot be recorded again. `--again` overwrites
 * those of the present version, which is right only before it is released.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { deployFixtures } from '../support/sagas.ts';
import { repository } from '../support/processes.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { shortRuns, startTemporal, stopSharedTemporal } from '../support/temporal.ts';
import type { History } from '../workflows/history.ts';
import { workflowId } from '../../workflows/messages.ts';
import { ENDINGS } from './endings.ts';
import { LONG, RECOVERED, SUGGEST_AFTER } from './long.ts';
import { scrubbed } from './scrubbed.ts';

const folder = join(import.meta.dirname, 'histories');
const { version }: { version: string } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const again = process.argv.includes('--again');

/** Acts all of them out on a stack, and writes a file for each run. */
async function record(stack: Stack, acts: Readonly<Record<string, (stack: Stack) => Promise<string>>>) {
  await deployFixtures(stack);
  for (const [name, act] of Object.entries(acts)) {
    if (files.some((file) => file.startsWith(`${version}-${name}.`)) && !again) {
      console.log(`${version}-${name}: is there already`);
      continue;
    }
    const histories = await runsOf(stack, await act(stack));
    for (const [at, history] of histories.entries()) {
      const json: unknown = JSON.parse(historyToJSON(history));
      const part = histories.length === 1 ? '' : `.run-${at + 1}`;
      const file = join(folder, `${version}-${name}${part}.json`);
      writeFileSync(file, `${JSON.stringify(scrubbed(json), null, 1)}\n`);
      console.log(file);
    }
  }
}

/** Of one run after the other; each says which it was continued from. */
async function runsOf({ client }: Pick<Stack, 'client'>, traceId: string): Promise<History[]> {
  const id = workflowId(traceId);
  const histories: History[] = [];
  let runId: string | undefined;
  do {
    const history: History = await client.workflow.getHandle(id, runId).fetchHistory();
    histories.unshift(history);
    runId =
      history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  } while (runId);
  return histories;
}

mkdirSync(folder, { recursive: true });
const files = readdirSync(folder);
const temporal = await startTemporal({ config: shortRuns(SUGGEST_AFTER) });
const stack = await startStack();
const impatient = await startStack({ temporalAddress: temporal.address });
try {
  await record(stack, { ...ENDINGS, ...RECOVERED });
  await record(impatient, LONG);
} finally {
  await stack.stop();
  await impatient.stop();
  await temporal.stop();
  await stopSharedTemporal();
}
