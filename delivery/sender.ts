/**
 * The sender: claims due requests and tells Temporal about each, many at once, none twice by one claim. Woken by
 * the commits of its own process and once a second, for what other processes wrote and what has come due.
 *
 * Invariants: 1. no transaction and no lock is open while Temporal is asked; 2. a row is noted as delivered only
 * after Temporal accepted it, so a crash in between sends it again, and its id lets Temporal drop the second;
 * 3. no error ends it: a row that failed is due again, and while Temporal is away one row at a time tries.
 */
import type { Client } from '@temporalio/client';
import { namesOf } from '../store/in-flight.ts';
import { keepRun, noteStarted } from '../store/reconcile.ts';
import { repeat, type Log } from '../store/repeat.ts';
import { claimDue, noteDelivered, noteUndelivered, type Request } from '../store/requests.ts';
import type { Store } from '../store/store.ts';
import { workflowId } from '../workflows/messages.ts';
import { carryClosed, carryUnknown } from './found.ts';
import { send } from './send.ts';
import { isAway, isGone, standing, wordsOf } from './temporal.ts';

export interface SenderParts {
  store: Store;
  client: Client;
  taskQueue: string;
  log: Log;
  /** Ends the process where a test asks for it. */
  crash(point: 'decided-not-sent' | 'sent-not-consumed'): void;
}

const AT_ONCE = 32;
/** Longer than a call to Temporal and what is written after it. */
const CLAIM_MS = 15_000;
const PAUSE_MS = 1_000;
const BACKOFF_MS = { first: 1_000, longest: 30_000 };
/** A send takes at most two calls and two waits for a lock. */
const STOP_MS = 20_000;

export function startSender(parts: SenderParts): { stop(): Promise<void> } {
  const { store, log } = parts;
  const open = new Set<Promise<void>>();
  const temporal = createPause(log);
  let full = false;

  async function claim(): Promise<void> {
    for (;;) {
      const free = temporal.atOnce() - open.size;
      full = free <= 0;
      if (full) return;
      const requests = await claimDue(store, free, CLAIM_MS);
      for (const request of requests) dispatch(request);
      if (requests.length < free) return;
    }
  }

  function dispatch(request: Request): void {
    const sending = deliver(parts, temporal, request).then((more) => {
      open.delete(sending);
      if (more || full) rounds.wake();
    });
    open.add(sending);
  }

  const rounds = repeat(claim, { name: 'delivery of requests', everyMs: 1000, log });
  const quit = store.onNews('request', rounds.wake);
  return {
    stop: async () => {
      quit();
      await rounds.stop();
      await within(STOP_MS, Promise.all(open));
    },
  };
}

/** One try of one request; never rejects. Answers whether another request of its saga is due now. */
async function deliver(parts: SenderParts, temporal: Pause, request: Request): Promise<boolean> {
  const { store, log } = parts;
  try {
    return await attempt(parts, temporal, request);
  } catch (error) {
    const away = isAway(error);
    if (away) temporal.away(error);
    const words = wordsOf(error);
    if (!away)
      log.warn(
        { request: request.id, traceId: request.trace_id, error: words },
        'a request was not delivered',
      );
    const backoff = Math.min(BACKOFF_MS.first * 2 ** Math.min(request.attempts - 1, 10), BACKOFF_MS.longest);
    // A store that is away as well keeps the claim, which runs out.
    await noteUndelivered(store, request, words, away ? PAUSE_MS : backoff).catch(() => undefined);
    return false;
  }
}

async function attempt(parts: SenderParts, temporal: Pause, request: Request): Promise<boolean> {
  const { store, crash } = parts;
  if (request.delivered_at !== null && (await isSettled(parts, request))) return true;
  const isDecision = request.span_id !== null;
  try {
    if (isDecision) crash('decided-not-sent');
    const runId = await send(parts, request);
    temporal.answered();
    if (isDecision) crash('sent-not-consumed');
    if (runId !== null) await keepRun(store, request.trace_id, runId);
  } catch (error) {
    if (!isGone(error) || !(await carryGone(parts, request))) throw error;
    temporal.answered();
    return true;
  }
  return noteDelivered(store, request);
}

/**
 * Whether a request that was accepted earlier need not be sent again. A start: its saga runs. A cancel: the workflow
 * is not open; Temporal accepts the cancel of a closed one (measured), so it would be sent for ever.
 */
async function isSettled(parts: SenderParts, request: Request): Promise<boolean> {
  const { store } = parts;
  if (request.kind === 'cancel') return carryGone(parts, request);
  if (request.kind !== 'start') return false;
  const { status } = await namesOf(store, request.trace_id);
  if (status === 'PENDING') return false;
  await noteStarted(store, request.trace_id, request.id);
  return true;
}

/** Looks at the workflow of a request, and carries its end or its loss into the saga. False: it is open. */
async function carryGone({ store, client, log }: SenderParts, { trace_id }: Request): Promise<boolean> {
  const found = await standing(client, workflowId(trace_id));
  if (found.kind === 'running') return false;
  if (found.kind === 'closed') await carryClosed(store, log, trace_id, found.status);
  else await carryUnknown(store, log, trace_id);
  return true;
}

type Pause = ReturnType<typeof createPause>;

/** Whether Temporal answers. While it does not, one request at a time finds out, so that the rest stay untouched. */
function createPause(log: Log) {
  let since: number | null = null;
  let until = 0;
  return {
    atOnce: () => {
      if (since === null) return AT_ONCE;
      return Date.now() < until ? 0 : 1;
    },
    answered: () => {
      if (since !== null) log.info({ awayMs: Date.now() - since }, 'Temporal answers again');
      since = null;
    },
    away: (error: unknown) => {
      if (since === null)
        log.warn({ error: wordsOf(error) }, 'Temporal does not answer; requests wait for it');
      since ??= Date.now();
      until = Date.now() + PAUSE_MS;
    },
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
