import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { resolveBindings } from '../../expression/bindings.ts';
import { ExpressionError } from '../../expression/error.ts';
import { compilePath, standardPath } from '../../expression/jsonpath.ts';

const all = (path: string, doc: Json) => compilePath(path).all(doc);
const refused = (path: string, message: RegExp, column?: number) =>
  assert.throws(
    () => compilePath(path),
    (error) => {
      assert.ok(error instanceof ExpressionError);
      assert.match(error.message, message);
      if (column !== undefined) assert.equal(error.column, column);
      return true;
    },
  );

describe('a binding', () => {
  const context = {
    input: { n: 5, none: null, list: [1, 2] },
    steps: { 'read-files': { output: { data: {} } } },
  };

  it('is a value as it is, or the first match of its path', () => {
    const bound = resolveBindings({ a: { value: { from: '$.x' } }, b: { from: '$.input.list[*]' } }, context);
    assert.deepEqual(bound, { a: { from: '$.x' }, b: 1 });
  });

  it('is null when its path matches nothing, or null', () => {
    const bound = resolveBindings({ a: { from: '$.input.nothing' }, b: { from: '$.input.none' } }, context);
    assert.deepEqual(bound, { a: null, b: null });
  });

  it('may have any name, and find any step', () => {
    const from = '$.steps.read-files.output.data';
    const bound = resolveBindings({ ['__proto__']: { from }, constructor: { value: 1 } }, context);
    assert.deepEqual(Object.entries(bound), [
      ['__proto__', {}],
      ['constructor', 1],
    ]);
  });

  it('finds members only, nothing that JavaScript adds', () => {
    for (const path of ['$.input.constructor', '$.input.list.length', '$.input.__proto__']) {
      assert.deepEqual(all(path, context), []);
    }
  });
});

describe('beyond RFC 9535', () => {
  it('a shorthand name may contain - and @', () => {
    assert.deepEqual(all('$.a-b', { 'a-b': 1 }), [1]);
    assert.deepEqual(all('$.@type', { '@type': 1 }), [1]);
    assert.deepEqual(all('$..x@y-', [{ 'x@y-': 1 }]), [1]);
    assert.deepEqual(all('$.-a', { '-a': 1 }), [1]);
  });

  it(".'x', .\"x\" and .[…] mean ['x'] and […]", () => {
    assert.deepEqual(all(`$.'x y'."z"`, { 'x y': { z: 1 } }), [1]);
    assert.deepEqual(all('$.[0].[1]', [[1, 2]]), [2]);
    assert.deepEqual(all(`$..'x'`, [{ x: 1 }]), [1]);
    assert.deepEqual(all(`$..['x']`, [{ x: 1 }]), [1]);
  });

  it('nothing inside a string or a filter is changed', () => {
    for (const path of [
      `$['.a-@.[']`,
      `$[?@.a == ".'x'"]`,
      `$[?@.n > 1.5 && @['b']]`,
      '$..*',
      '$.a..b',
      `$['it\\'s.@']`,
    ]) {
      assert.equal(standardPath(path), path);
    }
    assert.deepEqual(all(`$[?@.@id == '.-x']`, [{ '@id': '.-x' }, { '@id': 1 }]), [{ '@id': '.-x' }]);
  });
});

describe('a path', () => {
  it('is refused at deploy with the column', () => {
    refused('input.a', /starts with \$/, 1);
    refused('', /starts with \$/, 1);
    refused('$.a[', /not a JSONPath/, 5);
    refused('$.a[?nosuch(@.b)]', /not a JSONPath/);
    refused(`$${'.a'.repeat(3_000)}`, /at most 4096 characters/);
  });

  it('with match or search is refused, because their time has no bound', () => {
    refused('$[?match(@.a, "(a+)+")]', /match is not available/);
    refused('$[? search (@.a, "x")]', /search is not available|not a JSONPath/);
    assert.deepEqual(all('$.match', { match: 1 }), [1]);
    assert.deepEqual(all(`$[?@.a == 'match(']`, [{ a: 'match(' }]), [{ a: 'match(' }]);
    assert.deepEqual(all('$[?length(@.a) == 2 && count(@.*) == 1]', [{ a: 'xy' }]), [{ a: 'xy' }]);
  });

  it('that searches too deep a document says so', () => {
    let deep: Json = 1;
    for (let level = 0; level < 1_000; level += 1) deep = { a: deep };
    assert.throws(() => compilePath('$..x').first(deep), ExpressionError);
    assert.throws(() => all('$..x', deep), ExpressionError);
  });
});
