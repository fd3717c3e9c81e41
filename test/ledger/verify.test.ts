import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import type { SealedEntry } from '../../ledger/entry.ts';
import { describeProblem } from '../../ledger/problem.ts';
import { createVerifier, type Verification, type VerifyOptions } from '../../ledger/verify.ts';
import { exports, numbered, rehashed, sealedEntries } from './export-of-chains.ts';

function verify(entries: readonly SealedEntry[], options: VerifyOptions = {}): Verification {
  return verifyLines(
    entries.map((entry) => JSON.stringify(entry)),
    options,
  );
}

function verifyLines(lines: readonly string[], options: VerifyOptions = {}): Verification {
  const verifier = createVerifier(options);
  for (const line of lines) verifier.feed(line);
  return verifier.finish();
}

const chainOf = (entry: SealedEntry) => entry.trace_id ?? `namespace:${entry.namespace}`;
/** An export and a place in it, counted from 0. */
const withPlace = (minLength = 1) =>
  exports(minLength).chain((entries) =>
    fc.record({ entries: fc.constant(entries), at: fc.nat({ max: entries.length - 1 }) }),
  );

/** The entry at a place, and whether its chain goes on after it. */
function entryAt(entries: readonly SealedEntry[], at: number) {
  const entry = entries[at];
  assert.ok(entry);
  return { entry, goesOn: entries.slice(at + 1).some((later) => chainOf(later) === chainOf(entry)) };
}

const three = sealedEntries([
  { chain: 1, type: 'start', data: { by: 'ann' } },
  { chain: 1, type: 'hold', data: null },
  { chain: 1, type: 'end', data: { ok: true } },
]);

