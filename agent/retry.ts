/** Asking a model until it answers: transient errors are waited out, all others end the asking at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { ModelError } from './model.ts';
import type { Model, ModelRequest, ModelTurn } from './model.ts';

export interface ModelRetry {
  enabled: boolean;
  /** The first attempt included. */
  maxAttempts: number;
  baseDelayMs: number;
  maxDelayMs: number;
}

/**
 * One turn of the model, within the attempts allowed. Rejects with {@link ModelError} (its `attempts` counts the
 * requests made), or with the signal's reason as soon as that is aborted.
 */
export async function askModel(
  model: Model,
  request: Omit<ModelRequest, 'attempt'>,
  retry: ModelRetry,
): Promise<ModelTurn> {
  const { signal } = request;
  const allowed = retry.enabled ? retry.maxAttempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await model.turn({ ...request, attempt });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      error.attempts = attempt;
      if (error.kind !== 'transient' || attempt >= allowed) throw error;
      await pause(waitMs(attempt, error.waitMs, retry, Math.random()), signal);
    }
  }
}

/**
 * Milliseconds to wait after so many failed attempts: doubled each time, between half of that and all of it
 * (`random` from 0 to 1), never shorter than the provider's hint, never longer than the maximum.
 */
export function waitMs(failures: number, hintMs: number | null, retry: ModelRetry, random: number): number {
  const exponential = retry.baseDelayMs * 2 ** (failures - 1);
  return Math.min(retry.maxDelayMs, Math.max(hintMs ?? 0, exponential * (0.5 + random / 2)));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
