/** A Warden in the middle of its work, for tests that kill a part of it. */
import type { Cluster } from '../support/cluster.ts';
import { until, type RecordLine } from '../support/stack.ts';
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

export interface Load {
  /** 50 that wait for a person. */
  waiting: Subject[];
  /** 2 that a person has rejected and that are being undone. */
  undoing: Subject[];
  /** 8 in the middle of a call: 4 have taken effect and not answered, 4 have not, two of them of reason steps. */
  calling: Subject[];
}

const LATE = { 'crash-put': 2, 'crash-write': 2 };
const EARLY = { 'crash-put': 1, 'crash-write': 1, 'crash-thinking': 2 };

/** Brings a cluster into this state. `slowMs`: how long it stays there. */
export async function busy(cluster: Cluster, slowMs: number): Promise<Load> {
  const names = ['crash-held-put', 'held-plain'];
  const waiting = (await Promise.all(names.map((name) => startSubjects(cluster, name, 25)))).flat();
  const undoing = await startSubjects(cluster, 'held-plain', 2);
  await allHeld(cluster, [...waiting, ...undoing]);
  const late = await slowly(cluster, { delay_after_ms: slowMs }, 'effect', LATE);
  const early = await slowly(cluster, { delay_before_ms: slowMs }, 'call', EARLY);
  await Promise.all(undoing.map((each) => decide(cluster, each, 'reject')));
  await seen(cluster, undoing, ({ event, tool }) => event === 'call' && tool === 'restore_note');
  return { waiting, undoing, calling: [...late, ...early] };
}

async function slowly(cluster: Cluster, slow: object, event: string, counts: Record<string, number>) {
  cluster.rehearse({ put_note: slow, write_note: slow, list_notes: slow, restore_note: slow });
  const started = Object.entries(counts).map(([name, count]) => startSubjects(cluster, name, count));
  const subjects = (await Promise.all(started)).flat();
  await seen(cluster, subjects, (line) => line.event === event);
  return subjects;
}

async function seen(cluster: Cluster, subjects: Subject[], wanted: (line: RecordLine) => boolean) {
  await until('the calls of all sagas that run', () => {
    const lines = cluster.record().filter(wanted);
    return subjects.every(({ traceId }) => lines.some(({ key }) => key?.startsWith(traceId)));
  });
}

/** What a person says to a waiting saga: every third is rejected. */
export function verdictOf({ note }: Subject): Verdict {
  const [, number] = /-(\d+)\.md$/.exec(note) ?? [];
  return Number(number) % 3 === 0 ? 'reject' : 'approve';
}

/**
 * Decides what was not decided, waits for all, and looks at each.
 * @param plain what may become of a saga whose call of a tool that is not idempotent was in flight
 */
export async function endsAsDecided(cluster: Cluster, load: Load, plain: Fate[]): Promise<void> {
  const { waiting, undoing, calling } = load;
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
