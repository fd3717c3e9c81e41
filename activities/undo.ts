/**
 * One undo: a single call of its tool, or a loop of a model with several. Attempts that failed are counted in its row;
 * the pause between two is Temporal's, so it holds no worker.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { UndoAnswer, UndoInput } from '../domain/answers.ts';
import { StepFailed, type Failure } from '../domain/failure.ts';
import { loadSaga } from '../store/context.ts';
import { isForcedOver } from '../store/forced.ts';
import { noteAlive, noteOrderlyStop } from '../store/executions.ts';
import { recordUndoFailure, takeUndo } from '../store/undo.ts';
import type { ActivityDeps } from './deps.ts';
import { persist } from './persist.ts';
import { undoByCall } from './undo-call.ts';
import { undoByModel } from './undo-loop.ts';
import type { Undoing, Way } from './undoing.ts';
import { scheduledAt, watch } from './watch.ts';

export function createUndo(deps: ActivityDeps): (input: UndoInput) => Promise<UndoAnswer> {
  return async (input) => {
    const saga = await loadSaga(deps.store, input.traceId);
    const taken = await takeUndo(deps.store, saga, input, scheduledAt());
    if (taken.kind === 'answer') return taken.answer;
    const { ref, token, forward } = taken;
    const step = saga.saga.steps[forward.orderIndex];
    const compensation = step?.compensation;
    if (!compensation) throw new Error(`expected a declared undo of step ${forward.orderIndex}, found none`);
    const undoing: Undoing = { deps, saga, input, token, forward, step, compensation };
    const way = compensation.tools.length > 1 ? undoByModel(undoing) : undoByCall(undoing);
    const watched = {
      limitSeconds: compensation.timeout_seconds,
      alive: () => noteAlive(deps.store, ref, token),
      forced: () => isForcedOver(deps.store, ref),
    };
    try {
      return await watch(watched, way.work);
    } catch (error) {
      if (error instanceof StepFailed) return await afterFailure(undoing, way, error.failure);
      await noteOrderlyStop(deps.store, ref, token).catch(() => undefined);
      throw error;
    }
  };
}

/** Failures that trying again cannot mend. */
const FINAL: readonly Failure['code'][] = [
  'BINDING_FAILED',
  'TOOL_ARGUMENTS_INVALID',
  'RESOURCE_URI_PLACEHOLDER_MISSING',
  'SYSTEM_CRASH',
];

async function afterFailure(
  { deps, input, token }: Undoing,
  way: Way,
  failure: Failure,
): Promise<UndoAnswer> {
  const { unknown, begun, ...stood } = way.stands();
  // Past its limit a call may still take effect: only a tool that may be called again is called again.
  const final = (failure.code === 'STEP_TIMED_OUT' && unknown) || FINAL.includes(failure.code);
  const write = () => recordUndoFailure(deps.store, input, token, { ...stood, failure, final });
  // What was begun is known to this process only; before it nothing is lost with this attempt.
  const recorded = await (begun ? persist(deps, 'the failure of an undo', write) : write());
  if (recorded.kind === 'answer') return recorded.answer;
  const { baseDelayMs, maxDelayMs } = deps.undoRetry;
  const nextRetryDelay = Math.min(baseDelayMs * 2 ** (recorded.failed - 1), maxDelayMs);
  throw ApplicationFailure.create({
    message: `the undo failed ${recorded.failed} times and is tried again: ${failure.code}`,
    type: failure.code,
    nextRetryDelay,
  });
}
