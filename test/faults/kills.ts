/**
 * Kills one process after the other, at random, and starts it again. Some of the new ones are told to die by
 * themselves, at a named point of their work.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CrashPoint } from '../../settings.ts';
import type { Cluster, Extra } from '../support/cluster.ts';
import type { RunningProcess } from '../support/processes.ts';
import type { TemporalServer } from '../support/temporal.ts';
import type { Random } from './plan.ts';

/** A killed process stays away for up to this. */
const AWAY_MS = 1_500;
/** So many of a hundred new processes die at a named point. */
const DYING = 40;

const WORKER: readonly [CrashPoint, ...CrashPoint[]] = [
  'review-opened-not-reported',
  'calling-not-called',
  'effect-not-recorded',
  'recorded-not-reported',
  'undo-not-recorded',
];
const API: readonly [CrashPoint, ...CrashPoint[]] = [
  'decided-not-sent',
  'sent-not-consumed',
  'numbered-not-notified',
];
const ALL: readonly [CrashPoint, ...CrashPoint[]] = [...WORKER, ...API];
const POINTS = { worker: WORKER, api: API, standalone: ALL };

/** A place for one process, which is filled again when it is empty. */
interface Seat {
  kind: 'worker' | 'api' | 'standalone';
  running: RunningProcess | null;
  /** Where the one that runs now is to die. */
  point: CrashPoint | null;
}

const SEATS = {
  postgresql: ['api', 'worker', 'worker'],
  pglite: ['standalone'],
} as const;

export interface KillOptions {
  store: keyof typeof SEATS;
  everyMs: number;
  /** Above 0: processes die at named points, each point so many times, and of nothing else. */
  points: number;
}

export type Kills = Awaited<ReturnType<typeof startKills>>;

export async function startKills(
  cluster: Cluster,
  temporal: TemporalServer,
  random: Random,
  { store, everyMs, points }: KillOptions,
) {
  const seats: Seat[] = SEATS[store].map((kind) => ({ kind, running: null, point: null }));
  const counts: Record<string, number> = {};
  const over = new AbortController();
  const count = (name: string) => (counts[name] = (counts[name] ?? 0) + 1);
  const starts = {
    api: cluster.startApi,
    worker: cluster.startWorker,
    standalone: cluster.startStandalone,
  };

  /** Of a process with points: the one at which fewest have died; null when all have had enough. */
  function rarest(kind: Seat['kind']): CrashPoint | null {
    const [point] = POINTS[kind].toSorted((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0));
    return point !== undefined && (counts[point] ?? 0) < points ? point : null;
  }

  async function fill(seat: Seat, dying: boolean): Promise<void> {
    seat.point = points > 0 ? rarest(seat.kind) : dying ? random.pick(POINTS[seat.kind]) : null;
    const extra: Extra = seat.point === null ? {} : { WARDEN_CRASH_POINT: seat.point };
    // One that dies at its point before it was ready is found dead at the next look.
    seat.running = await starts[seat.kind](extra).catch((error: unknown) => {
      if (seat.point === null) throw error;
      return null;
    });
  }

  /** Those that died at their point since the last look; with one of them, now and then, Temporal. */
  async function fillEmpty(): Promise<void> {
    for (const seat of seats) {
      if (seat.running !== null && !seat.running.hasExited()) continue;
      count(seat.point ?? 'by itself');
      if (points > 0 && random.chance(15)) await killTemporal();
      await fill(seat, false);
    }
  }

  async function killOne(): Promise<void> {
    const at = random.below(seats.length + 1);
    const seat = seats[at];
    if (seat === undefined) return await killTemporal();
    await seat.running?.kill();
    await delay(random.below(AWAY_MS));
    await fill(seat, random.chance(DYING));
    count(seat.kind);
  }

  async function killTemporal(): Promise<void> {
    await temporal.kill();
    await delay(random.below(AWAY_MS));
    await temporal.restart();
    count('temporal');
  }

  async function run(): Promise<void> {
    while (!over.signal.aborted) {
      await delay(everyMs, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) break;
      await fillEmpty();
      if (points === 0) await killOne();
    }
    // What is to die at a point would die of the work that is left.
    points = 0;
    for (const seat of seats) if (seat.point !== null) await seat.running?.kill();
    await fillEmpty();
  }

  for (const seat of seats) await fill(seat, false);
  const running = run();
  return {
    counts,
    /** Every point has had its deaths. */
    isDone: () => points > 0 && seats.every(({ kind }) => rarest(kind) === null),
    /** Everything runs when it answers, and goes on running. */
    stop: async () => {
      over.abort();
      await running;
    },
  };
}