describe('the verification of a ledger export', () => {
  it('finds nothing in chains as they were written, and answers their heads', () => {
    fc.assert(
      fc.property(exports(0), (entries) => {
        const { problem, heads, ...counts } = verify(entries, { heads: entries.map(({ hash }) => hash) });
        assert.equal(problem, null);
        assert.deepEqual(counts, { entries: entries.length, chains: new Set(entries.map(chainOf)).size });
        for (const head of heads) {
          const last = entries.findLast((entry) => chainOf(entry) === head.chain);
          assert.deepEqual(head, { chain: head.chain, n: last?.n, seq: last?.seq, hash: last?.hash });
        }
      }),
    );
  });

  it('passes over blank lines', () => {
    assert.equal(verifyLines([...three.map((entry) => JSON.stringify(entry)), '', ' ']).problem, null);
  });

  it('refuses a checkpoint, whatever it says: they are not supported yet', () => {
    const lines = three.map((entry) => JSON.stringify(entry));
    for (const checkpoint of [{ from_seq: 1, to_seq: 3 }, { root: 'a'.repeat(64) }, {}, null, 'x']) {
      const { problem } = verifyLines([...lines, JSON.stringify({ checkpoint })]);
      assert.deepEqual([problem?.kind, problem?.line], ['unreadable', 4]);
      assert.match(problem?.found ?? '', /checkpoints are not supported yet/);
    }
  });

  it('names an entry whose data was taken away, and one that has other data', () => {
    fc.assert(
      fc.property(withPlace(), ({ entries, at }) => {
        const { entry } = entryAt(entries, at);
        const { problem } = verify(entries.with(at, { ...entry, data: null }));
        const expected =
          entry.data === null ? undefined : ['data', at + 1, entry.seq, chainOf(entry), entry.n];
        assert.deepEqual(
          problem && [problem.kind, problem.line, problem.seq, problem.chain, problem.n],
          expected ?? null,
        );
        const other = verify(entries.with(at, { ...entry, data: 'another' }));
        assert.equal(other.problem?.kind, 'changed');
        assert.equal(other.problem.line, at + 1);
      }),
    );
  });

  it('an export whose data was removed on all lines is not accepted', () => {
    const { problem, entries } = verify(three.map((entry) => ({ ...entry, data: null })));
    assert.ok(problem);
    assert.equal(entries, 0);
    assert.match(describeProblem(problem), /^the data of an entry was removed \(seq 1, chain 1{32}, n 1\)/);
  });

  it('names an entry of which any member was changed', () => {
    const change = fc.constantFrom<Partial<SealedEntry>>(
      { at: '2020-01-01T00:00:00.000Z' },
      { type: 'decision.rejected' },
      { actor: { subject: 'bob', kind: 'person' } },
      { actor: { subject: 'ann', kind: 'person', label: 'boss' } },
      { namespace: 'other' },
      { trace_id: 'f'.repeat(32) },
      { span_id: 'a'.repeat(16) },
      { project: 'p' },
      { n: 99 },
      { prev_hash: 'a'.repeat(64) },
      { data_hash: 'b'.repeat(64) },
      { hash: 'c'.repeat(64) },
    );
    fc.assert(
      fc.property(withPlace(), change, ({ entries, at }, changed) => {
        const { problem } = verify(entries.with(at, { ...entryAt(entries, at).entry, ...changed }));
        assert.equal(problem?.kind, 'changed');
        assert.equal(problem.line, at + 1);
      }),
    );
  });

  it('names the entry after one that was changed and hashed again', () => {
    fc.assert(
      fc.property(withPlace(2), ({ entries, at }) => {
        const { entry, goesOn } = entryAt(entries, at);
        const forged = entries.with(at, rehashed(entry, { type: 'decision.rejected' }));
        const next = forged.findIndex((later, index) => index > at && chainOf(later) === chainOf(entry));
        const { problem } = verify(forged, { heads: [entry.hash] });
        assert.deepEqual([problem?.kind, problem?.line], goesOn ? ['changed', next + 1] : ['head', null]);
      }),
    );
  });

  it('names an entry that was removed', () => {
    fc.assert(
      fc.property(withPlace(2), ({ entries, at }) => {
        fc.pre(at < entries.length - 1);
        const { entry, goesOn } = entryAt(entries, at);
        const { problem } = verify(entries.toSpliced(at, 1));
        assert.deepEqual([problem?.kind, problem?.line], ['removed', at + 1]);
        if (goesOn) assert.deepEqual([problem?.chain, problem?.n], [chainOf(entry), entry.n]);
        if (problem?.seq !== null) assert.equal(problem?.seq, entry.seq);
      }),
    );
  });

  it('names an entry that was removed by its chain, when the rest was numbered anew or filtered', () => {
    fc.assert(
      fc.property(withPlace(2), fc.boolean(), ({ entries, at }, filtered) => {
        const { entry, goesOn } = entryAt(entries, at);
        fc.pre(goesOn);
        const rest = entries.toSpliced(at, 1);
        const { problem } = verify(filtered ? rest : numbered(rest), { filtered });
        assert.deepEqual([problem?.kind, problem?.chain, problem?.n], ['removed', chainOf(entry), entry.n]);
      }),
    );
  });

  it('names an entry that was inserted, with or without numbering the rest anew', () => {
    fc.assert(
      fc.property(withPlace(2), fc.boolean(), fc.boolean(), ({ entries, at }, anew, forged) => {
        const { entry, goesOn } = entryAt(entries, at);
        fc.pre(goesOn || !anew || !forged);
        const link = { n: entry.n + 1, prev_hash: entry.hash, type: 'decision.approved' };
        const extra = forged ? rehashed(entry, link) : entry;
        const more = entries.toSpliced(at + 1, 0, extra);
        const { problem } = verify(anew ? numbered(more) : more);
        assert.equal(problem?.kind, 'inserted');
        if (!forged || !anew) assert.equal(problem.line, at + 2);
      }),
    );
  });

  it('names entries that changed places', () => {
    fc.assert(
      fc.property(withPlace(2), fc.nat({ max: 39 }), ({ entries, at }, with_) => {
        const other = with_ % entries.length;
        fc.pre(at < other);
        const [a, b] = [entryAt(entries, at).entry, entryAt(entries, other).entry];
        const { problem } = verify(entries.with(at, b).with(other, a));
        assert.deepEqual([problem?.kind, problem?.line, problem?.seq], ['swapped', at + 1, a.seq]);
        const anew = verify(entries.with(at, { ...b, seq: a.seq }).with(other, { ...a, seq: b.seq }));
        if (chainOf(a) === chainOf(b)) {
          assert.deepEqual(
            [anew.problem?.kind, anew.problem?.line, anew.problem?.n],
            ['swapped', at + 1, a.n],
          );
        }
      }),
    );
  });

  it('finds a chain that was written anew from some entry on against a head noted before', () => {
    fc.assert(
      fc.property(withPlace(), ({ entries, at }) => {
        const { entry } = entryAt(entries, at);
        const chain = chainOf(entry);
        let prev_hash = entry.prev_hash;
        const anew = entries.map((each, index) => {
          if (index < at || chainOf(each) !== chain) return each;
          const next = rehashed(each, { prev_hash, ...(index === at ? { type: 'decision.rejected' } : {}) });
          prev_hash = next.hash;
          return next;
        });
        const head = entries.findLast((each) => chainOf(each) === chain)?.hash ?? '';
        assert.equal(verify(anew).problem, null);
        assert.equal(verify(anew, { heads: [head] }).problem?.kind, 'head');
      }),
    );
  });

  it('finds an export that was cut short against a head noted before', () => {
    const cut = verify(three.slice(0, 2), { heads: [three[2]?.hash ?? ''] });
    assert.equal(cut.problem?.kind, 'head');
    assert.match(describeProblem(cut.problem), /at the end of the export: expected an entry with the hash/);
    const grown = verify(three, { heads: [three[1]?.hash ?? ''] });
    assert.equal(grown.problem, null);
  });

  it('an export that begins after a seq, or is filtered, says so; otherwise its gaps are removals', () => {
    const rest = three.slice(1);
    assert.equal(verify(rest).problem?.kind, 'removed');
    assert.equal(verify(rest, { afterSeq: 1 }).problem, null);
    const sparse = three.map((entry) => ({ ...entry, seq: entry.seq * 7 }));
    assert.equal(verify(sparse).problem?.kind, 'removed');
    assert.equal(verify(sparse, { filtered: true }).problem, null);
    const unordered = sparse.map((entry) => ({ ...entry, seq: 100 - entry.seq }));
    assert.equal(verify(unordered, { filtered: true }).problem?.kind, 'swapped');
  });

  it('a seq that was changed on one line is a change, not a removal', () => {
    const changed = three.map((entry, index) => (index === 1 ? { ...entry, seq: 9 } : entry));
    const { problem } = verify(changed);
    assert.deepEqual([problem?.kind, problem?.line], ['changed', 2]);
  });

  it('a line that holds anything beside what is hashed is refused', () => {
    const first = three[0];
    assert.ok(first);
    const text = JSON.stringify(first);
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const lines: [string, RegExp][] = [
      [text.slice(0, -9), /cannot be read/],
      ['[1]', /found \[1\]/],
      ['"x"', /expected one JSON object/],
      [JSON.stringify({ ...first, note: 'x' }), /found also "note"/],
      [JSON.stringify({ checkpoint: {}, ...first }), /found also "checkpoint"/],
      [JSON.stringify({ ...first, actor: { subject: 'ann', kind: 'person', role: 'x' } }), /actor: /],
      [JSON.stringify({ ...first, seq: 1.5 }), /seq: a whole number from 1; found 1.5/],
      [JSON.stringify({ ...first, hash: undefined }), /expected the member "hash"; found none/],
      [`{"type":"decision.approved",${text.slice(1)}`, /each member once/],
      [text.replace('{"by":"ann"}', '{"by":"bob","by":"ann"}'), /each member once/],
      [text.replace('{"by":"ann"}', deep), /cannot be read/],
      [text.replace('"ann"', '"\\ud800"'), /./],
    ];
    for (const [line, message] of lines) {
      const { problem } = verifyLines([line]);
      assert.ok(problem, line.slice(0, 200));
      assert.match(describeProblem(problem), message);
      assert.equal(problem.line, 1);
    }
  });

  it('never throws, whatever it is fed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), { maxLength: 4 }), (lines) => {
        assert.equal(typeof verifyLines(lines).entries, 'number');
      }),
    );
  });

  it('hashes as staging.md says: SHA-256 of the canonical JSON of the members', () => {
    const [first] = three;
    assert.ok(first);
    const { seq: _seq, hash, data: _data, ...members } = first;
    assert.equal(digest(members), hash);
    assert.equal(Object.keys(members).length, 10);
  });
});
