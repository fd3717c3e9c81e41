/**
 * After the first problem: what the rest of the export tells about it. An entry that was missed and comes later
 * was not removed but swapped; a gap in a chain tells to which chain a missing `seq` belonged.
 */
import type { SealedEntry } from './entry.ts';
import { chainOf, readExportLine } from './export-line.ts';
import type { Head } from './place.ts';
import type { Problem } from './problem.ts';

export interface Missing {
  seq: number | null;
  /** The entry that stands in its place. */
  found: SealedEntry;
  /** More than one entry is missing there. */
  several: boolean;
  place?: { chain: string; n: number };
}

export interface Search {
  look(text: string, line: number, heads: ReadonlyMap<string, Head>): void;
  problem(): Problem;
}

/** A problem that later lines may explain; `missing` null: nothing to look for. */
export function createSearch(first: Problem, missing: Missing | null): Search {
  let problem = first;
  /** Chains that were seen since, so that a gap in one shows once. */
  const seen = new Map<string, number>();
  if (missing !== null) seen.set(chainOf(missing.found), missing.found.n);
  let isNext = true;

  function swapped(entry: SealedEntry, line: number): void {
    problem = {
      ...first,
      kind: 'swapped',
      seq: entry.seq,
      chain: chainOf(entry),
      n: entry.n,
      found: `${first.found}, and the expected entry at line ${line}`,
    };
  }

  function look(entry: SealedEntry, line: number, heads: ReadonlyMap<string, Head>, wanted: Missing): void {
    const chain = chainOf(entry);
    const { place, seq, found } = wanted;
    const isPlace = seq === null && chain === place?.chain && entry.n === place.n;
    if (isPlace || entry.seq === seq) {
      swapped(entry, line);
      return;
    }
    if (place === undefined && isNext && entry.seq === (seq ?? 0) + 1) {
      problem = { ...first, kind: 'changed', seq: found.seq, chain: chainOf(found), n: found.n };
    }
    const before = seen.get(chain) ?? heads.get(chain)?.n ?? 0;
    if (problem.kind === 'removed' && problem.chain === null && !wanted.several && entry.n === before + 2) {
      problem = { ...problem, chain, n: before + 1 };
    }
    seen.set(chain, entry.n);
  }

  return {
    problem: () => problem,
    look(text, line, heads) {
      if (missing === null || problem.kind === 'swapped') return;
      const read = readExportLine(text);
      if (read.kind !== 'entry') return;
      look(read.entry, line, heads, missing);
      isNext = false;
    },
  };
}
