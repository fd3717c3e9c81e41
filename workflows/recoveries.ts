/**
 * Recoveries that operators asked for, as they arrive. Each is a request of ours, which the store judges when a
 * step or an undo runs, or an undo has failed; what is typed by a hand is refused.
 */
import { defineSignal, setHandler } from '@temporalio/workflow';
import { recoveryOf, type RecoveryName } from '../domain/signal.ts';
import { RECOVERIES } from './messages.ts';
import { senderOf, type Inbox } from './signals.ts';

/** How many are kept until somebody looks; a request beyond them is sent again. */
const KEPT = 20;

const INSTEAD: Readonly<Record<RecoveryName, string>> = {
  retry_step: '"warden saga retry-step", or "temporal activity reset"',
  retry_compensation: '"warden saga retry-compensation"',
};

export interface Recoveries {
  any(): boolean;
  /** Takes the requests, each once, in the order in which they came. */
  take(): string[];
}

/** Registers the handlers; they only queue. */
export function listenForRecoveries({ refuse }: Pick<Inbox, 'refuse'>): Recoveries {
  const queue = new Set<string>();
  for (const { name, description } of Object.values(RECOVERIES)) {
    const handler = (argument: unknown, sender: unknown) => {
      const id = recoveryOf(argument);
      if (id === null) refuse(name, `sent by Warden alone; use ${INSTEAD[name]}`, senderOf(sender));
      else if (queue.size < KEPT) queue.add(id);
    };
    setHandler(defineSignal<[argument: unknown, sender: unknown]>(name), handler, { description });
  }
  return {
    any: () => queue.size > 0,
    take() {
      const taken = [...queue];
      queue.clear();
      return taken;
    },
  };
}
