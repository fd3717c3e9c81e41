import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { admit } from '../../expression/admit.ts';
import { argumentProblems, sentArguments } from '../../expression/arguments.ts';
import { compileSchema } from '../../expression/schema.ts';
import { schemas, values } from './schemas.ts';

const object = (properties: JsonObject): JsonObject => ({ type: 'object', properties });

function isValid(value: Json, schema: JsonObject): boolean {
  try {
    return compileSchema(schema)(value).length === 0;
  } catch {
    return false;
  }
}

describe('sloppy model JSON is admitted', () => {
  const admitted = (text: string, type: Json) =>
    admit({ a: text }, { ...object({ a: { type } }), required: ['a'] });

  it('as integer, number or boolean, when it is unambiguous', () => {
    assert.deepEqual(admitted(' 5 ', 'integer'), { a: 5 });
    assert.deepEqual(admitted('1e3', 'integer'), { a: 1000 });
    assert.deepEqual(admitted('-1.5', 'number'), { a: -1.5 });
    assert.deepEqual(admitted('True', 'boolean'), { a: true });
    for (const text of [
      '5 apples',
      '0x10',
      '1_000',
      '١',
      '01',
      '+1',
      '.5',
      '1.',
      '',
      'NaN',
      'Infinity',
      '1e999',
    ]) {
      assert.deepEqual(admitted(text, 'number'), { a: text }, text);
    }
    assert.deepEqual(admitted('1.5', 'integer'), { a: '1.5' });
    assert.deepEqual(admitted('yes', 'boolean'), { a: 'yes' });
    assert.deepEqual(admitted('12345678901234567890', 'integer'), { a: '12345678901234567890' });
  });

  it('as list or object', () => {
    assert.deepEqual(admitted('[1, "2"]', 'array'), { a: [1, '2'] });
    assert.deepEqual(admitted('{"b": 1}', 'object'), { a: { b: 1 } });
    assert.deepEqual(admitted('[1', 'array'), { a: '[1' });
    assert.deepEqual(admitted('{}', 'array'), { a: '{}' });
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    assert.deepEqual(admitted(deep, 'array'), { a: deep });
  });

  it('as null where "null" or "none" is written and the schema allows null', () => {
    for (const text of ['null', 'None', ' NULL '])
      assert.deepEqual(admitted(text, ['integer', 'null']), { a: null });
    assert.deepEqual(admitted('none', 'integer'), { a: 'none' });
  });

  it('never parsed where the schema calls it a string', () => {
    for (const text of ['5', 'true', 'null', '[1]', '{"a":1}']) {
      for (const type of ['string', ['string', 'integer'], ['null', 'string', 'object']]) {
        assert.deepEqual(admitted(text, type), { a: text });
      }
    }
    const either = {
      ...object({ a: { anyOf: [{ type: 'integer' }, { type: 'string' }] }, b: { type: 'null' } }),
    };
    assert.deepEqual(admit({ a: '5', b: 'null' }, either), { a: '5', b: null });
  });

  it('two levels deep, and no deeper', () => {
    const number = { type: 'integer' };
    const schema = object({
      list: { type: 'array', items: number },
      map: object({ n: number, inner: object({ n: number }) }),
      n: number,
    });
    const sloppy = { list: '["1", "2"]', map: { n: '3', inner: { n: '4' } }, n: '5' };
    assert.deepEqual(admit(sloppy, schema), { list: [1, 2], map: { n: 3, inner: { n: '4' } }, n: 5 });
    assert.deepEqual(admit(JSON.stringify({ n: '5' }), schema), { n: 5 });
  });

  it('by all of a schema: references, combinations, patterns, places in a list', () => {
    const schema = {
      $defs: { count: { type: 'integer' } },
      allOf: [object({ a: { $ref: '#/$defs/count' } }), object({ b: { type: 'boolean' } })],
      patternProperties: { '^n_': { type: 'number' } },
      properties: {
        pair: { prefixItems: [{ type: 'string' }, { type: 'integer' }], items: { type: 'boolean' } },
      },
    };
    const sloppy = { a: '1', b: 'true', n_x: '1.5', pair: ['1', '2', 'true'] };
    assert.deepEqual(admit(sloppy, schema), { a: 1, b: true, n_x: 1.5, pair: ['1', 2, true] });
  });

  it('without what the store cannot hold, also when it was hidden in escapes', () => {
    assert.deepEqual(admitted('{"b\\u0000": "\\ud800"}', 'object'), { a: { b: '\ufffd' } });
  });

  it('quickly, whatever the schema refers to', () => {
    const many = { anyOf: Array.from({ length: 50 }, () => ({ $ref: '#' })) };
    assert.deepEqual(admit({ a: '5' }, many), { a: '5' });
    assert.deepEqual(admit({ a: '5' }, { $ref: '#/nowhere', properties: { a: { type: 'integer' } } }), {
      a: 5,
    });
  });

  it('with members of any name', () => {
    const read: Json = JSON.parse('{"__proto__": "5", "constructor": "6"}');
    const schema = { type: 'object', additionalProperties: { type: 'integer' } };
    assert.equal(JSON.stringify(admit(read, schema)), '{"__proto__":5,"constructor":6}');
  });

  it('unchanged when it is valid already, and never made invalid', () => {
    fc.assert(
      fc.property(values, schemas, (value, schema) => {
        const before = JSON.stringify(value);
        const admitted = admit(value, schema);
        assert.equal(JSON.stringify(value), before);
        if (isValid(value, schema)) assert.deepEqual(admitted, value);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what is sent to the tool of a commit', () => {
  const schema = object({ n: { type: 'integer' }, text: { type: 'string' }, list: { type: 'array' } });

  it('has no top-level nulls, and no members that the input schema does not declare', () => {
    assert.deepEqual(sentArguments({ n: 1, text: null, other: 2 }, schema), { n: 1 });
    assert.deepEqual(sentArguments({ list: [null] }, schema), { list: [null] });
  });

  it('keeps undeclared members when the schema says additionalProperties: true', () => {
    assert.deepEqual(sentArguments({ other: '2' }, { ...schema, additionalProperties: true }), {
      other: '2',
    });
    assert.deepEqual(sentArguments({ other: '2' }, { ...schema, additionalProperties: false }), {});
  });

  it('keeps members that the schema declares by a pattern or for all names', () => {
    const typed = { ...schema, patternProperties: { '^x-': { type: 'integer' } } };
    assert.deepEqual(sentArguments({ 'x-a': '2', y: '2' }, typed), { 'x-a': 2 });
    assert.deepEqual(sentArguments({ y: '2' }, { ...schema, additionalProperties: { type: 'integer' } }), {
      y: 2,
    });
  });

  it('has unambiguous strings cast to the declared type, at the top only', () => {
    assert.deepEqual(sentArguments({ n: '5', text: '5', list: '["5"]' }, schema), {
      n: 5,
      text: '5',
      list: ['5'],
    });
    assert.deepEqual(sentArguments({ n: 'five' }, schema), { n: 'five' });
  });

  it('has the members that any of the alternatives declares', () => {
    const either = { oneOf: [object({ a: { type: 'integer' } }), object({ b: { type: 'integer' } })] };
    assert.deepEqual(sentArguments({ a: '1', b: '2', c: '3' }, either), { a: 1, b: 2 });
  });

  it('keeps what a schema may declare that cannot be read here', () => {
    const elsewhere = { $ref: 'https://example.com/other.json', properties: { n: { type: 'integer' } } };
    assert.deepEqual(sentArguments({ n: '5', other: '2' }, elsewhere), { n: 5, other: '2' });
    assert.deepEqual(sentArguments({ n: '5', other: '2' }, { ...elsewhere, additionalProperties: false }), {
      n: 5,
    });
    const ahead = { ...schema, patternProperties: { '^(?!y)': { type: 'integer' } } };
    assert.deepEqual(sentArguments({ n: '5', other: '2' }, ahead), { n: 5, other: '2' });
  });

  it('is the same when it is made again of what was sent', () => {
    const objects = fc.dictionary(fc.constantFrom('a', 'b', 'id'), values, { noNullPrototype: true });
    fc.assert(
      fc.property(objects, schemas, (resolved, input) => {
        const once = sentArguments(resolved, input);
        assert.deepEqual(sentArguments(once, input), once);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the input schema of a tool', () => {
  const member = (text: JsonObject): JsonObject => object({ text, n: { type: 'integer' } });

  it('refuses what it forbids, the idempotency key aside', () => {
    assert.deepEqual(argumentProblems(member({ type: 'string' }), { text: 1 }), [
      { path: 'text', message: 'must be string' },
    ]);
    const closed = { ...object({}), additionalProperties: false };
    assert.deepEqual(argumentProblems(closed, { warden_idempotency_key: 'k' }), []);
  });

  it('refuses nothing when it cannot be compiled here, and still reduces and casts', () => {
    const uncompiled = [
      member({ type: 'string', pattern: '^(?!secret)' }),
      member({ type: 'string', pattern: '^.{1,2000}$' }),
      member({ $ref: 'https://example.com/text.json' }),
      { ...member({ type: 'string' }), $schema: 'https://json-schema.org/draft/2019-09/schema' },
      { ...member({ type: 'string' }), $schema: 'http://json-schema.org/draft-04/schema#' },
    ];
    for (const schema of uncompiled) {
      assert.throws(() => compileSchema(schema));
      const sent = sentArguments({ text: 'x', n: '5', other: true }, schema);
      assert.deepEqual(sent, { text: 'x', n: 5 });
      assert.deepEqual(argumentProblems(schema, sent), []);
    }
  });
});
