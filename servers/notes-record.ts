/**
 * The record of a notes server: an append-only file of JSON lines, each written with one O_APPEND write. It is
 * the independent witness of what was asked and what took effect, and the server's memory: what a note held
 * before each write, which keys were served, which were undone. Several server processes may share one record;
 * each reads what the others appended before it decides.
 *
 * Events: `start` {pid}, `call` {tool, arguments, key}, `effect` {tool, key, path, previous, result},
 * `claim` and `release` {tool, key, claim, pid}, `undo` {key, undone}. All have `at`.
 *
 * Invariants: 1. `effect` is written immediately after the effect, in the same synchronous stretch. 2. Of the
 * claims on one tool and key, the first in the file whose process lives and did not release it may act.
 */
import { randomUUID } from 'node:crypto';
import { fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const CLAIM_WAIT_MS = 10_000;
const CLAIM_POLL_MS = 5;

const effectLine = z.object({
  event: z.literal('effect'),
  tool: z.string(),
  key: z.string().nullable(),
  path: z.string(),
  previous: z.string().nullable(),
  result: z.record(z.string(), z.unknown()),
});
const claimLine = z.object({
  event: z.literal('claim'),
  tool: z.string(),
  key: z.string(),
  claim: z.string(),
  pid: z.number(),
});
const releaseLine = z.object({ event: z.literal('release'), claim: z.string() });
const undoLine = z.object({ event: z.literal('undo'), undone: z.string() });
const readBack = z.discriminatedUnion('event', [effectLine, claimLine, releaseLine, undoLine]);

/** What took effect: `previous` is what the note held before, null when there was none. */
export type Effect = Omit<z.infer<typeof effectLine>, 'event'>;
type Claim = z.infer<typeof claimLine>;

export interface NotesRecord {
  /** Writes that a call arrived. */
  called(tool: string, args: unknown, key: string | null): void;
  /** Writes that something took effect, just now. */
  tookEffect(effect: Effect): void;
  /** Writes that what `key` did is undone: a write with that key which arrives later is refused. */
  markUndone(by: string | null, key: string): void;
  isUndone(key: string): boolean;
  /** All effects with this key, oldest first. */
  effectsOf(key: string): Effect[];
  /** Takes the right to act once for this tool and key, or answers the effect that another call had. */
  claim(tool: string, key: string): Promise<{ done: Effect } | { release(): void }>;
}

/** Opens (and creates) the record. Throws when the file cannot be opened for appending. */
export function openRecord(file: string): NotesRecord {
  mkdirSync(dirname(file), { recursive: true });
  const log = openLog(file);
  const { effects, claims, released, undone, refresh } = createMemory(log);

  async function claim(tool: string, key: string): Promise<{ done: Effect } | { release(): void }> {
    const id = randomUUID();
    log.append({ event: 'claim', tool, key, claim: id, pid: process.pid });
    const release = (): void => log.append({ event: 'release', tool, key, claim: id });
    const giveUpAt = Date.now() + CLAIM_WAIT_MS;
    for (;;) {
      refresh();
      const done = effects.find((effect) => effect.tool === tool && effect.key === key);
      if (done !== undefined) return { done };
      const mine = claims.filter((other) => other.tool === tool && other.key === key);
      const holder = mine.find((other) => !released.has(other.claim) && isAlive(other.pid));
      if (holder?.claim === id) return { release };
      if (Date.now() > giveUpAt) {
        release();
        throw new Error(`another notes server (pid ${holder?.pid}) has been acting on key ${key} for 10 s`);
      }
      await new Promise((resolve) => setTimeout(resolve, CLAIM_POLL_MS));
    }
  }

  log.append({ event: 'start', pid: process.pid });
  return {
    called: (tool, args, key) => log.append({ event: 'call', tool, arguments: args, key }),
    tookEffect: (effect) => log.append({ event: 'effect', ...effect }),
    markUndone: (by, key) => log.append({ event: 'undo', key: by, undone: key }),
    isUndone: (key) => {
      refresh();
      return undone.has(key);
    },
    effectsOf: (key) => {
      refresh();
      return effects.filter((effect) => effect.key === key);
    },
    claim,
  };
}

/** What the record said at the last `refresh`. */
function createMemory(log: ReturnType<typeof openLog>) {
  const effects: Effect[] = [];
  const claims: Claim[] = [];
  const released = new Set<string>();
  const undone = new Set<string>();

  function refresh(): void {
    for (const text of log.unread()) {
      const line = parseLine(text);
      if (line === null) continue;
      switch (line.event) {
        case 'effect':
          effects.push(line);
          break;
        case 'claim':
          claims.push(line);
          break;
        case 'release':
          released.add(line.claim);
          break;
        case 'undo':
          undone.add(line.undone);
          break;
      }
    }
  }

  return { effects, claims, released, undone, refresh };
}

function openLog(file: string) {
  const descriptor = openSync(file, 'a+', 0o600);
  let offset = 0;
  return {
    append(line: Record<string, unknown>): void {
      writeSync(descriptor, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
    },
    /** Whole lines that were appended since the last look, by any process. */
    unread(): string[] {
      const buffer = Buffer.alloc(fstatSync(descriptor).size - offset);
      const bytes = readSync(descriptor, buffer, 0, buffer.length, offset);
      const end = buffer.subarray(0, bytes).lastIndexOf('\n') + 1;
      offset += end;
      return buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
    },
  };
}

function parseLine(text: string): z.infer<typeof readBack> | null {
  try {
    const line = readBack.safeParse(JSON.parse(text));
    return line.success ? line.data : null;
  } catch {
    // A line torn by a full disk says nothing; the record stays readable.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
