/** One attempt at a forward step: watched, and its known failures recorded while its token is its own. */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import { StepFailed } from '../domain/failure.ts';
import { asOwner, fail } from '../store/attempt.ts';
import { isForcedOver } from '../store/forced.ts';
import { noteAlive, noteOrderlyStop } from '../store/executions.ts';
import type { ActivityDeps } from './deps.ts';
import { PolicyStopped } from './gate.ts';
import type { Measured } from '../store/timing.ts';
import { persist } from './persist.ts';
import type { Stopwatch } from './stopwatch.ts';
import { watch, type Watching } from './watch.ts';

/**
 * Runs the work of an attempt. Rejects with whatever is not a known failure of the step (store away, worker
 * process stopping, token lost, a bug): Temporal tries again, and the row tells the next attempt what stands.
 */
export async function attempt(
  deps: ActivityDeps,
  ref: StepRef,
  own: { token: number; limitSeconds: number; stopwatch: Stopwatch },
  work: (watching: Watching) => Promise<StepAnswer>,
): Promise<StepAnswer> {
  const { store } = deps;
  const { token, limitSeconds, stopwatch } = own;
  try {
    const alive = () => noteAlive(store, ref, token);
    return await watch({ limitSeconds, alive, forced: () => isForcedOver(store, ref) }, work);
  } catch (error) {
    if (error instanceof StepFailed)
      return await recordFailure(deps, ref, { token, measured: stopwatch.measured() }, error);
    await noteOrderlyStop(store, ref, token).catch(() => undefined);
    throw error;
  }
}

async function recordFailure(
  deps: ActivityDeps,
  ref: StepRef,
  { token, measured }: { token: number; measured: Measured },
  stopped: StepFailed,
): Promise<StepAnswer> {
  const { failure } = stopped;
  const recorded = await persist(deps, 'the failure of a step', () =>
    asOwner(deps.store, ref, token, (court, execution) => {
      if (stopped instanceof PolicyStopped) court.record(stopped.verdict);
      const timedOut = failure.code === 'STEP_TIMED_OUT';
      // A call that began and has no result may have taken effect.
      return fail(court, ref, failure, { uncertain: execution.calling_at !== null, timedOut, measured });
    }),
  );
  return 'answer' in recorded ? recorded.answer : recorded.own;
}
