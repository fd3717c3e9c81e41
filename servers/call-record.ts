/**
 * The record of a bundled server: an append-only file of JSON lines, each written with one O_APPEND write. It is
 * the independent witness of what was asked and what took effect, and the server's memory: what was there before
 * each effect, which keys were served, which were undone. Several server processes may share one record; each
 * reads what the others appended before it decides.
 *
 * Events: `start` {pid}, `call` {tool, arguments, key}, `effect` {tool, key, path, previous, result},
 * `claim` {tool, key, claim, pid}, `release` {tool, key, claim, result?}, `undo` {key, undone}. All have `at`.
 *
 * Invariants: 1. `effect` is written immediately after the effect, in the same synchronous stretch; a server
 * killed between the two leaves an effect without a line. 2. Of the claims on one tool and key, the first in the
 * file whose process lives and did not release it may act; a `start` ends the claims of earlier processes with
 * the same pid. 3. A line that was cut off by a crash is ended before the next one is written.
 */
import { randomUUID } from 'node:crypto';
import { fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const CLAIM_WAIT_MS = 10_000;
const CLAIM_POLL_MS = 5;

const resultShape = z.record(z.string(), z.unknown());
const effectLine = z.object({
  event: z.literal('effect'),
  tool: z.string(),
  key: z.string().nullable(),
  path: z.string(),
  previous: z.string().nullable(),
  result: resultShape,
});
const claimLine = z.object({
  event: z.literal('claim'),
  tool: z.string(),
  key: z.string(),
  claim: z.string(),
  pid: z.number(),
});
const releaseLine = z.object({
  event: z.literal('release'),
  tool: z.string(),
  key: z.string(),
  claim: z.string(),
  /** The answer of the call that acted; absent when it did not. */
  result: resultShape.optional(),
});
const undoLine = z.object({ event: z.literal('undo'), undone: z.string() });
const startLine = z.object({ event: z.literal('start'), pid: z.number() });
const readBack = z.discriminatedUnion('event', [startLine, effectLine, claimLine, releaseLine, undoLine]);

/** What took effect: `previous` is what `path` held before, as text; null when there was nothing. */
export type Effect = Omit<z.infer<typeof effectLine>, 'event'>;
type Claim = z.infer<typeof claimLine>;
type Result = z.infer<typeof resultShape>;

export interface CallRecord {
  /** Writes that a call arrived. */
  called(tool: string, args: unknown, key: string | null): void;
  /** Writes that something took effect, just now. */
  tookEffect(effect: Effect): void;
  /** Writes that what `key` did is undone: a write with that key which arrives later is refused. */
  markUndone(by: string | null, key: string): void;
  isUndone(key: string): boolean;
  /** All effects with this key, oldest first. */
  effectsOf(key: string): Effect[];
  /**
   * Takes the right to act once for this tool and key, or answers what the call that acted was answered. Whoever
   * has the right gives it back with the answer, or with null when nothing was done.
   */
  claim(tool: string, key: string): Promise<{ done: Result } | { release(result: Result | null): void }>;
}

/** Opens (and creates) the record. Throws when the file cannot be opened for appending. */
export function openRecord(file: string): CallRecord {
  mkdirSync(dirname(file), { recursive: true });
  const log = openLog(file);
  const memory = createMemory(log);

  async function claim(tool: string, key: string) {
    const id = randomUUID();
    const place = placeOf(tool, key);
    const release = (result: Result | null): void =>
      log.append({ event: 'release', tool, key, claim: id, ...(result === null ? {} : { result }) });
    log.append({ event: 'claim', tool, key, claim: id, pid: process.pid });
    const giveUpAt = Date.now() + CLAIM_WAIT_MS;
    for (;;) {
      memory.refresh();
      const done = memory.answers.get(place);
      const holder = memory.claims.get(place)?.find((other) => isAlive(other.pid));
      if (done === undefined && holder?.claim === id) return { release };
      if (done !== undefined || Date.now() > giveUpAt) release(null);
      if (done !== undefined) return { done };
      if (Date.now() > giveUpAt) {
        throw new Error(`another server (pid ${holder?.pid}) has been acting on key ${key} for 10 s`);
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
      memory.refresh();
      return memory.undone.has(key);
    },
    effectsOf: (key) => {
      memory.refresh();
      return memory.effects.get(key) ?? [];
    },
    claim,
  };
}

/** What the record said at the last `refresh`. */
function createMemory(log: ReturnType<typeof openLog>) {
  const effects = new Map<string, Effect[]>();
  /** By tool and key: the answer of the call that acted. */
  const answers = new Map<string, Result>();
  /** By tool and key: claims that were not released, oldest first. */
  const claims = new Map<string, Claim[]>();
  const undone = new Set<string>();

  function drop(place: string, isGone: (claim: Claim) => boolean): void {
    const left = (claims.get(place) ?? []).filter((claim) => !isGone(claim));
    if (left.length > 0) claims.set(place, left);
    else claims.delete(place);
  }

  function read(line: z.infer<typeof readBack>): void {
    switch (line.event) {
      case 'start':
        for (const place of [...claims.keys()]) drop(place, (claim) => claim.pid === line.pid);
        return;
      case 'effect':
        if (line.key === null) return;
        effects.set(line.key, [...(effects.get(line.key) ?? []), line]);
        keepFirst(answers, placeOf(line.tool, line.key), line.result);
        return;
      case 'claim': {
        const place = placeOf(line.tool, line.key);
        claims.set(place, [...(claims.get(place) ?? []), line]);
        return;
      }
      case 'release':
        if (line.result) keepFirst(answers, placeOf(line.tool, line.key), line.result);
        drop(placeOf(line.tool, line.key), (claim) => claim.claim === line.claim);
        return;
      case 'undo':
        undone.add(line.undone);
        return;
    }
  }

  function refresh(): void {
    for (const text of log.unread()) {
      const line = parseLine(text);
      if (line !== null) read(line);
    }
  }

  return { effects, answers, claims, undone, refresh };
}

function placeOf(tool: string, key: string): string {
  return JSON.stringify([tool, key]);
}

function keepFirst<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (!map.has(key)) map.set(key, value);
}

function openLog(file: string) {
  const descriptor = openSync(file, 'a+', 0o600);
  let offset = 0;
  let torn = endsTorn(descriptor);
  return {
    append(line: Record<string, unknown>): void {
      const text = `${torn ? '\n' : ''}${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`;
      const bytes = Buffer.from(text);
      torn = true;
      const written = writeSync(descriptor, bytes);
      if (written < bytes.length)
        throw new Error(`only ${written} of ${bytes.length} bytes could be recorded`);
      torn = false;
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

/** Whether the last line has no end: a server was killed, or the disk was full, while it was written. */
function endsTorn(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

function parseLine(text: string): z.infer<typeof readBack> | null {
  try {
    const line = readBack.safeParse(JSON.parse(text));
    return line.success ? line.data : null;
  } catch {
    // A torn line says nothing; the record stays readable.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, under another account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
