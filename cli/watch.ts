/**
 * `--watch`: looks again and again, draws in place, and stops when all that is shown has ended. A server that goes
 * away meanwhile is waited for, a while.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, ApiUnreachable } from '../api/client.ts';
import { Refusal } from './refusal.ts';
import type { Screen } from './screen.ts';
import { layOut, type Row } from './table.ts';

export interface View {
  columns: readonly string[];
  rows: readonly Row[];
  /** Whether nothing that is shown will change any more. */
  ended: boolean;
  note: string;
}

export interface Watch {
  intervalMs: number;
  /** When to give up; null: never. */
  limitMs: number | null;
  look(): Promise<View>;
}

export interface Clock {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const clockOfTheComputer: Clock = { now: () => performance.now(), sleep: (ms) => delay(ms) };

/** Without a filter there may always be something that has not ended. */
export const UNFILTERED_LIMIT_MS = 10 * 60_000;

const PATIENCE_MS = 60_000;

/**
 * Watches until all that is shown has ended; the last view stays, whole.
 * @throws {Refusal} at the limit; whatever `look` throws, when it cannot help to look again
 */
export async function watch(screen: Screen, what: Watch, clock: Clock = clockOfTheComputer): Promise<void> {
  const began = clock.now();
  let answered = began;
  let lines: readonly string[] | null = null;
  try {
    for (;;) {
      const view = await what.look().catch((error: unknown) => awayOr(error));
      if ('rows' in view) {
        answered = clock.now();
        lines = view.rows.length === 0 ? ['(no rows)'] : await layOut(view.columns, view.rows);
        if (view.ended) break;
      } else if (lines === null || clock.now() - answered >= PATIENCE_MS) {
        throw view.error;
      }
      const note = 'rows' in view ? view.note : `${view.error.message}; trying again`;
      screen.draw({ lines, note: `${note.split('\n').join(' ')} (Ctrl-C ends the watch)` });
      if (what.limitMs !== null && clock.now() - began >= what.limitMs) throw tooLong(what.limitMs);
      await clock.sleep(what.intervalMs);
    }
    screen.end({ lines });
  } finally {
    screen.leave();
  }
}

/** A server that may come back; anything else is no use trying again. */
function awayOr(error: unknown): { error: Error } {
  if (error instanceof ApiUnreachable || (error instanceof ApiError && error.status >= 500)) return { error };
  throw error;
}

function tooLong(limitMs: number): Refusal {
  return new Refusal(
    `watched for ${limitMs / 60_000} minutes, and not everything that is shown has ended`,
    'run it again, or say what to watch: --trace-id, --in-flight, --failed, --stuck or --status; then there is no limit',
  );
}
