/**
 * Reconcile: what happened to sagas' workflows without a word to us. Closed workflows, workflows whose tasks fail,
 * and, a few at a time, sagas in flight that Temporal may not know any more. Every process looks; what one finds
 * after the other is found already carried into the saga.
 */
import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';
import {
  inFlightAfter,
  lookedUntil,
  noteLooked,
  openAmong,
  stuckWith,
  WALK_BEGINS,
  type InFlightSaga,
} from '../store/in-flight.ts';
import { markStuck } from '../store/reconcile.ts';
import { repeat, type Log } from '../store/repeat.ts';
import type { Store } from '../store/store.ts';
import { workflowId } from '../workflows/messages.ts';
import { carryStanding } from './found.ts';
import { PROBLEM_CODES, stuckFrom } from './problems.ts';
import { listPages } from './visibility.ts';

export interface ReconcileParts {
  store: Store;
  client: Client;
  log: Log;
  /** How often it looks; left out: as often as the lists need it. */
  everyMs?: number;
}

/** Half of the 10 s within which the lists tell of a termination: visibility itself lags behind. */
const EVERY_MS = 5_000;
/** Visibility may show a workflow this late, and two clocks may differ by as much. */
const OVERLAP_MS = 30_000;
const AT_ONCE = 8;
/** Sagas in flight that are looked at one by one in a round, and in one that found a lost one. */
const BATCH = { usual: 16, lost: 200 };

/** `stop` does not wait for Temporal: a look that is given up is made again by whoever looks next. */
export function startReconcile(parts: ReconcileParts): { stop(): Promise<void> } {
  const looks = [
    startLook(parts, 'looking at closed workflows', () => lookAtClosed(parts)),
    startLook(parts, 'looking at stuck workflows', () => lookAtProblems(parts)),
    startLook(parts, 'looking at sagas in flight', createRotation(parts)),
  ];
  return {
    stop: async () => {
      await Promise.all(looks.map((look) => look.stop()));
    },
  };
}

function startLook(
  { client, log, everyMs = EVERY_MS }: ReconcileParts,
  name: string,
  look: () => Promise<void>,
) {
  let quit = new AbortController();
  const round = () => {
    // One for each round: the client leaves a listener for each call on it (measured).
    quit = new AbortController();
    setMaxListeners(0, quit.signal);
    return client.withAbortSignal(quit.signal, look);
  };
  const rounds = repeat(round, { name, everyMs, log });
  return {
    stop: () => {
      const stopped = rounds.stop();
      quit.abort();
      return stopped;
    },
  };
}

/** Sagas whose workflow should be open, and has closed since the last look. */
export async function lookAtClosed(parts: ReconcileParts): Promise<void> {
  const { store, client } = parts;
  const began = new Date();
  const last = await lookedUntil(store);
  if (last !== null) {
    const since = new Date(last.getTime() - OVERLAP_MS).toISOString();
    for await (const page of listPages(client, `ExecutionStatus != 'Running' AND CloseTime > '${since}'`)) {
      const sagas = await openAmong(store, [...new Set(page.map((each) => each.traceId))]);
      await each(sagas, (saga) => carryStanding(parts, saga));
    }
  }
  await noteLooked(store, began);
}

/** Marks sagas in flight whose workflow tasks fail, and unmarks those whose tasks do not any more. */
export async function lookAtProblems({ store, client }: ReconcileParts): Promise<void> {
  const found = new Set<string>();
  for await (const page of listPages(
    client,
    `ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL`,
  )) {
    const reports = new Map(page.map((one) => [one.traceId, one.problems]));
    const sagas = await openAmong(store, [...reports.keys()]);
    await each(sagas, async ({ traceId }) => {
      found.add(traceId);
      await markStuck(store, traceId, stuckFrom(workflowId(traceId), reports.get(traceId) ?? []));
    });
  }
  const over = (await stuckWith(store, PROBLEM_CODES)).filter((traceId) => !found.has(traceId));
  await each(over, (traceId) => markStuck(store, traceId, null));
}

/**
 * Looks at some of the sagas in flight each time it is called, all in turn. When one is lost the others most likely
 * are too, so it goes on through all of them at once.
 */
export function createRotation(parts: ReconcileParts): () => Promise<void> {
  let walk = WALK_BEGINS;
  return async () => {
    for (let limit = BATCH.usual; ; limit = BATCH.lost) {
      const sagas = await inFlightAfter(parts.store, walk, limit);
      const outcomes = new Set<string>();
      await each(sagas, async (saga: InFlightSaga) => {
        outcomes.add(await carryStanding(parts, saga));
      });
      const isLastPage = sagas.length < limit;
      walk = (isLastPage ? undefined : sagas.at(-1)) ?? WALK_BEGINS;
      if (!outcomes.has('lost') || isLastPage) return;
    }
  };
}

/** Does the work for all, some at a time. The first failure ends it: the next round begins again. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) await Promise.all(all.slice(at, at + AT_ONCE).map(work));
}
