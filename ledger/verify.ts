/**
 * Verifies a ledger export line by line: each entry's hash, its chain, and the order of the whole. Remembers one
 * head per chain and the first problem; nothing else grows with the export.
 *
 * What a chain cannot show by itself: its end cut off, or everything from some entry on written anew. That is
 * found against heads that were noted before (`heads`). `seq` is not hashed: entries of different chains that
 * changed places and were numbered anew will be found by checkpoints, which do not exist yet.
 */
import type { SealedEntry } from './entry.ts';
import { chainOf, readExportLine, type Broken } from './export-line.ts';
import { createSearch, type Search } from './missing.ts';
import { judgePlace, type Head } from './place.ts';
import type { Problem } from './problem.ts';

export interface VerifyOptions {
  /** The export was filtered (by trace id, namespace or project): `seq` may have gaps. */
  filtered?: boolean;
  /** The export begins after this `seq`: chains may begin anywhere. Default 0, the whole ledger. */
  afterSeq?: number;
  /** Hashes noted earlier: each must be the hash of an entry. */
  heads?: readonly string[];
}

export interface Verification {
  /** Entries read and found in order; up to the problem when there is one. */
  entries: number;
  chains: number;
  /** The last entry of each chain, in the order in which the chains began. */
  heads: { chain: string; n: number; seq: number; hash: string }[];
  problem: Problem | null;
}

export interface Verifier {
  /** Takes the next line, without its line feed. */
  feed(line: string): void;
  finish(): Verification;
}

/** A verifier at the beginning of an export. Never throws, whatever it is fed. */
export function createVerifier(options: VerifyOptions = {}): Verifier {
  const afterSeq = options.afterSeq ?? 0;
  const dense = options.filtered !== true;
  const heads = new Map<string, Head>();
  const wanted = new Set(options.heads);
  let search: Search | null = null;
  let lines = 0;
  let entries = 0;
  let lastSeq = afterSeq;

  function judge(text: string): Search | null {
    const line = readExportLine(text);
    if (line.kind === 'blank') return null;
    if (line.kind === 'unreadable') return createSearch(unreadable(lines, line.broken), null);
    const { entry, broken } = line;
    if (broken !== null) return createSearch({ ...named(lines, entry), ...broken }, null);
    const chain = chainOf(entry);
    const before = heads.get(chain) ?? null;
    const doubt = judgePlace({ entry, line: lines, before, lastSeq, dense, anywhere: afterSeq > 0 });
    if (doubt !== null) return createSearch(doubt.problem, doubt.missing);
    const { n, seq, hash, prev_hash } = entry;
    heads.set(chain, { n, seq, hash, prevHash: prev_hash, line: lines });
    lastSeq = seq;
    entries += 1;
    wanted.delete(hash);
    return null;
  }

  return {
    feed(text) {
      lines += 1;
      if (search === null) search = judge(text);
      else search.look(text, lines, heads);
    },
    finish() {
      const [missingHead] = wanted;
      const problem =
        search?.problem() ?? (missingHead === undefined ? null : headless(missingHead, entries));
      const last = [...heads].map(([chain, { n, seq, hash }]) => ({ chain, n, seq, hash }));
      return { entries, chains: heads.size, heads: last, problem };
    },
  };
}

function named(line: number, entry: SealedEntry) {
  return { line, seq: entry.seq, chain: chainOf(entry), n: entry.n };
}

function unreadable(line: number, broken: Broken): Problem {
  return { kind: 'unreadable', line, seq: null, chain: null, n: null, ...broken };
}

function headless(head: string, entries: number): Problem {
  return {
    kind: 'head',
    line: null,
    seq: null,
    chain: null,
    n: null,
    expected: `an entry with the hash ${head}`,
    found: `none among ${entries} entries: the export was cut short, or its entries were written anew`,
  };
}
