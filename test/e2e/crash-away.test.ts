import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { deployFixtures, saga } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { removeState, startTemporal, type TemporalServer } from '../support/temporal.ts';
import {
  allEnded,
  allHeld,
  assertFate,
  assertLedger,
  assertOncePerKey,
  decide,
  startSubjects,
  type Subject,
} from './crash-sagas.ts';

describe('while a part of Warden is away', function () {
  this.timeout(300_000);
  let folder: string;
  let stateFile: string;
  let temporal: TemporalServer;
  let cluster: Cluster;
  let api: RunningProcess;
  let worker: RunningProcess;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-crash-'));
    stateFile = join(folder, 'temporal.db');
    temporal = await startTemporal({ stateFile });
    cluster = await createCluster({ temporal: temporal.address, url: await createDatabase('crash_away') });
    api = await cluster.startApi();
    await deployFixtures(cluster);
    worker = await cluster.startWorker();
  });
  after(async () => {
    await cluster.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a decision gets its 202 while no worker process runs, and takes effect later', async () => {
    const [yes, no] = await held();
    await worker.kill();
    assert.equal(await decide(cluster, yes, 'approve'), 'queued');
    assert.equal(await decide(cluster, no, 'reject'), 'queued');
    await assert.rejects(decide(cluster, yes, 'reject'), { status: 409 });
    assert.equal((await saga(cluster, yes.traceId)).status, 'AWAITING_HUMAN');
    assert.deepEqual((await cluster.http.pendingReviews()).items, []);
    worker = await cluster.startWorker();
    await endAs([yes], [no]);
  });

  it('decision and start get their 202 while Temporal is away, and outlive the API that took them', async () => {
    const [yes, no] = await held();
    const [cancelled] = await startSubjects(cluster, 'crash-held-put', 1);
    assert.ok(cancelled);
    await allHeld(cluster, [cancelled]);
    await temporal.kill();
    await worker.kill();
    const [begun] = await startSubjects(cluster, 'crash-put', 1);
    assert.ok(begun);
    assert.equal(await decide(cluster, yes, 'approve'), 'queued');
    assert.equal(await decide(cluster, no, 'reject'), 'queued');
    assert.equal((await cluster.http.cancel(cancelled.traceId)).status, 'queued');
    await api.kill();
    // Only the worker process is left to tell Temporal, and it starts before Temporal is back.
    const waiting = cluster.launch('worker');
    await until('the worker process to find Temporal away', () => /Temporal is away/.test(waiting.output()));
    await temporal.restart();
    await until('the call of the saga that was started', () =>
      cluster.record().some(({ event, key }) => event === 'effect' && key?.startsWith(begun.traceId)),
    );
    api = await cluster.startApi();
    worker = waiting;
    await endAs([yes, begun], [no]);
    await allEnded(cluster, [cancelled]);
    const { status, failure } = await saga(cluster, cancelled.traceId);
    assert.deepEqual([status, failure?.code], ['FAILED', 'CANCELLED']);
  });

  it('a start whose API died before Temporal was told runs', async () => {
    await worker.stop();
    await api.stop();
    const lonely = await cluster.startApi({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
    const begun = await startSubjects(cluster, 'crash-put', 3);
    await lonely.kill();
    api = await cluster.startApi();
    worker = await cluster.startWorker();
    await endAs(begun, []);
  });

  it('Temporal may lose all its state: sagas are started again, and nothing is done twice', async () => {
    const waiting = (await Promise.all([1, 2, 3, 4].map(() => held()))).flat();
    const done = await startSubjects(cluster, 'crash-put', 2);
    await allEnded(cluster, done);
    cluster.rehearse({ put_note: { delay_after_ms: 4_000 }, write_note: { delay_after_ms: 4_000 } });
    const running = [
      ...(await startSubjects(cluster, 'crash-put', 1)),
      ...(await startSubjects(cluster, 'crash-write', 1)),
    ];
    await until('two effects', () =>
      running.every(({ traceId }) =>
        cluster.record().some(({ event, key }) => event === 'effect' && key?.startsWith(traceId)),
      ),
    );
    await temporal.kill();
    const [early, ...later] = waiting;
    assert.ok(early);
    assert.equal(await decide(cluster, early, 'approve'), 'queued');
    await removeState(stateFile);
    await temporal.restart();
    cluster.rehearse(null);
    await startedAgain(later);
    for (const each of later) assert.equal(await decide(cluster, each, 'approve'), 'queued');
    await endAs(waiting, []);
    await allEnded(cluster, running);
    for (const each of running) {
      const isPlain = each.note.startsWith('crash-write');
      await assertFate(cluster, each, 'completed', ...(isPlain ? (['crashed'] as const) : []));
    }
    assertOncePerKey(cluster);
  });

  /** Two sagas that wait for a person: on a call, and on what was thought before one. */
  async function held(): Promise<[Subject, Subject]> {
    const [call] = await startSubjects(cluster, 'held-plain', 1);
    const [thought] = await startSubjects(cluster, 'w3', 1);
    assert.ok(call && thought);
    await allHeld(cluster, [call, thought]);
    return [call, thought];
  }

  async function startedAgain(subjects: Subject[]): Promise<void> {
    await until('all sagas to be started again', async () => {
      const text = await (await cluster.http.exportLedger()).text();
      const lines = text.split('\n').filter((line) => line.includes('"recovery.start_again"'));
      return subjects.every(({ traceId }) => lines.some((line) => line.includes(traceId)));
    });
  }

  async function endAs(completed: Subject[], rejected: Subject[]): Promise<void> {
    await allEnded(cluster, [...completed, ...rejected]);
    for (const each of completed) await assertFate(cluster, each, 'completed');
    for (const each of rejected) await assertFate(cluster, each, 'rejected');
    assertOncePerKey(cluster);
    await assertLedger(cluster, [...completed, ...rejected]);
  }
});
