import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import { freePort } from '../support/ports.ts';
import { deployFixtures } from '../support/sagas.ts';
import { sharedTemporal } from '../support/temporal.ts';
import {
  allEnded,
  allHeld,
  assertFate,
  assertLedger,
  assertOncePerKey,
  decide,
  insist,
  startSubjects,
  type Subject,
  type Verdict,
} from './crash-sagas.ts';

const POINTS = ['decided-not-sent', 'sent-not-consumed'] as const;

describe('a process that dies while it tells Temporal of a decision, on PostgreSQL', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster({
      temporal: (await sharedTemporal()).address,
      url: await createDatabase('crash_delivery'),
    });
  });
  after(() => cluster.stop());

  for (const point of POINTS) {
    it(`API, then worker process: each decision takes effect once, after ${point}`, async () => {
      const subjects = await held();
      await apiDies(point, subjects.slice(0, 4));
      await workerDies(point, subjects.slice(4));
      const [api, worker] = await Promise.all([cluster.startApi(), cluster.startWorker()]);
      for (const subject of subjects) await insist(cluster, subject, verdictOf(subject));
      await allEnded(cluster, subjects);
      for (const subject of subjects) {
        await assertFate(cluster, subject, verdictOf(subject) === 'approve' ? 'completed' : 'rejected');
      }
      assertOncePerKey(cluster);
      await assertLedger(cluster, subjects);
      await Promise.all([worker.stop(), api.stop()]);
    });
  }

  /** Sagas that wait for a person, on a reason and on a commit step by turns, while nothing runs. */
  async function held(): Promise<Subject[]> {
    const api = await cluster.startApi();
    await deployFixtures(cluster);
    const worker = await cluster.startWorker();
    const [reasons = [], commits = []] = await Promise.all(
      ['w3', 'held-plain'].map((name) => startSubjects(cluster, name, 4)),
    );
    const subjects = reasons.flatMap((reason, index) => [reason, commits[index] ?? reason]);
    await allHeld(cluster, subjects);
    await Promise.all([worker.kill(), api.kill()]);
    return subjects;
  }

  /** No worker process runs, so what is sent is not consumed. The API may die before it answers. */
  async function apiDies(point: string, subjects: Subject[]): Promise<void> {
    const api = await cluster.startApi({ WARDEN_CRASH_POINT: point });
    const asked = subjects.map((each) => decide(cluster, each, verdictOf(each)).catch(() => undefined));
    await Promise.all(asked);
    assert.equal((await api.exited).signal, 'SIGKILL');
  }

  /** The API accepts decisions and cannot reach Temporal: the worker process has to tell it. */
  async function workerDies(point: string, subjects: Subject[]): Promise<void> {
    const api = await cluster.startApi({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    for (const each of subjects) assert.equal(await decide(cluster, each, verdictOf(each)), 'queued');
    await api.kill();
    const { signal } = await cluster.launch('worker', { WARDEN_CRASH_POINT: point }).exited;
    assert.equal(signal, 'SIGKILL');
  }
});

function verdictOf({ note }: Subject): Verdict {
  return /[02468]\.md$/.test(note) ? 'approve' : 'reject';
}
