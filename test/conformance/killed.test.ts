import assert from 'node:assert/strict';
import { after, before, describe } from 'mocha';
import { startChatProvider, type ChatProvider } from '../support/chat-provider.ts';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { ended, steps } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { sharedTemporal } from '../support/temporal.ts';
import { proves } from './rule.ts';
import { fails, NOTES, think, UNDO, write, type StepText } from './world.ts';

/** Longer than any of these tests. */
const HANGS = { delay_before_ms: 100_000 };
const SCHEMA = { output_schema: 'thought.json' };

describe('worker processes that are killed', function () {
  let cluster: Cluster;
  let provider: ChatProvider;
  let worker: RunningProcess;
  /** Whether the second turn of `resumes` is answered. */
  let answering = false;
  let dying: string;
  let resuming: string;
  let undoing: string;

  let giveUp = (): void => undefined;
  /** Not before the end: what was asked by a process that is dead then. */
  const never = new Promise<null>((resolve) => {
    giveUp = () => resolve(null);
  });

  before(async () => {
    provider = await startChatProvider(async ({ subject, turn }) => {
      if (subject === 'dies') return await never;
      const note = { path: 'resumed.md', content: `turn ${turn}\n` };
      if (turn === 1) return { calls: [{ tool: 'append_note', arguments: JSON.stringify(note) }] };
      if (!answering) return await never;
      return { calls: [{ tool: '_submit', arguments: '{"summary":"resumed"}' }] };
    });
    const url = await createDatabase('conformance_killed');
    cluster = await createCluster({ temporal: (await sharedTemporal()).address, url });
    await cluster.startApi();
    worker = await startWorker();
    await deploy({ name: 'tester', provider: 'mock', model_name: 'schema' });
    await deploy({ name: 'asking', provider: 'local', model_name: 'model-of-today' });
    await sufferKills();
  });
  after(async () => {
    await cluster.stop();
    giveUp();
    await provider.close();
  });

  const startWorker = () => cluster.startWorker({ WARDEN_LOCAL_LLM_BASE_URL: provider.url });
  const deploy = (worker: object) =>
    cluster.http.deploy(
      JSON.stringify({
        kind: 'worker',
        version: '1',
        system_prompt: 'You note.',
        tool_sources: [NOTES],
        ...worker,
      }),
    );

  async function start(name: string, ...texts: StepText[]): Promise<string> {
    const saga = { kind: 'saga', name, version: '1', description: 'Proves a rule.', steps: texts };
    await cluster.http.deploy(JSON.stringify(saga));
    return (await cluster.http.startSaga({ name, version: '1', input: {} })).trace_id;
  }

  const asked = (subject: string, turn: number) =>
    provider.asked.filter((each) => each.subject === subject && each.turn === turn).length;
  const calls = (traceId: string, tool: string) =>
    cluster
      .record()
      .filter((line) => line.event === 'call' && line.tool === tool && line.key?.startsWith(traceId));

  /** Each kill takes the ten seconds of a heartbeat that does not come; so all that is to be seen is seen at once. */
  async function sufferKills(): Promise<void> {
    cluster.rehearse({ restore_note: HANGS });
    const ask = { worker: 'asking', ...SCHEMA };
    dying = await start('dying', write('before', UNDO), think('dies', { ...ask, ...UNDO }), write('never'));
    const tools = { allow: [{ name: 'append_note' }] };
    resuming = await start('resuming', think('resumes', { ...ask, tools }));
    undoing = await start('undoing', write('a', UNDO), fails('b'));
    await until(
      'all of them at their places',
      () =>
        asked('dies', 1) === 1 && asked('resumes', 2) === 1 && calls(undoing, 'restore_note').length === 1,
    );
    await worker.kill();
    answering = true;
    cluster.rehearse({ restore_note: { fail: 'not now' } });
    worker = await startWorker();
    await Promise.all([ended(cluster, resuming), ended(cluster, undoing)]);
    cluster.rehearse(null);
    for (const attempt of [2, 3]) {
      await until(`attempt ${attempt}`, () => asked('dies', 1) === attempt);
      await worker.kill();
      worker = await startWorker();
    }
    await ended(cluster, dying);
  }

  proves('UNDO-8', async () => {
    const { failure, status } = await ended(cluster, dying);
    assert.deepEqual([status, failure?.code, asked('dies', 1)], ['COMPENSATED', 'SYSTEM_CRASH', 3]);
    const rows = await steps(cluster, dying);
    assert.deepEqual(
      rows.map((row) => `${row.compensates_span_id === null ? '' : 'undo of '}${row.step_id} ${row.status}`),
      [
        'before COMPLETED',
        'undo of before COMPENSATED',
        'dies FAILED',
        'undo of dies COMPENSATED',
        'never SKIPPED',
      ],
    );
    assert.deepEqual(
      calls(dying, 'restore_note').map((call) => call.arguments?.['forward_key']),
      ['dies', 'before'].map((id) => `${dying}:${rows.find(({ step_id }) => step_id === id)?.step_span_id}`),
    );
  });

  proves('UNDO-21', async () => {
    const { status, failure } = await ended(cluster, undoing);
    assert.deepEqual([status, failure?.code], ['FAILED', 'COMPENSATION_FAILED']);
    const undo = (await steps(cluster, undoing)).find((row) => row.compensates_span_id !== null);
    assert.deepEqual([undo?.status, undo?.error_details?.['attempts']], ['FAILED', 5]);
    assert.deepEqual(
      calls(undoing, 'restore_note').map(({ key }) => key),
      Array<string>(6).fill(`${undoing}:${undo?.step_span_id}`),
    );
  });

  proves('MODEL-7', async () => {
    assert.equal((await ended(cluster, resuming)).status, 'COMPLETED');
    assert.deepEqual([asked('resumes', 1), asked('resumes', 2)], [1, 2]);
    assert.equal(calls(resuming, 'append_note').length, 1);
    const [step] = await steps(cluster, resuming);
    assert.equal(Object(step?.usage?.['worker'])['llm_calls'], 2);
  });
});
