import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import { deployFixtures } from '../support/sagas.ts';
import { sharedTemporal } from '../support/temporal.ts';
import {
  allEnded,
  allHeld,
  assertFate,
  assertLedger,
  assertOncePerKey,
  decide,
  startSubjects,
  type Fate,
  type Subject,
} from './crash-sagas.ts';

describe('a worker process that dies at a named point, on PostgreSQL', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  const all: Subject[] = [];
  before(async () => {
    cluster = await createCluster({
      temporal: (await sharedTemporal()).address,
      url: await createDatabase('crash_points'),
    });
    await cluster.startApi();
    await deployFixtures(cluster);
  });
  after(() => cluster.stop());

  it('loses no review that was opened and not reported to Temporal', async () => {
    const subjects: Subject[] = [];
    for (const name of ['w3', 'held-plain']) {
      const [subject] = await startSubjects(cluster, name, 1);
      assert.ok(subject);
      await dies('review-opened-not-reported');
      assert.equal((await cluster.http.pendingReviews({ trace_id: subject.traceId })).items.length, 1);
      assert.equal(await decide(cluster, subject, 'approve'), 'queued');
      subjects.push(subject);
    }
    await recovers(subjects.map((subject) => [subject, 'completed']));
  });

  for (const [point, what] of [
    ['calling-not-called', 'was about to call'],
    ['effect-not-recorded', 'knew of an effect and had not recorded it'],
  ] as const) {
    it(`calls an idempotent tool again and undoes the rest, when it ${what}`, async () => {
      const [plain] = await startSubjects(cluster, 'held-plain', 1);
      const [keyed] = await startSubjects(cluster, 'crash-held-put', 1);
      assert.ok(plain && keyed);
      const worker = await cluster.startWorker();
      await allHeld(cluster, [plain, keyed]);
      await worker.stop();
      // The plain one first: it is not called again, so it cannot die a second time in the other's place.
      for (const subject of [plain, keyed]) {
        assert.equal(await decide(cluster, subject, 'approve'), 'queued');
        await dies(point);
      }
      await recovers([
        [plain, 'crashed'],
        [keyed, 'completed'],
      ]);
    });
  }

  async function dies(point: string): Promise<void> {
    const { signal } = await cluster.launch('worker', { WARDEN_CRASH_POINT: point }).exited;
    assert.equal(signal, 'SIGKILL');
  }

  async function recovers(expected: [Subject, Fate][]): Promise<void> {
    const worker = await cluster.startWorker();
    all.push(...expected.map(([subject]) => subject));
    await allEnded(cluster, all);
    for (const [subject, fate] of expected) await assertFate(cluster, subject, fate);
    assertOncePerKey(cluster);
    await assertLedger(cluster, all);
    await worker.stop();
  }
});
