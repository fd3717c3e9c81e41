/**
 * Writing down what has happened outside, which nobody else knows: tried again until the store has it. The activity
 * goes on giving signs of life meanwhile, so no other attempt begins.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { TokenLost } from '../store/executions.ts';
import type { ActivityDeps } from './deps.ts';

const PAUSE_MS = { first: 100, longest: 5_000 };
/** After the process was told to stop; its worker waits longer than that. */
const LAST_MS = 6_000;

/**
 * Rejects with `TokenLost`, and with the store's error when the process is stopping.
 * @param signal when aborted, nothing is tried again: the work was given up
 */
export async function persist<T>(
  { log }: Pick<ActivityDeps, 'log'>,
  what: string,
  write: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { cancellationSignal } = Context.current();
  let stopBy = Infinity;
  for (let pause = PAUSE_MS.first; ; pause = Math.min(pause * 2, PAUSE_MS.longest)) {
    try {
      return await write();
    } catch (error) {
      if (error instanceof TokenLost || signal?.aborted === true) throw error;
      if (cancellationSignal.aborted) stopBy = Math.min(stopBy, Date.now() + LAST_MS);
      if (Date.now() >= stopBy) throw error;
      log.warn({ err: error }, `${what} could not be written and is tried again`);
    }
    await delay(pause);
  }
}
