/**
 * The inbox of a saga: its signal handlers and what they queued. Handlers are synchronous, never throw, and only
 * queue; a signal is bound to the review that is open at the moment it is handled, so one meant for the first
 * review never decides the second.
 *
 * Invariants: a request of ours stays queued until a hold takes it; everything typed is settled or recorded as
 * refused; of the refusals between two ends of holds at most `REFUSALS` are kept one by one, the rest counted.
 */
import { defineSignal, setDefaultSignalHandler, setHandler, uuid4 } from '@temporalio/workflow';
import type { SettleCause } from '../domain/answers.ts';
import { readSignal, type SignalName } from '../domain/signal.ts';
import { SIGNALS } from './messages.ts';

/** How many refusals are recorded one by one until the next hold ends. */
export const REFUSALS = 20;

/** Longer than any id of a request; a forged one must not swell the history. */
const REQUEST_LENGTH = 64;

export interface Review {
  span: string;
  iteration: number;
  /** `<step id>#<iteration>`. */
  name: string;
}

export type Queued =
  | { kind: 'request'; name: SignalName; id: string }
  /** `review`: the one that was open when the signal came; null when none was. */
  | { kind: 'typed'; id: string; review: Review | null; cause: SettleCause };

export interface Inbox {
  /** From now on typed signals mean this review; null: the hold ended, none is open, refusals count anew. */
  bind(review: Review | null): void;
  size(): number;
  /** Takes what is first in the queue; a request with all others, because the judge answers what stands. */
  take(): Queued | undefined;
  /** Records, or counts, a signal that is none of ours. */
  refuse(name: string, reason: string, identity: string): void;
  /** Counts a request that decided nothing; false: so many did that they are not recorded one by one any more. */
  noteForged(): boolean;
  hasTyped(): boolean;
  /** How many refusals were recorded one by one since the last hold ended. */
  noted(): number;
  /** Takes the oldest typed signal, leaving requests where they are. */
  takeTyped(): Extract<Queued, { kind: 'typed' }> | undefined;
  hasUncounted(): boolean;
  /** How many refusals of this run were not kept, all in all; from now on they count as told. */
  takeUncounted(): number;
}

/**
 * Registers the handlers of approve, reject, retry and of every other signal.
 * @param noted refusals that an earlier run recorded already in this hold
 */
export function listen(noted: number): Inbox {
  const inbox = createInbox(noted);
  for (const { name, description } of Object.values(SIGNALS)) {
    const definition = defineSignal<[argument: unknown, sender: unknown]>(name);
    const handler = (argument: unknown, sender: unknown) => inbox.receive(name, argument, senderOf(sender));
    setHandler(definition, handler, { description });
  }
  setDefaultSignalHandler((name, _argument, sender) => {
    const known = Object.keys(SIGNALS).join(', ');
    inbox.refuse(name.slice(0, 80), `no such signal; expected one of ${known}`, senderOf(sender));
  });
  return inbox;
}

function createInbox(alreadyNoted: number) {
  const queue: Queued[] = [];
  let open: Review | null = null;
  let noted = alreadyNoted;
  let uncounted = 0;
  let told = 0;

  /** False: too many were recorded already, this one is only counted. */
  function note(): boolean {
    if (noted >= REFUSALS) {
      uncounted += 1;
      return false;
    }
    noted += 1;
    return true;
  }

  function refuse(name: string, reason: string, identity: string): void {
    if (note()) queueTyped({ kind: 'refused', name, reason, identity });
  }

  function receive(name: SignalName, argument: unknown, identity: string): void {
    const reading = readSignal(name, [argument], open?.name ?? null);
    if (reading.kind === 'request') {
      queue.push({ kind: 'request', name, id: reading.request.slice(0, REQUEST_LENGTH) });
    } else if (reading.kind === 'typed') {
      queueTyped({ kind: 'signal', name, body: reading.body, identity });
    } else {
      refuse(name, reading.reason, identity);
    }
  }

  function queueTyped(cause: SettleCause): void {
    queue.push({ kind: 'typed', id: uuid4(), review: open, cause });
  }

  return {
    bind(review: Review | null): void {
      open = review;
      if (review === null) noted = 0;
    },
    size: () => queue.length,
    take: () => takeFirst(queue),
    noteForged: note,
    noted: () => noted,
    hasTyped: () => queue.some((queued) => queued.kind === 'typed'),
    takeTyped: () => takeTyped(queue),
    hasUncounted: () => uncounted > told,
    takeUncounted(): number {
      told = uncounted;
      return uncounted;
    },
    receive,
    refuse,
  };
}

function takeFirst(queue: Queued[]): Queued | undefined {
  const first = queue.shift();
  if (first?.kind !== 'request') return first;
  const typed = queue.filter((queued) => queued.kind === 'typed');
  queue.splice(0, queue.length, ...typed);
  return first;
}

function takeTyped(queue: Queued[]) {
  const at = queue.findIndex((queued) => queued.kind === 'typed');
  const [taken] = at < 0 ? [] : queue.splice(at, 1);
  return taken?.kind === 'typed' ? taken : undefined;
}

/** Who sent a signal, cut to what a label needs. */
export function senderOf(sender: unknown): string {
  return typeof sender === 'string' ? sender.slice(0, 255) : '';
}
