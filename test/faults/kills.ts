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

const POINTS = {
  worker: ['calling-not-called', 'effect-not-recorded', 'review-opened-not-reported'],
  api: ['decided-not-sent', 'sent-not-consumed'],
} as const satisfies Record<string, readonly [CrashPoint, ...CrashPoint[]]>;

/** A place for one process, which is filled again when it is empty. */
interface Seat {
  kind: 'worker' | 'api';
  running: RunningProcess | null;
  /** Where the one that runs now is to die. */
  point: CrashPoint | null;
}

export type Kills = Awaited<ReturnType<typeof startKills>>;

export async function startKills(
  cluster: Cluster,
  temporal: TemporalServer,
  random: Random,
  everyMs: number,
) {
  const seats: Seat[] = (['api', 'worker', 'worker'] as const).map((kind) => ({
    kind,
    running: null,
    point: null,
  }));
  const counts: Record<string, number> = { worker: 0, api: 0, temporal: 0 };
  const over = new AbortController();

  async function fill(seat: Seat, dying: boolean): Promise<void> {
    seat.point = dying ? random.pick(POINTS[seat.kind]) : null;
    const extra: Extra = seat.point === null ? {} : { WARDEN_CRASH_POINT: seat.point };
    const start = seat.kind === 'api' ? cluster.startApi : cluster.startWorker;
    // One that dies at its point before it was ready is found dead at the next look.
    seat.running = await start(extra).catch((error: unknown) => {
      if (seat.point === null) throw error;
      return null;
    });
  }

  /** Those that died at their point since the last look. */
  async function fillEmpty(): Promise<void> {
    for (const seat of seats) {
      if (seat.running !== null && !seat.running.hasExited()) continue;
      const point = seat.point ?? 'by itself';
      counts[point] = (counts[point] ?? 0) + 1;
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
    counts[seat.kind] = (counts[seat.kind] ?? 0) + 1;
  }

  async function killTemporal(): Promise<void> {
    await temporal.kill();
    await delay(random.below(AWAY_MS));
    await temporal.restart();
    counts['temporal'] = (counts['temporal'] ?? 0) + 1;
  }

  async function run(): Promise<void> {
    while (!over.signal.aborted) {
      await delay(everyMs, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) break;
      await fillEmpty();
      await killOne();
    }
    // What is to die at a point would die of the work that is left.
    for (const seat of seats) if (seat.point !== null) await seat.running?.kill();
    await fillEmpty();
  }

  for (const seat of seats) await fill(seat, false);
  const running = run();
  return {
    counts,
    /** Everything runs when it answers, and goes on running. */
    stop: async () => {
      over.abort();
      await running;
    },
  };
}
