/** What is compared: each side runs the saga W3 with its own processes on the same Temporal server. */

/** A saga that waits for its decision. */
export interface Hold {
  /** Of ours the trace id, of the base the workflow id. */
  id: string;
  /** The note that its commit will write. */
  path: string;
  approve: { url: string; body: object };
}

export interface Side {
  /** The notes server's record. */
  record: string;
  /** Starts sagas, and answers when each of them waits. */
  open(count: number): Promise<Hold[]>;
  /** Empties the workflow cache by restarting the worker process. */
  restartWorker(): Promise<void>;
  /** Process ids by name; the tool server counts for the worker that started it. */
  pids(): Record<string, number>;
  /** Whether a saga has completed. */
  isDone(hold: Hold): Promise<boolean>;
}

/** What each saga is given: a text of 1 KiB, and the note to write. */
export function inputOf(path: string): { subject: string; write: string } {
  return { subject: 'All work and no play makes '.padEnd(1024, 'Jack a dull boy. '), write: path };
}

/** Opens `count` holds, a few at a time. */
export async function openSome(count: number, open: () => Promise<Hold>): Promise<Hold[]> {
  const AT_ONCE = 4;
  const holds: Hold[] = [];
  while (holds.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - holds.length) }, open);
    holds.push(...(await Promise.all(batch)));
  }
  return holds;
}
