import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { deployFixtures } from '../support/sagas.ts';
import { sharedTemporal, startTemporal, type TemporalServer } from '../support/temporal.ts';
import { busy, endsAsDecided, verdictOf } from './crash-load.ts';
import { decide } from './crash-sagas.ts';

/** The process that calls dies in the middle of these calls, so none is waited for. */
const UNTIL_KILLED_MS = 25_000;
/** Outlasts the death of another process. */
const SLOW_MS = 6_000;

describe('kill -9 while 50 sagas wait and 10 run, on PostgreSQL', function () {
  this.timeout(300_000);
  let folder: string;
  let temporal: TemporalServer;
  let cluster: Cluster;
  let worker: RunningProcess;
  let api: RunningProcess;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-crash-'));
    temporal = await startTemporal({ stateFile: join(folder, 'temporal.db') });
    cluster = await createCluster({ temporal: temporal.address, url: await createDatabase('crash_kill') });
    api = await cluster.startApi();
    await deployFixtures(cluster);
    worker = await cluster.startWorker();
  });
  after(async () => {
    await cluster.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('of the worker process: decisions are taken meanwhile, and every saga ends as decided', async () => {
    const load = await busy(cluster, UNTIL_KILLED_MS);
    await worker.kill();
    cluster.rehearse(null);
    await Promise.all(load.waiting.slice(0, 25).map((each) => decide(cluster, each, verdictOf(each))));
    worker = await cluster.startWorker();
    await endsAsDecided(cluster, load, ['crashed']);
  });

  it('of the API: what it answered takes effect, and what it did not answer can be asked again', async () => {
    const load = await busy(cluster, SLOW_MS);
    const asked = load.waiting.map((each) => decide(cluster, each, verdictOf(each)).catch(() => 'no answer'));
    await Promise.any(asked);
    await api.kill();
    await Promise.all(asked);
    cluster.rehearse(null);
    api = await cluster.startApi();
    for (const [index, each] of load.waiting.entries()) {
      if ((await asked[index]) === 'no answer') continue;
      assert.equal(await decide(cluster, each, verdictOf(each)), 'already_queued');
    }
    await endsAsDecided(cluster, load, ['completed']);
  });

  it('of Temporal: decisions are taken meanwhile, and every saga ends as decided', async () => {
    const load = await busy(cluster, SLOW_MS);
    await temporal.kill();
    cluster.rehearse(null);
    await Promise.all(load.waiting.slice(0, 25).map((each) => decide(cluster, each, verdictOf(each))));
    await temporal.restart();
    // The worker process lives and knows the result, unless Temporal gave the attempt up first.
    await endsAsDecided(cluster, load, ['completed', 'crashed']);
  });
});

describe('kill -9 while 50 sagas wait and 10 run, on PGlite', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster({ temporal: (await sharedTemporal()).address });
  });
  after(() => cluster.stop());

  it('of the one process: every saga ends as decided', async () => {
    const standalone = await cluster.startStandalone();
    await deployFixtures(cluster);
    const load = await busy(cluster, UNTIL_KILLED_MS);
    const asked = load.waiting.map((each) => decide(cluster, each, verdictOf(each)).catch(() => 'no answer'));
    await Promise.any(asked);
    await standalone.kill();
    await Promise.all(asked);
    cluster.rehearse(null);
    await cluster.startStandalone();
    await endsAsDecided(cluster, load, ['crashed']);
  });
});
