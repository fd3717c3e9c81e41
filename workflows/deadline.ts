/**
 * The timer of a hold. The store's clock judges the deadline; the timer only wakes the hold, a little after it,
 * and is set again when it woke too early.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';

/** The clocks of the store and of Temporal differ a little. */
const AFTER_DEADLINE_MS = 1000;

export interface Deadline {
  /** True when the timer has fired since it was last set. */
  isDue(): boolean;
  /** Sets it anew once it has fired; a running one is left alone. */
  renew(expiresInMs: number | undefined): void;
  stop(): void;
}

/** @param expiresInMs undefined: the review never expires, and there is no timer */
export function startDeadline(expiresInMs: number | undefined, summary: string): Deadline {
  let due = false;
  let scope: CancellationScope | null = null;

  function set(ms: number | undefined): void {
    due = false;
    if (ms === undefined) return;
    const timer = new CancellationScope({ cancellable: true });
    scope = timer;
    timer
      .run(() => sleep(ms + AFTER_DEADLINE_MS, { summary }))
      .then(() => {
        due = true;
        scope = null;
      })
      // Stopped because the hold is over.
      .catch(() => undefined);
  }

  set(expiresInMs);
  return {
    isDue: () => due,
    renew: (ms) => {
      if (due) set(ms);
    },
    stop: () => scope?.cancel(),
  };
}
