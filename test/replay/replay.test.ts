import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { eventTypes, textsIn, type History } from '../workflows/history.ts';
import { repository } from '../support/processes.ts';
import { quietRuntime } from '../support/stack.ts';
import { CANARY, ENDINGS } from './endings.ts';
import { LONG, RECOVERED } from './long.ts';
import { OF_A_MACHINE } from './scrubbed.ts';

const folder = join(import.meta.dirname, 'histories');
const bundle = join(repository, 'dist', 'workflow-bundle.js');

interface Recorded {
  name: string;
  history: History;
}

function recorded(): Recorded[] {
  return readdirSync(folder).map((file) => {
    const json: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return { name: file.replace(/\.json$/, ''), history: historyFromJSON(json) };
  });
}

/** What is wrong with each history under the bundle; empty when all replay. */
async function replayed(codePath: string, histories: Recorded[]): Promise<string[]> {
  const named = histories.map(({ name, history }) => ({ workflowId: name, history }));
  const wrong: string[] = [];
  const replays = Worker.runReplayHistories({ workflowBundle: { codePath } }, named);
  for await (const { workflowId, error } of replays) {
    if (error) wrong.push(`${workflowId}: ${error.message}`);
  }
  return wrong;
}

describe('histories that were recorded', () => {
  let histories: Recorded[];
  before(() => {
    quietRuntime();
    histories = recorded();
  });

  it('are there for every ending', () => {
    for (const ending of Object.keys({ ...ENDINGS, ...RECOVERED, ...LONG })) {
      assert.ok(
        histories.some(({ name }) => name.replace(/\.run-\d+$/, '').endsWith(`-${ending}`)),
        `${ending}: run test/replay/record.ts`,
      );
    }
  });

  it('replay against the workflow bundle of today', async () => {
    assert.deepEqual(await replayed(bundle, histories), []);
  });

  it('would not replay if the workflow had done something else', async () => {
    const [first] = histories;
    assert.ok(first);
    const changed = structuredClone(first.history);
    const scheduled = changed.events?.find((event) => event.activityTaskScheduledEventAttributes);
    assert.ok(scheduled?.activityTaskScheduledEventAttributes);
    scheduled.activityTaskScheduledEventAttributes.activityId = 'another';
    const [wrong = ''] = await replayed(bundle, [{ name: 'changed', history: changed }]);
    assert.match(wrong, /^changed: /);
  });

  it('have no payload of a saga in them, and nothing of the machine that they were recorded on', () => {
    for (const { name, history } of histories) {
      const text = textsIn(history.events);
      assert.ok(text.includes('{"traceId":"'), name);
      assert.equal(text.includes(CANARY), false, name);
      assert.doesNotMatch(text, OF_A_MACHINE, name);
      assert.ok(eventTypes(history).length > 3, name);
    }
  });
});
