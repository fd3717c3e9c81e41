/**
 * Delivery, which runs in every process: it tells Temporal what was asked of sagas, and carries back what became of
 * their workflows. The rows are the truth; two processes doing it at once is harmless.
 */
import { startReconcile } from './reconcile.ts';
import { startSender, type SenderParts } from './sender.ts';

export interface DeliveryParts extends SenderParts {
  /** How often what became of workflows is looked at; left out: every 5 s. */
  reconcileEveryMs?: number;
}

/** Nothing begins before `start`; `stop` waits for what is being sent, for a bounded time. */
export function createDelivery(parts: DeliveryParts): { start(): void; stop(): Promise<void> } {
  let running: { stop(): Promise<void> }[] = [];
  return {
    start: () => {
      if (running.length > 0) return;
      const { store, client, log, reconcileEveryMs: everyMs } = parts;
      const reconcile = startReconcile({ store, client, log, ...(everyMs !== undefined && { everyMs }) });
      running = [startSender(parts), reconcile];
    },
    stop: async () => {
      const stopping = running;
      running = [];
      await Promise.all(stopping.map((part) => part.stop()));
    },
  };
}
