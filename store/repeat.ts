/**
 * Work that goes on as long as its process: done when woken and once in a while, never twice at the same time. It
 * never ends by a failure; a failure is shown once, when it begins, and once more when it is over.
 */

/** What work tells the operator; a pino logger fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Repeated {
  /** Asks for the work now, or as soon as the present round is over. */
  wake(): void;
  /** No new round begins; resolves when the present one is over. */
  stop(): Promise<void>;
}

export interface Rhythm {
  /** What the work is, in the log. */
  name: string;
  everyMs: number;
  /** How long a wake waits for others to join it; absent: not at all. */
  gatherMs?: number;
  log: Log;
}

/** Begins with a round at once. */
export function repeat(work: () => Promise<void>, { name, everyMs, gatherMs = 0, log }: Rhythm): Repeated {
  let stopped = false;
  let woken = false;
  let failing = false;
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  function plan(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(begin, ms);
  }

  function begin(): void {
    clearTimeout(timer);
    woken = false;
    running = round();
  }

  async function round(): Promise<void> {
    const failed = await attempt();
    running = null;
    if (stopped) return;
    // After a failure the next round waits its time, however often it was woken: the cause may be a store away.
    plan(woken && !failed ? gatherMs : everyMs);
  }

  async function attempt(): Promise<boolean> {
    try {
      await work();
      if (failing) log.info({}, `${name}: works again`);
      failing = false;
    } catch (error) {
      if (!failing && !stopped)
        log.warn({ error: String(error) }, `${name}: failed, is tried again until it works`);
      failing = true;
    }
    return failing;
  }

  begin();
  return {
    wake: () => {
      if (stopped || woken) return;
      woken = true;
      if (running !== null || failing) return;
      if (gatherMs === 0) begin();
      else plan(gatherMs);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
