import { after, before, describe, it } from 'mocha';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { deployFixtures } from '../support/sagas.ts';
import { until, type RecordLine } from '../support/stack.ts';
import { startTemporal, type TemporalServer } from '../support/temporal.ts';
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
  type Verdict,
} from './crash-sagas.ts';

/** The worker process dies in the middle of these calls, so none is waited for. */
const UNTIL_KILLED_MS = 25_000;
/** Outlasts the death of another process. */
const SLOW_MS = 6_000;

describe('kill -9 while 50 sagas wait and 10 run, on PostgreSQL', function () {
  this.timeout(150_000);
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
    const load = await busy(UNTIL_KILLED_MS);
    await worker.kill();
    cluster.rehearse(null);
    await Promise.all(load.waiting.slice(0, 25).map((each) => decide(cluster, each, verdictOf(each))));
    worker = await cluster.startWorker();
    await ends(load, ['crashed']);
  });

  it('of the API: what it answered takes effect, and what it did not answer can be asked again', async () => {
    const load = await busy(SLOW_MS);
    const asked = load.waiting.map((each) => decide(cluster, each, verdictOf(each)).catch(() => 'no answer'));
    await Promise.any(asked);
    await api.kill();
    await Promise.all(asked);
    cluster.rehearse(null);
    api = await cluster.startApi();
    await ends(load, ['completed']);
  });

  it('of Temporal: decisions are taken meanwhile, and every saga ends as decided', async () => {
    const load = await busy(SLOW_MS);
    await temporal.kill();
    cluster.rehearse(null);
    await Promise.all(load.waiting.slice(0, 25).map((each) => decide(cluster, each, verdictOf(each))));
    await temporal.restart();
    // The worker process lives and knows the result, unless Temporal gave the attempt up first.
    await ends(load, ['completed', 'crashed']);
  });

  /** 50 sagas wait for a person; 4 calls have taken effect and not answered, 4 have arrived and not; 2 are undone. */
  async function busy(slowMs: number): Promise<Load> {
    const names = ['crash-held-put', 'held-plain'];
    const waiting = (await Promise.all(names.map((name) => startSubjects(cluster, name, 25)))).flat();
    const undoing = await startSubjects(cluster, 'held-plain', 2);
    await allHeld(cluster, [...waiting, ...undoing]);
    const late = await slowly('delay_after_ms', slowMs, 'effect');
    const early = await slowly('delay_before_ms', slowMs, 'call');
    await Promise.all(undoing.map((each) => decide(cluster, each, 'reject')));
    await seen(undoing, ({ event, tool }) => event === 'call' && tool === 'restore_note');
    return { waiting, undoing, calling: [...late, ...early] };
  }

  async function slowly(delay: 'delay_before_ms' | 'delay_after_ms', slowMs: number, event: string) {
    const slow = { [delay]: slowMs };
    cluster.rehearse({ put_note: slow, write_note: slow, restore_note: slow });
    const names = ['crash-put', 'crash-write'];
    const subjects = (await Promise.all(names.map((name) => startSubjects(cluster, name, 2)))).flat();
    await seen(subjects, (line) => line.event === event);
    return subjects;
  }

  async function seen(subjects: Subject[], wanted: (line: RecordLine) => boolean): Promise<void> {
    await until('the calls of all sagas that run', () => {
      const lines = cluster.record().filter(wanted);
      return subjects.every(({ traceId }) => lines.some(({ key }) => key?.startsWith(traceId)));
    });
  }

  /** `plain`: what may become of a saga whose call of a tool that is not idempotent was in flight. */
  async function ends({ waiting, undoing, calling }: Load, plain: Fate[]): Promise<void> {
    const all = [...waiting, ...undoing, ...calling];
    for (const each of waiting) await insist(cluster, each, verdictOf(each));
    await allEnded(cluster, all);
    for (const each of waiting) {
      await assertFate(cluster, each, verdictOf(each) === 'approve' ? 'completed' : 'rejected');
    }
    for (const each of undoing) await assertFate(cluster, each, 'rejected');
    for (const each of calling) {
      const fates: Fate[] = each.note.startsWith('crash-write') ? plain : ['completed'];
      await assertFate(cluster, each, ...fates);
    }
    assertOncePerKey(cluster);
    await assertLedger(cluster, all);
  }
});

interface Load {
  waiting: Subject[];
  undoing: Subject[];
  calling: Subject[];
}

/** Every third is rejected. */
function verdictOf({ note }: Subject): Verdict {
  const [, number] = /-(\d+)\.md$/.exec(note) ?? [];
  return Number(number) % 3 === 0 ? 'reject' : 'approve';
}
