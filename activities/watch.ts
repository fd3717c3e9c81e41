/**
 * Watching over work that takes time: its limit, the signs of life that it gives to Temporal and to its row, and
 * its end when it was given up. The first sign comes after five seconds, so short work costs none.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { StepFailed } from '../domain/failure.ts';

const BEAT_MS = 5_000;
const LET_GO_MS = 100;

export interface Watched {
  /** The limit of one execution, in seconds. */
  limitSeconds: number;
  /** Notes in the row that the attempt lives; false: it has lost its token. */
  alive(): Promise<boolean>;
  /** Whether an operator's force ends the attempt, also in the middle of a call. Asked when Temporal gives it up. */
  forced(): Promise<boolean>;
}

/** Thrown when another attempt has taken the row over: this one must write nothing more. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/** When Temporal scheduled the attempt that runs here. */
export function scheduledAt(): Date {
  return new Date(Context.current().info.currentAttemptScheduledTimestampMs);
}

/** What watched work says of itself. */
export interface Watching {
  /** Aborted when the work is given up; its reason is what the watch rejects with. */
  signal: AbortSignal;
  /**
   * A call begins that may take effect: from now on only the limit and an operator's force end the work. Its result
   * counts whoever holds the row, and a pause, a reset or the end of this process must not throw it away.
   */
  calling(): void;
  /** The call has been answered: nothing ends the work before the answer is written. */
  answered(): void;
  /** The answer is written, and the work goes on: what would have ended it meanwhile does so now. */
  recorded(): void;
}

/**
 * Runs `work` until it ends, its limit is reached (`StepFailed`, STEP_TIMED_OUT), its token is lost
 * (`Superseded`), or Temporal gives it up (the reason of Temporal's signal).
 */
export async function watch<T>(watched: Watched, work: (watching: Watching) => Promise<T>): Promise<T> {
  const context = Context.current();
  const stop = new AbortController();
  const stage: Stage = { calling: false, answered: false, late: false };
  const timeOut = (): void => stop.abort(timedOut(watched));
  const limit = setTimeout(() => {
    if (stage.answered) stage.late = true;
    else timeOut();
  }, watched.limitSeconds * 1000);
  const giveUp = (): void => giveUpAt(stage, watched, stop, context.cancellationSignal);
  const beat = setInterval(() => {
    context.heartbeat();
    if (context.cancellationSignal.aborted) giveUp();
    watched.alive().then(
      (own) => {
        if (!own && !stage.calling) stop.abort(new Superseded('another attempt has taken over'));
      },
      // The store is away: whether the token is still ours, the next write will tell.
      () => undefined,
    );
  }, BEAT_MS);
  context.cancellationSignal.addEventListener('abort', giveUp, { once: true });
  if (context.cancellationSignal.aborted) giveUp();
  try {
    const watching: Watching = {
      signal: stop.signal,
      calling: () => (stage.calling = true),
      answered: () => (stage.answered = true),
      recorded: () => {
        stage.calling = false;
        stage.answered = false;
        if (stage.late) timeOut();
        else if (context.cancellationSignal.aborted) giveUp();
      },
    };
    const working = work(watching);
    return await Promise.race([working, rejection(stop.signal)]).catch(async (error: unknown) => {
      if (!stop.signal.aborted) throw error;
      await letGo(working);
      throw reasonOf(stop.signal);
    });
  } finally {
    clearTimeout(limit);
    clearInterval(beat);
    context.cancellationSignal.removeEventListener('abort', giveUp);
  }
}

interface Stage {
  calling: boolean;
  answered: boolean;
  /** The limit was reached between an answer and its record. */
  late: boolean;
}

function timedOut({ limitSeconds }: Watched): StepFailed {
  const message = `the step did not end within its limit of ${limitSeconds} s (timeout_seconds)`;
  return new StepFailed('STEP_TIMED_OUT', message, { timeout_seconds: limitSeconds });
}

/** Temporal gives the work up. One that is in the middle of a call ends only when an operator's force is behind it. */
function giveUpAt(stage: Stage, watched: Watched, stop: AbortController, given: AbortSignal): void {
  if (!stage.calling) {
    stop.abort(given.reason);
    return;
  }
  watched.forced().then(
    (forced) => {
      if (forced && !stage.answered) stop.abort(given.reason);
    },
    // The store is away: asked again with the next sign of life.
    () => undefined,
  );
}

/** Work that was given up says what it took, when it lets go at once. */
async function letGo(working: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = delay(LET_GO_MS, undefined, { signal: over.signal });
  await Promise.allSettled([Promise.race([working, late]).finally(() => over.abort())]);
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(reasonOf(signal));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(`the work was given up: ${String(reason)}`);
}
