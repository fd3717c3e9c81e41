/** The HTTP requests of one connection that have not ended, so that they can be ended: one, or all at once. */
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';

export interface Exchanges {
  /**
   * Runs one exchange, with a signal that ends it. `id` is of the request that it carries, if any; `limitMs`
   * null: no time limit.
   */
  run<T>(id: RequestId | null, limitMs: number | null, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends the one that carries a request, if it has not ended. */
  end(id: RequestId): void;
  endAll(reason: Error): void;
}

export function createExchanges(): Exchanges {
  const open = new Map<AbortController, RequestId | null>();
  return {
    async run(id, limitMs, work) {
      const controller = new AbortController();
      open.set(controller, id);
      const late = () => controller.abort(new Error(`the server did not answer within ${limitMs} ms`));
      const timer = limitMs === null ? undefined : setTimeout(late, limitMs);
      try {
        return await work(controller.signal);
      } finally {
        clearTimeout(timer);
        open.delete(controller);
      }
    },
    end(id) {
      for (const [controller, carried] of open) if (carried === id) controller.abort(new Error('given up'));
    },
    endAll(reason) {
      for (const controller of open.keys()) controller.abort(reason);
    },
  };
}
