/**
 * Waiting for many sagas at once. One look at the lists serves everyone who waits: a look for each saga of its
 * own would keep the machine busier than the sagas do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../../api/client.ts';
import type { PendingReview } from '../../api/contract-reviews.ts';
import type { SagaItem } from '../../api/contract-sagas.ts';

const EVERY_MS = 40;
const PATIENCE_MS = 90_000;

interface Board {
  reviews: readonly PendingReview[];
  /** Trace ids of the sagas in flight, at most a hundred. */
  inFlight: ReadonlySet<string>;
}

interface Waiting {
  /** True: it was found. */
  look(board: Board): Promise<boolean>;
  giveUp(error: unknown): void;
}

export type Watch = ReturnType<typeof createWatch>;

/** Looks at the lists as long as somebody waits. No more than a hundred sagas may be in flight. */
export function createWatch(http: ApiClient) {
  const waiting = new Set<Waiting>();
  let looking = false;

  async function lookOnce(): Promise<void> {
    const [reviews, sagas] = await Promise.all([
      http.pendingReviews({ limit: 100 }),
      http.listSagas({ in_flight: true, limit: 100 }),
    ]);
    const board = { reviews: reviews.items, inFlight: new Set(sagas.items.map(({ trace_id }) => trace_id)) };
    for (const each of [...waiting]) {
      if (await each.look(board)) waiting.delete(each);
    }
  }

  async function keepLooking(): Promise<void> {
    looking = true;
    try {
      while (waiting.size > 0) {
        await lookOnce();
        await delay(EVERY_MS);
      }
    } catch (error) {
      for (const each of waiting) each.giveUp(error);
      waiting.clear();
    } finally {
      looking = false;
    }
  }

  function wait<Found>(what: string, find: (board: Board) => Promise<Found | null> | Found | null) {
    return new Promise<Found>((resolve, giveUp) => {
      const end = Date.now() + PATIENCE_MS;
      const look = async (board: Board): Promise<boolean> => {
        const found = await find(board);
        if (found !== null) resolve(found);
        else if (Date.now() > end) giveUp(new Error(`waited ${PATIENCE_MS} ms for ${what}, in vain`));
        return found !== null || Date.now() > end;
      };
      waiting.add({ look, giveUp });
      if (!looking) void keepLooking();
    });
  }

  return {
    /** The open review of a saga in that iteration. */
    review: (traceId: string, iteration = 1): Promise<PendingReview> =>
      wait(`review ${iteration} of ${traceId}`, ({ reviews }) => {
        const of = (each: PendingReview) => each.saga_trace_id === traceId && each.iteration === iteration;
        return reviews.find(of) ?? null;
      }),
    /** The open review of a step other than that of a span. */
    reviewAfter: (traceId: string, span: string): Promise<PendingReview> =>
      wait(`the next review of ${traceId}`, ({ reviews }) => {
        const of = (each: PendingReview) => each.saga_trace_id === traceId && each.step_span_id !== span;
        return reviews.find(of) ?? null;
      }),
    /** The saga once it has ended. */
    ended: (traceId: string): Promise<SagaItem> =>
      wait(`the end of ${traceId}`, async ({ inFlight }) => {
        if (inFlight.has(traceId)) return null;
        // It began after the list was read, or more than a hundred are in flight.
        const [found] = (await http.listSagas({ trace_id: traceId })).items;
        return found && found.ended_at !== null ? found : null;
      }),
  };
}

/** Runs `act` for 0 … count - 1, at most `limit` of them at a time; answers in that order. */
export async function inFlight<Done>(
  count: number,
  limit: number,
  act: (index: number) => Promise<Done>,
): Promise<Done[]> {
  const done: Done[] = [];
  let next = 0;
  const runner = async () => {
    for (let index = next++; index < count; index = next++) done[index] = await act(index);
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, runner));
  return done;
}
