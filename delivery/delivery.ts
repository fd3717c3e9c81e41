/**
 * Delivery, which runs in every process: it tells Temporal what was asked of sagas, and carries back what became of
 * their workflows. The rows are the truth; two processes doing it at once is harmless.
 */
import { startReconcile } from './reconcile.ts';
import { startSender, type SenderParts } from './sender.ts';

/** Nothing begins before `start`; `stop` waits for what is being sent, for a bounded time. */
export function createDelivery(parts: SenderParts): { start(): void; stop(): Promise<void> } {
  let running: { stop(): Promise<void> }[] = [];
  return {
    start: () => {
      if (running.length === 0) running = [startSender(parts), startReconcile(parts)];
    },
    stop: async () => {
      const stopping = running;
      running = [];
      await Promise.all(stopping.map((part) => part.stop()));
    },
  };
}
