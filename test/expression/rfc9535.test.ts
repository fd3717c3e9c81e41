import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { ExpressionError } from '../../expression/error.ts';
import { compilePath } from '../../expression/jsonpath.ts';
import { BOOKSTORE, INVALID, WELL_TYPEDNESS } from './rfc9535-bookstore.ts';
import { COMPARED, COMPARISONS, EXAMPLE_TABLES, NORMALIZED_PATHS } from './rfc9535-examples.ts';
import type { Example } from './rfc9535-examples.ts';

const NO_PATTERNS = 'match and search are refused in paths: their time has no bound';
const NO_EXTENSION = 'a function extension that the RFC only imagines';
const NO_CONTROLS = 'the library refuses control characters in names, even written as escapes';

/** Queries that are valid in the RFC and refused here. */
const REFUSED = new Map([
  ['$.a[?match(@.b, "[jk]")]', NO_PATTERNS],
  ['$.a[?search(@.b, "[jk]")]', NO_PATTERNS],
  ["$[?match(@.timezone, 'Europe/.*')]", NO_PATTERNS],
  ['$[?count(foo(@.*)) == 1]', NO_EXTENSION],
  ['$[?bar(@.a)]', NO_EXTENSION],
  ['$[?bnl(@.*)]', NO_EXTENSION],
  ['$[?blt(1==1)]', NO_EXTENSION],
  ['$[?bal(1)]', NO_EXTENSION],
  ['$["\\u000B"]', NO_CONTROLS],
  ["$['\\u000b']", NO_CONTROLS],
]);

/** Queries that are invalid in the RFC and accepted here, with the reason. */
const ACCEPTED = new Map([
  ['$[?!1]', 'the library refuses a literal as a test, but not behind a !'],
  ['$.a-b', 'extension: - in shorthand names'],
  ['$.@type', 'extension: @ in shorthand names'],
  ["$.'a'", 'extension: a dot before quotes'],
  ['$."a"', 'extension: a dot before quotes'],
  ['$.[0]', 'extension: a dot before brackets'],
]);

function isRefused(query: string): boolean {
  try {
    compilePath(query);
    return false;
  } catch (error) {
    assert.ok(error instanceof ExpressionError, `${query}: ${String(error)}`);
    return true;
  }
}

function sorted(values: readonly Json[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

function check(document: Json, { query, values, unordered }: Example): void {
  const found = compilePath(query).all(document);
  if (unordered) assert.deepEqual(sorted(found), sorted(values), query);
  else assert.deepEqual(found, values, query);
  const first = compilePath(query).first(document);
  assert.deepEqual(first, found[0] ?? null, `the first of ${query}`);
}

describe('the examples of RFC 9535', () => {
  for (const { section, document, examples } of [BOOKSTORE, ...EXAMPLE_TABLES]) {
    it(`${section}: each query finds what the table says`, () => {
      for (const example of examples) {
        if (REFUSED.has(example.query)) assert.ok(isRefused(example.query), example.query);
        else check(document, example);
      }
    });
  }

  it('2.3.5.3 comparisons: each is true or false as the table says', () => {
    for (const [comparison, holds] of COMPARISONS) {
      const found = compilePath(`$[?${comparison}]`).all(COMPARED);
      assert.equal(found.length, holds ? 2 : 0, comparison);
    }
  });

  it('2.4.3 well-typedness: a path that is not well-typed is refused', () => {
    for (const [query, wellTyped] of WELL_TYPEDNESS) {
      assert.equal(isRefused(query), !wellTyped || REFUSED.has(query), query);
    }
  });

  it('2.7.1 normalized paths: the query and its normalized path find the same node', () => {
    for (const { query, normalized, document, value } of NORMALIZED_PATHS) {
      for (const path of [query, normalized]) {
        if (REFUSED.has(path)) assert.ok(isRefused(path), path);
        else assert.deepEqual(compilePath(path).all(document), [value], path);
      }
    }
  });

  it('what its text calls invalid is refused, but for the listed paths', () => {
    const accepted = INVALID.flatMap(([, queries]) => queries).filter((query) => !isRefused(query));
    assert.deepEqual(accepted.sort(), [...ACCEPTED.keys()].sort());
  });

  it('and each path that is refused on purpose stands in a table', () => {
    const queries = [
      ...EXAMPLE_TABLES.flatMap((table) => table.examples.map((example) => example.query)),
      ...WELL_TYPEDNESS.map(([query]) => query),
      ...NORMALIZED_PATHS.flatMap(({ query, normalized }) => [query, normalized]),
    ];
    for (const path of REFUSED.keys()) assert.ok(queries.includes(path), path);
  });
});
