import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JSONPathEnvironment } from 'json-p3';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { resolveBindings } from '../../expression/bindings.ts';
import { ExpressionError } from '../../expression/error.ts';
import { compilePath } from '../../expression/jsonpath.ts';

const saying = (message: RegExp) => (error: unknown) =>
  error instanceof ExpressionError && message.test(error.message);

describe('a path that costs too much by its form is refused at deploy', () => {
  it('a $.. inside a filter, with its column', () => {
    const column = (error: unknown) => error instanceof ExpressionError && error.column;
    for (const path of ['$.l[?count($..*) < 0]', '$.l[?@.a[?$..b]]', '$.l[?!(@.a == 1 && $..b)]']) {
      assert.throws(() => compilePath(path), saying(/inside a filter searches the whole document again/));
    }
    try {
      compilePath('$.l[?count($..*) < 0]');
    } catch (error) {
      assert.equal(column(error), 12);
    }
    assert.deepEqual(compilePath('$.l[?@..b]').all({ l: [{ a: [{ b: 1 }] }, {}] }), [{ a: [{ b: 1 }] }]);
  });

  it('a .. for the fourth time', () => {
    assert.throws(() => compilePath('$..*..*..*..*'), saying(/at most 3 times \.\. in a path, found 4/));
    compilePath('$..a..b..c');
  });
});

describe('a search has an end', () => {
  const list = (items: number): Json => Array.from({ length: items }, (_, a) => ({ a }));
  const text = 'y'.repeat(1_000_000);
  const input = { list: list(3_000), one: text, other: `${text.slice(1)}z` };
  const tooLarge = saying(/a search of at most 3000000 values, found more: name the members/);

  it('in filters that look at the whole document for each value', () => {
    for (const filter of [
      'count($.list[*]) < 0',
      '$.one == $.other',
      '$.one < $.other',
      'length($.one) < 0',
    ]) {
      assert.throws(() => compilePath(`$.list[?${filter}]`).all(input), tooLarge, filter);
      assert.throws(() => compilePath(`$.list[?${filter} && @.none]`).first(input), tooLarge, filter);
    }
  });

  it('in a list of matches that would be written out many times over', () => {
    let chain: Json = text;
    for (let level = 0; level < 100; level += 1) chain = [chain];
    assert.throws(() => compilePath('$..*').all(chain), tooLarge);
    assert.throws(() => compilePath(`$['a'${",'a'".repeat(200)}]`).all({ a: text }), tooLarge);
  });

  it('and what a binding of it says is told as any other that cannot be followed', () => {
    const costly = { x: { from: '$.list[?count($.list[*]) < 0]' } };
    assert.throws(() => resolveBindings(costly, input), saying(/cannot be followed in this document/));
  });

  it('but not where a large document is read once', () => {
    const large = list(200_000);
    assert.equal(compilePath('$[*]').all(large).length, 200_000);
    assert.equal(compilePath('$..a').all(large).length, 200_000);
    assert.deepEqual(compilePath('$[?@.a > 199998]').all(large), [{ a: 199_999 }]);
  });
});

describe('the root of a filter in a filter', () => {
  it('is that of the whole document', () => {
    assert.deepEqual(compilePath('$.l[?@.m[?@ == $.n]]').all({ n: 1, l: [{ m: [1] }, { m: [2] }] }), [
      { m: [1] },
    ]);
  });
});

describe('the length of a text', () => {
  it('is that of its characters, not of their halves', () => {
    assert.deepEqual(compilePath('$[?length(@) == 1]').all(['😀', 'ab']), ['😀']);
  });
});

const name = fc.constantFrom('a', 'b', 'c');
const index = fc.integer({ min: -6, max: 6 }).map(String);
const bound = fc.oneof(fc.constant(''), index);
const documents = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, false, 0, 1, -1.5, 'x', 'y', ''),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

/** Queries of which the library has the root right: no `$` in a filter that is inside another. */
const queries = fc.letrec<Record<'selectors' | 'segment' | 'relative' | 'operand' | 'filter', string>>(
  (tie) => ({
    selectors: fc
      .array(
        fc.oneof(
          { depthSize: 'small' },
          name.map((each) => `'${each}'`),
          index,
          fc.tuple(bound, bound, bound).map((range) => range.join(':')),
          fc.constant('*'),
          tie('filter').map((filter) => `?${filter}`),
        ),
        { minLength: 1, maxLength: 2 },
      )
      .map((selectors) => `[${selectors.join(',')}]`),
    segment: fc.oneof(
      tie('selectors'),
      tie('selectors').map((selectors) => `..${selectors}`),
      name.map((each) => `.${each}`),
    ),
    relative: fc.array(tie('segment'), { maxLength: 2 }).map((segments) => `@${segments.join('')}`),
    operand: fc.oneof(
      fc.constantFrom('1', '"x"', 'true', 'null', '@', '@.a', '@[0]', '@[-1].b', 'length(@)', 'length(@.a)'),
      tie('relative').map((query) => `count(${query})`),
      tie('relative').map((query) => `value(${query})`),
    ),
    filter: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      tie('relative'),
      fc
        .tuple(tie('operand'), fc.constantFrom('==', '!=', '<', '>', '<=', '>='), tie('operand'))
        .map((parts) => parts.join(' ')),
      fc
        .tuple(tie('filter'), fc.constantFrom('&&', '||'), tie('filter'))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      tie('filter').map((filter) => `!(${filter})`),
    ),
  }),
);

/** The library refuses some queries that are valid. */
function compiles(path: string): boolean {
  try {
    compilePath(path);
    return true;
  } catch {
    return false;
  }
}

describe('every search', () => {
  it('finds what the search of the library finds, in its order', () => {
    const library = new JSONPathEnvironment();
    const paths = fc.array(queries.segment, { maxLength: 3 }).map((segments) => `$${segments.join('')}`);
    fc.assert(
      fc.property(paths, documents, (path, document) => {
        fc.pre(compiles(path));
        const expected = library.query(path, document).values();
        assert.deepEqual(compilePath(path).all(document), expected, path);
        assert.deepEqual(compilePath(path).first(document), expected[0] ?? null, path);
      }),
      { numRuns: 1_500, maxSkipsPerRun: 5 },
    );
  });
});
