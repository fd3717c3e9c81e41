import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { canonicalEqual } from '../../domain/equal.ts';
import type { Json } from '../../domain/json.ts';
import { findUnstorable, isDeeperThan, isJsonObject, storable, storableText } from '../../domain/json.ts';
import { canonical } from '../../ledger/canonical.ts';

const json: fc.Arbitrary<Json> = fc.json({ maxDepth: 3 }).map((text): Json => JSON.parse(text));

/** Strings that hold what no store can, often. */
const junk = fc.string({ unit: fc.constantFrom('a', '\0', '\ud83d', '\ude00', '😀', 'é'), maxLength: 12 });
const hostile: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    junk,
    fc.constantFrom<Json>(null, 1, true),
    fc.array(tie('json')),
    fc.dictionary(junk, tie('json'), { noNullPrototype: true }),
  ),
})).json;

describe('storable JSON', () => {
  it('has no NUL characters and no halves of surrogate pairs, in keys neither', () => {
    assert.deepEqual(storable({ 'a\0': ['\0b', '\ud800', 'x\udc00y', '😀'] }), {
      a: ['b', '\ufffd', 'x\ufffdy', '😀'],
    });
    fc.assert(
      fc.property(hostile, (value) => {
        const text = JSON.stringify(storable(value));
        assert.ok(!/\\u0000|\\ud[89a-f]/i.test(text), text);
      }),
    );
  });

  it('has null for numbers that are too large for a double, and every other number as it is', () => {
    const read: Json = JSON.parse('{"a":1e400,"b":[-1e400,1.7976931348623157e308,5e-324,-0.5,0]}');
    const kept = { a: null, b: [null, Number.MAX_VALUE, 5e-324, -0.5, 0] };
    assert.deepEqual(storable(read), kept);
    assert.deepEqual([storable(Infinity), storable(-Infinity), storable(NaN)], [null, null, null]);
    assert.deepEqual(JSON.parse(canonical(storable(read))), kept, 'the ledger holds the same');
  });

  it('is storable already', () => {
    fc.assert(fc.property(hostile, (value) => assert.deepEqual(storable(storable(value)), storable(value))));
    fc.assert(
      fc.property(junk, (text) => assert.equal(storableText(storableText(text)), storableText(text))),
    );
  });

  it('differs exactly where something is found that cannot be stored, and each place is told', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, json), (value) => {
        const changed = JSON.stringify(storable(value)) !== JSON.stringify(value);
        assert.equal(findUnstorable(value, Infinity).length > 0, changed);
      }),
    );
    assert.deepEqual(findUnstorable({ a: [1, 'x\0'], 'k\0': Infinity, b: '😀' }, 50), [
      { path: ['a', 1], kind: 'text' },
      { path: ['k'], kind: 'text' },
      { path: ['k'], kind: 'number' },
    ]);
    assert.equal(
      findUnstorable(
        Array.from({ length: 100 }, () => '\0'),
        7,
      ).length,
      7,
    );
  });

  it('is the same when there was nothing to take out', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }), (value) => {
        const plain: Json = JSON.parse(JSON.stringify(value));
        assert.deepEqual(storable(plain), plain);
      }),
    );
  });

  it('keeps members of any name', () => {
    const value: Json = JSON.parse('{"__proto__":{"x":1},"constructor":"\\u0000c"}');
    assert.equal(JSON.stringify(storable(value)), '{"__proto__":{"x":1},"constructor":"c"}');
  });
});

describe('canonical equality', () => {
  it('agrees with the canonical text', () => {
    const pairs = fc.oneof(
      fc.tuple(json, json),
      json.map((value): [Json, Json] => [value, JSON.parse(JSON.stringify(value))]),
    );
    fc.assert(
      fc.property(pairs, ([a, b]) => assert.equal(canonicalEqual(a, b), canonical(a) === canonical(b))),
      { numRuns: 500 },
    );
  });

  it('does not look at the order of members, and does at the order of items', () => {
    assert.ok(canonicalEqual({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }));
    assert.ok(!canonicalEqual([1, 2], [2, 1]));
  });

  it('tells apart what is only similar', () => {
    const different: Json[] = [null, false, 0, '', '0', [], {}, [null], { a: null }, { b: null }, [0], '[]'];
    for (const [i, a] of different.entries()) {
      for (const [k, b] of different.entries())
        assert.equal(canonicalEqual(a, b), i === k, JSON.stringify([a, b]));
    }
    assert.ok(canonicalEqual(0, -0) && canonical(0) === canonical(-0));
    assert.ok(!canonicalEqual(JSON.parse('{"__proto__":1}'), {}));
  });
});

describe('the depth of JSON', () => {
  it('counts objects and lists', () => {
    assert.deepEqual(
      [
        isDeeperThan(1, 0),
        isDeeperThan([], 0),
        isDeeperThan([], 1),
        isDeeperThan([{}], 1),
        isDeeperThan([{}], 2),
      ],
      [false, true, false, true, false],
    );
  });

  it('is found in a value of any depth and breadth', () => {
    let deep: Json = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    assert.ok(isDeeperThan(deep, 64));
    assert.ok(
      !isDeeperThan(
        Array.from({ length: 300_000 }, () => [1]),
        64,
      ),
    );
  });
});

it('a JSON object is neither null nor a list nor a plain value', () => {
  const kinds = [{}, { a: 1 }, [], null, 'x', 1, true, undefined].map(isJsonObject);
  assert.deepEqual(kinds, [true, true, false, false, false, false, false, false]);
});
