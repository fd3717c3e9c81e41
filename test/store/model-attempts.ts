/**
 * Activities as the store sees them: one attempt is a generator that pauses between its transactions, so that it can
 * be crashed, frozen and thawed anywhere. A tool answers as the world says, and counts its effects by key.
 */
import type { SettleCause, StepAnswer, StepRef, UndoAnswer, UndoInput } from '../../domain/answers.ts';
import type { Verb } from '../../domain/decision.ts';
import { asOwner, takeStep } from '../../store/attempt.ts';
import { beginCall, recordResult } from '../../store/call.ts';
import { openHold } from '../../store/holding.ts';
import { completeStep, recordOutcome } from '../../store/outcome.ts';
import type { Store } from '../../store/store.ts';
import { beginUndoCall, recordUndoFailure, recordUndone, takeUndo } from '../../store/undo.ts';
import { calling, DONE, openingOf, type Run } from './sagas.ts';

/** Pauses wherever another may come in between; answers at its end. */
export type Paused<T> = AsyncGenerator<void, T, void>;

export type ToolAnswer = 'done' | 'failed' | 'lost';

/** What goes wrong with a transaction: it does not come to the store, or its answer does not come back. */
export type Trouble = 'none' | 'away' | 'unanswered';

/** A signal that the workflow has received and not taken. */
export interface Queued {
  name: Verb;
  cause: SettleCause;
}

export interface World {
  readonly run: Run;
  /** The store at the time that it is in this world. */
  store(): Store;
  /** Time goes on while an attempt waits for another one. */
  passes(ms: number): void;
  /** What goes wrong with the next beginnings of a call. */
  readonly troubles: Trouble[];
  /** Takes the answer of the next call of a tool. */
  nextAnswer(): ToolAnswer;
  /** Calls that took effect, by idempotency key. */
  readonly effects: Map<string, number>;
  inbox: Queued[];
  /** A request decided nothing: from now on the judge is asked before `act` runs. */
  distrustful: boolean;
  cancelled: boolean;
  /** The store was told of the cancel that Temporal brought. */
  cancelTold: boolean;
  /** The workflow waits for a signal, a cancel or the deadline. */
  waiting: boolean;
  /** The attempt that runs now, and those that were given up and may still write. */
  current: Paused<unknown> | null;
  readonly frozen: Paused<unknown>[];
  /** Crash the attempt that runs now. */
  crash: boolean;
}

/** `write` is not idempotent, `publish` is. */
export const IDEMPOTENT = { write: false, publish: true };
const FAILURE = { code: 'TOOL_OUTPUT_ERROR', message: 'no' } as const;
export const EXPIRES_MS = 60_000;

export function stepOf(world: World, index: number) {
  const step = world.run.saga.saga.steps[index];
  if (!step) throw new Error(`expected a step ${index}`);
  return step;
}

export async function* prepare(world: World, index: number, ref: StepRef): Paused<StepAnswer> {
  const step = stepOf(world, index);
  const taken = await takeStep(world.store(), ref, step);
  yield;
  if (taken.kind === 'answer') return taken.answer;
  const opening = openingOf(step, EXPIRES_MS);
  const opened = await openHold(world.store(), ref, taken.token, { opening, verdict: null });
  yield;
  return opened;
}

export async function* think(world: World, index: number, ref: StepRef): Paused<StepAnswer> {
  const taken = await takeStep(world.store(), ref, stepOf(world, index));
  yield;
  if (taken.kind === 'answer') return taken.answer;
  const done = await asOwner(world.store(), ref, taken.token, async (court): Promise<StepAnswer> => {
    const { ended } = await completeStep(court, ref.span, { output: { data: {} } });
    return recordOutcome(court, ref, { kind: 'completed', ended });
  });
  yield;
  return 'own' in done ? done.own : done.answer;
}

export async function* act(world: World, index: number, ref: StepRef): Paused<StepAnswer> {
  const step = stepOf(world, index);
  const taken = await takeStep(world.store(), ref, step);
  yield;
  if (taken.kind === 'answer') return taken.answer;
  const idempotent = step.id === 'publish' ? IDEMPOTENT.publish : IDEMPOTENT.write;
  const asked = calling(world.run, ref, taken.token, { idempotent });
  for (let called = false; ; called = true) {
    const begun = yield* begin(world, (again) =>
      beginCall(world.store(), ref, { ...asked, unmade: again && !called }),
    );
    if (begun.kind === 'answer') return begun.answer;
    const answer = useTool(world, `${ref.traceId}:${ref.span}`);
    yield;
    if (answer === 'lost') continue;
    const result = answer === 'done' ? DONE : ({ kind: 'failed', failure: FAILURE } as const);
    const recorded = await recordResult(world.store(), ref, result);
    yield;
    return recorded;
  }
}

export async function* undo(world: World, input: UndoInput): Paused<UndoAnswer> {
  for (;;) {
    const taken = await takeUndo(world.store(), world.run.saga, input);
    yield;
    if (taken.kind === 'answer') return taken.answer;
    const { token } = taken;
    const asked = { token, tool: 'delete_note', idempotent: true, resolved: {} };
    const begun = yield* begin(world, (unmade) => beginUndoCall(world.store(), input, { ...asked, unmade }));
    if (begun.kind === 'answer') return begun.answer;
    const answer = useTool(world, `${input.traceId}:${input.span}`);
    yield;
    if (answer === 'done') return await recordUndone(world.store(), input, { rollback_status: 'success' });
    // Also a call that was lost: the tool is idempotent, so it counts as one that failed.
    const failed = { failure: FAILURE, called: true, final: false };
    const recorded = await recordUndoFailure(world.store(), input, token, failed);
    yield;
    if (recorded.kind === 'answer') return recorded.answer;
  }
}

/** Asks until the answer comes, as `persist` does. */
async function* begin<T>(world: World, write: (again: boolean) => Promise<T>): Paused<T> {
  for (let again = false; ; again = true) {
    const trouble = world.troubles.shift() ?? 'none';
    const answer = trouble === 'away' ? null : await write(again);
    yield;
    if (trouble === 'none' && answer !== null) return answer;
  }
}

/** A call whose answer is lost took effect. */
function useTool(world: World, key: string): ToolAnswer {
  const answer = world.nextAnswer();
  if (answer !== 'failed') world.effects.set(key, (world.effects.get(key) ?? 0) + 1);
  return answer;
}
