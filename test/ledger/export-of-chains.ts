/** Exports for tests: random chains, interleaved as a sealer would number them. */
import fc from 'fast-check';
import type { Json } from '../../domain/json.ts';
import { chainEntry, type ChainHead, type Entry, type SealedEntry } from '../../ledger/entry.ts';
import { digest } from '../../ledger/canonical.ts';

export interface Step {
  chain: number;
  type: 'start' | 'hold' | 'decision.approved' | 'end';
  data: Json;
}

const steps: fc.Arbitrary<Step> = fc.record({
  chain: fc.nat({ max: 4 }),
  type: fc.constantFrom('start', 'hold', 'decision.approved', 'end'),
  data: fc.option(fc.record({ comment: fc.string({ unit: 'grapheme' }), amount: fc.integer() })),
});

/** Entries of up to five chains; chain 0 is that of a namespace, the others are sagas'. */
export function exports(minLength: number, maxLength = 40): fc.Arbitrary<SealedEntry[]> {
  return fc.array(steps, { minLength, maxLength }).map(sealedEntries);
}

export function sealedEntries(list: readonly Step[]): SealedEntry[] {
  const heads = new Map<number, ChainHead>();
  return list.map(({ chain, type, data }, index) => {
    const trace_id = chain === 0 ? null : String(chain).repeat(32);
    const scope = { namespace: 'default', project: null, trace_id };
    const at = new Date(1_700_000_000_000 + index);
    const fact = { type, actor: { subject: 'ann', kind: 'person' as const }, data };
    const placed = chainEntry(heads.get(chain) ?? { n: 0, hash: null }, scope, at, fact);
    heads.set(chain, placed.head);
    return { seq: index + 1, ...placed.entry, hash: placed.hash, data };
  });
}

/** The entry with other members and a hash that fits them. */
export function rehashed(entry: SealedEntry, change: Partial<Entry>): SealedEntry {
  const { seq, hash: _hash, data, ...members } = { ...entry, ...change };
  return { seq, ...members, hash: digest(members), data };
}

/** The same entries numbered anew by `seq`, as a forger would. */
export function numbered(entries: readonly SealedEntry[]): SealedEntry[] {
  return entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
}
