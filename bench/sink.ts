/**
 * The outside sink: the append-only record of the bundled notes server, which writes a line in the same stretch
 * as the effect. It is watched from this process (inotify on Linux), and an effect counts as seen when its line
 * was read here: the clock that stops is the clock that started. Precision: one wake-up of this process, measured
 * about 0.1 ms on an idle machine; the lines' own `at` are whole milliseconds.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const WAIT_MS = 30_000;

export interface Seen {
  /** performance.now() when the line of the effect was read. */
  seen: number;
  /** By the tool server's clock, in ms since the epoch: when the call arrived, when the effect was made. */
  calledAt: number;
  effectAt: number;
}

export interface Sink {
  /** The effect on a note. Ask before it is asked for. Rejects after 30 s. */
  effect(path: string): Promise<Seen>;
  /** Notes that had more than one effect. */
  repeated(): string[];
  close(): void;
}

const recordLine = z.object({
  event: z.enum(['call', 'effect']),
  at: z.string(),
  path: z.string().optional(),
  arguments: z.object({ path: z.string() }).optional(),
});
type Line = z.infer<typeof recordLine>;

/** @param file is created when it does not exist */
export function watchRecord(file: string): Sink {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a+', 0o600);
  let offset = fstatSync(descriptor).size;
  const called = new Map<string, number>();
  const counts = new Map<string, number>();
  const waiting = new Map<string, (seen: Seen) => void>();

  function note(line: Line, seen: number): void {
    const at = Date.parse(line.at);
    const path = line.path ?? line.arguments?.path ?? '';
    if (line.event === 'call') called.set(path, at);
    if (line.event !== 'effect') return;
    counts.set(path, (counts.get(path) ?? 0) + 1);
    waiting.get(path)?.({ seen, calledAt: called.get(path) ?? NaN, effectAt: at });
    waiting.delete(path);
  }

  const watcher = watch(file, () => {
    const buffer = Buffer.alloc(fstatSync(descriptor).size - offset);
    const bytes = readSync(descriptor, buffer, 0, buffer.length, offset);
    const now = performance.now();
    const end = buffer.subarray(0, bytes).lastIndexOf('\n') + 1;
    offset += end;
    for (const text of buffer.toString('utf8', 0, end).split('\n')) {
      if (text === '') continue;
      const line = recordLine.safeParse(JSON.parse(text));
      if (line.success) note(line.data, now);
    }
  });

  return {
    effect: (path) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(path);
          reject(new Error(`no effect on ${path} was seen in ${file} within ${WAIT_MS} ms`));
        }, WAIT_MS);
        waiting.set(path, (seen) => {
          clearTimeout(timer);
          resolve(seen);
        });
      }),
    repeated: () => [...counts].filter(([, count]) => count > 1).map(([path]) => path),
    close: () => {
      watcher.close();
      closeSync(descriptor);
    },
  };
}
