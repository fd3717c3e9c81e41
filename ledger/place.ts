/** Whether an entry stands where it must: next in its chain, next in the ledger. */
import type { SealedEntry } from './entry.ts';
import { chainOf } from './export-line.ts';
import type { Missing } from './missing.ts';
import type { Problem } from './problem.ts';

/** The last entry of a chain so far. */
export interface Head {
  n: number;
  seq: number;
  hash: string;
  prevHash: string | null;
  line: number;
}

export interface Place {
  entry: SealedEntry;
  line: number;
  before: Head | null;
  lastSeq: number;
  /** Whether every `seq` must be there. */
  dense: boolean;
  /** Whether a chain may begin after its first entry. */
  anywhere: boolean;
}

/** A problem, and what was not found where it must be: when it comes later, entries were swapped. */
export interface Doubt {
  problem: Problem;
  missing: Missing | null;
}

/** Judges the place of an entry whose own hash is right; null when it is right too. */
export function judgePlace(place: Place): Doubt | null {
  const { entry, before, anywhere } = place;
  const begun = before ?? { n: 0, hash: null, prevHash: null, line: 0 };
  if (before === null && anywhere && entry.n > 1) return judgeSeq(place);
  const follows = entry.prev_hash === begun.hash;
  if (entry.n === begun.n + 1) return follows ? judgeSeq(place) : replaced(place, begun);
  if (entry.n > begun.n + 1) return follows ? renumbered(place, begun) : skipped(place, begun);
  return repeated(place, begun);
}

type Begun = Pick<Head, 'n' | 'prevHash' | 'line'> & { hash: string | null };

function judgeSeq(place: Place): Doubt | null {
  const { entry, lastSeq, dense } = place;
  if (entry.seq <= lastSeq) {
    // Without gaps every seq up to the last was seen: what comes again was put in.
    const kind = dense || entry.seq === lastSeq ? 'inserted' : 'swapped';
    const expected = dense ? `seq ${lastSeq + 1}` : `a seq above ${lastSeq}`;
    return { problem: problem(place, kind, expected, `seq ${entry.seq}`), missing: null };
  }
  if (!dense || entry.seq === lastSeq + 1) return null;
  const seq = lastSeq + 1;
  return {
    problem: {
      ...problem(place, 'removed', `seq ${seq}`, `seq ${entry.seq}`),
      seq,
      chain: null,
      n: null,
    },
    missing: { seq, found: entry, several: entry.seq > seq + 1 },
  };
}

/** The number is right and the link is not: this entry or the one before it is another than it was. */
function replaced(place: Place, begun: Begun): Doubt {
  const found = `prev_hash ${place.entry.prev_hash ?? 'null'}: this entry or the one before it was written anew`;
  return { problem: problem(place, 'changed', `prev_hash ${begun.hash ?? 'null'}`, found), missing: null };
}

function renumbered(place: Place, begun: Begun): Doubt {
  return {
    problem: problem(place, 'changed', `n ${begun.n + 1}`, `n ${place.entry.n}`),
    missing: null,
  };
}

function skipped(place: Place, begun: Begun): Doubt {
  const { entry, lastSeq, dense } = place;
  const n = begun.n + 1;
  const missingSeq = dense && entry.seq > lastSeq + 1 ? lastSeq + 1 : null;
  // As many gaps in seq as in n: they are the same entries.
  const seq = entry.seq - lastSeq === entry.n - begun.n ? missingSeq : null;
  return {
    problem: { ...problem(place, 'removed', `n ${n}`, `n ${entry.n}`), seq, n },
    missing: { seq: missingSeq, found: entry, several: entry.n > n + 1, place: { chain: chainOf(entry), n } },
  };
}

/** Two entries for one place: a copy, or one that was put before the one that belongs there. */
function repeated(place: Place, begun: Begun): Doubt {
  const { entry } = place;
  const expected = `n ${begun.n + 1}`;
  if (entry.n === begun.n && entry.hash === begun.hash) {
    const copy = `n ${entry.n} again, a copy of line ${begun.line}`;
    return { problem: problem(place, 'inserted', expected, copy), missing: null };
  }
  if (entry.n === begun.n && entry.prev_hash === begun.prevHash) {
    const found = `n ${entry.n} again: this entry, or the one at line ${begun.line}, was put in`;
    return { problem: problem(place, 'inserted', expected, found), missing: null };
  }
  return { problem: problem(place, 'inserted', expected, `n ${entry.n} again`), missing: null };
}

function problem(place: Place, kind: Problem['kind'], expected: string, found: string): Problem {
  const { entry, line } = place;
  return { kind, line, seq: entry.seq, chain: chainOf(entry), n: entry.n, expected, found };
}
