/**
 * Records a history of each ending of a saga, as today's workflow makes it:
 *
 *   node --import @swc-node/register/esm-register test/replay/record.ts [--again]
 *
 * Run once for each release, after `npm run build`: files are named by the version in package.json, and those that
 * are there already are left alone, because a release that is out cannot be recorded again. `--again` overwrites
 * those of the present version, which is right only before it is released.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { deployFixtures } from '../support/sagas.ts';
import { repository } from '../support/processes.ts';
import { startStack } from '../support/stack.ts';
import { stopSharedTemporal } from '../support/temporal.ts';
import { historyOf } from '../workflows/history.ts';
import { ENDINGS } from './endings.ts';
import { scrubbed } from './scrubbed.ts';

const folder = join(import.meta.dirname, 'histories');
const { version }: { version: string } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const again = process.argv.includes('--again');

mkdirSync(folder, { recursive: true });
const stack = await startStack();
try {
  await deployFixtures(stack);
  for (const [ending, act] of Object.entries(ENDINGS)) {
    const file = join(folder, `${version}-${ending}.json`);
    if (existsSync(file) && !again) {
      console.log(`${file}: is there already`);
      continue;
    }
    const history: unknown = JSON.parse(historyToJSON(await historyOf(stack, await act(stack))));
    writeFileSync(file, `${JSON.stringify(scrubbed(history), null, 1)}\n`);
    console.log(file);
  }
} finally {
  await stack.stop();
  await stopSharedTemporal();
}
