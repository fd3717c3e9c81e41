import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { crashPoints, type CrashPoint } from '../../settings.ts';
import { createCluster, type Cluster } from '../support/cluster.ts';
import type { RunningProcess } from '../support/processes.ts';
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
  type Fate,
  type Subject,
} from './crash-sagas.ts';

/** The other points are for random sagas (test/faults). What becomes of an approved call of each kind when the process dies there. */
const FATES: Partial<Record<CrashPoint, { plain: Fate; keyed: Fate }>> = {
  'decided-not-sent': { plain: 'completed', keyed: 'completed' },
  'sent-not-consumed': { plain: 'completed', keyed: 'completed' },
  'review-opened-not-reported': { plain: 'completed', keyed: 'completed' },
  'calling-not-called': { plain: 'crashed', keyed: 'completed' },
  'effect-not-recorded': { plain: 'crashed', keyed: 'completed' },
  'recorded-not-reported': { plain: 'completed', keyed: 'completed' },
};

const AROUND_A_CALL: readonly CrashPoint[] = [
  'calling-not-called',
  'effect-not-recorded',
  'recorded-not-reported',
];

describe('the one process, on PGlite, that dies at a named point', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let standalone: RunningProcess;
  const all: Subject[] = [];
  before(async () => {
    cluster = await createCluster({ temporal: (await sharedTemporal()).address });
    standalone = await cluster.startStandalone();
    await deployFixtures(cluster);
  });
  after(() => cluster.stop());

  for (const point of crashPoints) {
    const fates = FATES[point];
    if (!fates) continue;
    it(`loses nothing and repeats nothing: ${point}`, async () => {
      const subjects =
        point === 'review-opened-not-reported' ? await diesOpening() : await diesDeciding(point);
      all.push(...subjects);
      standalone = await cluster.startStandalone();
      for (const subject of subjects) await insist(cluster, subject, 'approve');
      await allEnded(cluster, all);
      const [plain, keyed] = subjects;
      assert.ok(plain && keyed);
      await assertFate(cluster, plain, fates.plain);
      await assertFate(cluster, keyed, fates.keyed);
      assertOncePerKey(cluster);
      await assertLedger(cluster, all);
    });
  }

  /** It dies once for each saga, as it opens the saga's review. */
  async function diesOpening(): Promise<Subject[]> {
    await standalone.kill();
    const subjects: Subject[] = [];
    for (const name of ['held-plain', 'w3']) {
      standalone = await cluster.startStandalone({ WARDEN_CRASH_POINT: 'review-opened-not-reported' });
      subjects.push(...(await startSubjects(cluster, name, 1)));
      assert.equal((await standalone.exited).signal, 'SIGKILL');
    }
    return subjects;
  }

  /** It dies on the way from a decision to the effect: of each saga, where the kind of tool makes a difference. */
  async function diesDeciding(point: CrashPoint): Promise<Subject[]> {
    const started = ['held-plain', 'crash-held-put'].map((name) => startSubjects(cluster, name, 1));
    const subjects = (await Promise.all(started)).flat();
    await allHeld(cluster, subjects);
    await standalone.kill();
    // One by one around a call, so that none dies in the middle of the other's; the plain one first, because its
    // call is not repeated and so cannot die in the other's place.
    const deaths = AROUND_A_CALL.includes(point) ? subjects.map((subject) => [subject]) : [subjects];
    for (const dying of deaths) {
      standalone = await cluster.startStandalone({ WARDEN_CRASH_POINT: point });
      // The decision is made; whether its answer still left the process is open.
      await Promise.all(dying.map((each) => decide(cluster, each, 'approve').catch(() => undefined)));
      assert.equal((await standalone.exited).signal, 'SIGKILL');
    }
    return subjects;
  }
});
