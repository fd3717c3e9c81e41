import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../domain/json.ts';
import { ExpressionError } from '../../expression/error.ts';
import { compileSchema } from '../../expression/schema.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const problems = (schema: JsonObject, value: Json) => compileSchema(schema)(value);
const isValid = (schema: JsonObject, value: Json) => problems(schema, value).length === 0;
const refused = (schema: JsonObject, message: RegExp) =>
  assert.throws(
    () => compileSchema(schema),
    (error) => error instanceof ExpressionError && message.test(error.message),
  );

describe('the draft of a schema', () => {
  it('is 2020-12 without $schema, and with it', () => {
    for (const $schema of [undefined, 'https://json-schema.org/draft/2020-12/schema']) {
      const schema = { ...($schema ? { $schema } : {}), prefixItems: [{ type: 'string' }], items: false };
      assert.ok(isValid(schema, ['a']));
      assert.ok(!isValid(schema, ['a', 'b']));
    }
  });

  it('is draft-07 by $schema, with or without #', () => {
    for (const $schema of [DRAFT_07, DRAFT_07.slice(0, -1)]) {
      const schema = { $schema, items: [{ type: 'string' }], additionalItems: false };
      assert.ok(isValid(schema, ['a']));
      assert.ok(!isValid(schema, [1]) && !isValid(schema, ['a', 'b']));
    }
  });

  it('that is another is refused', () => {
    refused({ $schema: 'http://json-schema.org/draft-04/schema#' }, /draft-07 or draft 2020-12, found "http/);
    refused({ $schema: 7 }, /found 7/);
    refused({ $schema: {} }, /found \{\}/);
  });
});

describe('a schema', () => {
  it('that is none is refused', () => {
    refused({ type: 'text' }, /not a JSON Schema/);
    refused({ $ref: 'https://example.com/other.json' }, /can't resolve reference/);
    refused({ $ref: '#/$defs/missing' }, /can't resolve reference/);
    let deep: JsonObject = {};
    for (let level = 0; level < 50_000; level += 1) deep = { items: deep };
    refused(deep, /not a JSON Schema/);
  });

  it('tells every problem with its path', () => {
    const schema = {
      required: ['a'],
      properties: {
        b: { items: { properties: { 'c d': { type: 'string' } } } },
        e: { enum: [1, 2] },
        f: { const: 1 },
      },
      additionalProperties: false,
    };
    assert.deepEqual(problems(schema, { b: [{ 'c d': 1 }], e: 3, f: 2, g: 0 }), [
      { path: 'a', message: 'is required' },
      { path: 'g', message: 'is not allowed' },
      { path: 'b[0]["c d"]', message: 'must be string' },
      { path: 'e', message: 'must be one of [1,2]' },
      { path: 'f', message: 'must be 1' },
    ]);
  });

  it('tells at most a hundred problems, and how many more there are', () => {
    const found = problems({ items: { type: 'integer' } }, Array<string>(100_000).fill('x'));
    assert.equal(found.length, 101);
    assert.equal(found.at(-1)?.message, '99900 more problems');
  });

  it('has formats that do not validate and keywords that are ignored', () => {
    assert.ok(isValid({ format: 'email', 'x-order': 1, unknown: { type: 'string' } }, 'no mail'));
    assert.ok(!isValid({ id: 'old style', type: 'string' }, 1));
    assert.ok(isValid({ properties: { a: { nullable: true } } }, { a: 1 }));
    assert.ok(!isValid({ type: 'string', nullable: true }, null));
  });

  it('cannot be made to accept everything by a keyword of the library', () => {
    assert.ok(!isValid({ $async: true, type: 'string' }, 1));
    assert.ok(!isValid({ properties: { a: { $async: true, type: 'string' } } }, { a: 1 }));
  });

  it('keeps members and values of such names', () => {
    const schema = { properties: { id: { type: 'string' }, nullable: { type: 'string' } }, required: ['id'] };
    assert.deepEqual(problems(schema, { nullable: 1 }), [
      { path: 'id', message: 'is required' },
      { path: 'nullable', message: 'must be string' },
    ]);
    assert.ok(isValid({ const: { id: 1, nullable: true } }, { id: 1, nullable: true }));
  });

  it('may have an $id that another one has', () => {
    assert.ok(isValid({ $id: 'https://example.com/a', type: 'string' }, 'x'));
    assert.ok(isValid({ $id: 'https://example.com/a', type: 'number' }, 1));
  });

  it('that refers to itself without end is an error of the value, not of the process', () => {
    assert.match(problems({ anyOf: [{ $ref: '#' }] }, 1)[0]?.message ?? '', /cannot be validated/);
  });
});

describe('linear time', () => {
  it('holds for every pattern', () => {
    const text = `${'a'.repeat(50_000)}b`;
    assert.ok(!isValid({ pattern: '^(a+)+$' }, text));
    assert.ok(isValid({ patternProperties: { '^(a+)+$': false } }, { [text]: 1 }));
    assert.ok(isValid({ propertyNames: { pattern: '^(a|a)*b$' } }, { [text]: 1 }));
    assert.ok(isValid({ pattern: '^\\u0061+b$' }, text));
  });

  it('refuses what RE2 does not have', () => {
    for (const pattern of ['(?=a)', '(?!a)', '(?<=a)', '(a)\\1', '(']) refused({ pattern }, /RE2/);
    refused({ patternProperties: { '(?!a)': {} } }, /RE2/);
  });

  it('holds for items that must be unique', () => {
    const items: Json[] = Array.from({ length: 50_000 }, (_, n) => ({ n, list: [n] }));
    assert.ok(isValid({ uniqueItems: true }, items));
    assert.deepEqual(problems({ uniqueItems: true }, [...items, { list: [7], n: 7 }]), [
      { path: '', message: 'must not have the same item twice' },
    ]);
    assert.ok(isValid({ uniqueItems: true }, [1, '1', true, 'true', null, 'null', [1], ['1'], {}]));
    assert.ok(isValid({ uniqueItems: false }, [1, 1]));
    assert.ok(!isValid({ uniqueItems: true }, [1, 1.0]));
  });
});
