/**
 * The workflow as the store sees it, after workflows/saga.ts: which transaction follows which answer. It pauses
 * wherever Temporal may bring something; an attempt that crashed, lost its token or must wait for another one is
 * made again.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Cause, Ended, SettleAnswer, SettleCause, StepAnswer, StepRef } from '../../domain/answers.ts';
import { StillCalling, TokenLost } from '../../store/executions.ts';
import { settle } from '../../store/settle.ts';
import { finishSaga } from '../../store/undo.ts';
import { act, prepare, stepOf, think, undo, type Paused, type Queued, type World } from './model-attempts.ts';
import { OPEN } from './sagas.ts';

/** `stuck`: an undo failed for good, and the workflow stays open. */
export type End = Ended | { kind: 'stuck' };

/** Temporal's pause before it tries again. */
const PAUSE_MS = 3_000;

const cancelledAt = (span: string | null): Cause => ({ code: 'CANCELLED', span, uncertain: false });

export async function* workflow(world: World): Paused<End> {
  const { length } = world.run.saga.saga.steps;
  for (let index = 0; index < length; index += 1) {
    const outcome = yield* runStep(world, index);
    const span = world.run.span(index);
    if (outcome.kind === 'ended') return outcome;
    if (outcome.kind === 'cancelled') return yield* back(world, index, cancelledAt(span));
    if (outcome.kind === 'failed') {
      const { code, uncertain } = outcome;
      return yield* back(world, uncertain ? index + 1 : index, { code, span, uncertain });
    }
    if (outcome.ended) return { kind: 'ended', status: 'COMPLETED', code: null };
  }
  return yield* back(world, length, cancelledAt(null));
}

async function* back(world: World, end: number, cause: Cause): Paused<End> {
  for (let index = end - 1; index >= 0; index -= 1) {
    if (!stepOf(world, index).compensation) continue;
    const answer = yield* answered(world, () => undo(world, world.run.undo(index, cause)));
    if (answer.kind === 'ended') return answer;
    if (answer.kind === 'failed') return { kind: 'stuck' };
  }
  return await finishSaga(world.store(), world.run.saga, cause);
}

/** Makes attempts until one answers. `meanwhile` comes before the first one and at each of their pauses. */
async function* answered<T>(
  world: World,
  attempt: () => Paused<T>,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Paused<T> {
  for (;;) {
    await meanwhile();
    const paused = attempt();
    world.current = paused;
    const answer = yield* untilCrash(world, paused, meanwhile);
    world.current = null;
    if (answer !== null) return answer;
  }
}

async function* untilCrash<T>(
  world: World,
  paused: Paused<T>,
  meanwhile: () => Promise<void>,
): Paused<T | null> {
  for (;;) {
    const step = await next(paused);
    if (step === 'waits') {
      world.passes(PAUSE_MS);
      yield;
    }
    if (step === 'waits' || step === 'lost') return null;
    if (step.done === true) return step.value;
    yield;
    await meanwhile();
    if (world.crash) {
      world.crash = false;
      world.frozen.push(paused);
      return null;
    }
  }
}

/** Runs an attempt up to its next pause. `lost`: its token is; `waits`: for another one that is calling. */
export async function next<T>(paused: Paused<T>): Promise<IteratorResult<void, T> | 'lost' | 'waits'> {
  try {
    return await paused.next();
  } catch (error) {
    if (error instanceof TokenLost) return 'lost';
    if (error instanceof StillCalling) return 'waits';
    throw error;
  }
}

type Outcome = Exclude<StepAnswer, { kind: 'held' }>;

async function* runStep(world: World, index: number): Paused<Outcome> {
  const step = stepOf(world, index);
  let iteration = 1;
  let askFirst = false;
  const call = (phase: StepRef['phase']) => {
    const ref = world.run.ref(index, phase, iteration);
    const attempt = !step.hitl && step.kind === 'reason' ? think : phase === 'prepare' ? prepare : act;
    return answered(
      world,
      () => attempt(world, index, ref),
      () => tellCancel(world, index, iteration),
    );
  };
  let answer = yield* call(step.hitl ? 'prepare' : 'act');
  while (answer.kind === 'held') {
    const decided: Held = yield* hold(world, index, iteration, askFirst || answer.decided === true);
    askFirst = decided.kind === 'act';
    if (decided.kind === 'act') {
      answer = yield* call('act');
      if (answer.kind === 'held' && answer.decided !== true) world.distrustful = true;
    } else if (decided.kind === 'approved') {
      if (step.kind === 'reason') return { kind: 'completed', ended: decided.ended };
      answer = yield* call('act');
    } else if (decided.kind === 'retried') {
      iteration = decided.iteration;
      answer = yield* call('prepare');
    } else if (decided.kind === 'rejected') {
      return { kind: 'failed', code: decided.code, uncertain: false, ended: false };
    } else return decided;
  }
  return answer;
}

/** As soon as Temporal brings it, while an attempt runs. */
async function tellCancel(world: World, index: number, iteration: number): Promise<void> {
  if (!world.cancelled || world.cancelTold) return;
  world.cancelTold = true;
  await settleTwice(world, index, iteration, { kind: 'cancel' });
}

type Held = Exclude<SettleAnswer, { kind: 'pending' | 'refused' | 'rerun' }> | { kind: 'act' };

async function* hold(world: World, index: number, iteration: number, askFirst: boolean): Paused<Held> {
  let cause: SettleCause | null = askFirst ? { kind: 'opened' } : null;
  for (;;) {
    if (cause !== null) {
      const answer = await settleTwice(world, index, iteration, cause);
      if (cause.kind === 'request' && answer.kind === 'refused') world.distrustful = true;
      yield;
      if (answer.kind !== 'pending' && answer.kind !== 'refused' && answer.kind !== 'rerun') return answer;
    }
    world.waiting = true;
    // Woken by any signal, by a cancel, and now and then by a timer, which may be early.
    yield;
    world.waiting = false;
    const queued = takeFirst(world);
    if (queued?.cause.kind !== 'signal' && world.cancelled) {
      world.cancelTold = true;
      cause = { kind: 'cancel' };
      continue;
    }
    cause = queued?.cause ?? { kind: 'deadline' };
    const approves = cause.kind === 'request' && queued?.name === 'approve';
    if (approves && stepOf(world, index).kind === 'commit' && !world.distrustful) return { kind: 'act' };
  }
}

/** A request takes all others with it: the judge answers what stands. */
function takeFirst(world: World): Queued | undefined {
  const first = world.inbox.shift();
  if (first?.cause.kind === 'request')
    world.inbox = world.inbox.filter(({ cause }) => cause.kind !== 'request');
  return first;
}

/** A local activity may run twice: the second answers as the first, and the ledger is not longer by it. */
async function settleTwice(world: World, index: number, iteration: number, cause: SettleCause) {
  const id = cause.kind === 'request' ? cause.request : randomUUID();
  const input = { traceId: world.run.trace, span: world.run.span(index), iteration, id, cause };
  const first = await settle(world.store(), OPEN, input);
  const entries = await entriesOf(world);
  assert.deepEqual(await settle(world.store(), OPEN, input), first, `settle run twice, ${cause.kind}`);
  assert.equal(await entriesOf(world), entries, `the ledger after settle ran twice, ${cause.kind}`);
  return first;
}

async function entriesOf(world: World): Promise<number> {
  const { chain_n } = await world
    .store()
    .db.selectFrom('sagas')
    .select('chain_n')
    .where('trace_id', '=', world.run.trace)
    .executeTakeFirstOrThrow();
  return chain_n;
}
