/** What an attempt measures of itself for the step's `timing`: how long its parts take, and how long it was on its way. */
import { Context } from '@temporalio/activity';
import type { EngineTime, Measured, WorkerTime } from '../store/timing.ts';

type Time = WorkerTime | EngineTime;

export interface Stopwatch {
  /** Adds the time that `act` takes, also when it throws. */
  time<Value>(name: Time, act: () => Promise<Value> | Value): Promise<Value>;
  /** Notes a time that was measured elsewhere. */
  note(name: Time, ms: number): void;
  /** Notes what the step used so far. */
  noteUsage(usage: Measured['usage']): void;
  measured(): Measured;
}

/** Started when an activity begins. */
export function createStopwatch(): Stopwatch {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = Context.current().info;
  const took = new Map<Time, number>();
  let used: Measured['usage'] = null;
  const note = (name: Time, ms: number): void => void took.set(name, ms);
  // By two clocks: that of Temporal, and of this computer.
  note('schedule_ms', Math.max(0, Date.now() - currentAttemptScheduledTimestampMs));

  return {
    async time(name, act) {
      const started = performance.now();
      try {
        return await act();
      } finally {
        note(name, (took.get(name) ?? 0) + performance.now() - started);
      }
    },
    note,
    noteUsage: (usage) => void (used = usage),
    measured: () => {
      // A part of the row takes the names that are its own.
      const all = Object.fromEntries(took);
      return { worker: all, engine: all, dispatchedAt: scheduledTimestampMs, usage: used };
    },
  };
}
