/** Schemas and values for property tests: small, and close enough to each other that both outcomes are frequent. */
import fc from 'fast-check';
import type { Json, JsonObject } from '../../domain/json.ts';

const NAMES = ['a', 'b', 'id'];
const TEXTS = ['5', '1.5', 'true', 'null', 'none', '[1]', '{"a":"5"}', '["2"]', 'x', '', ' 7 ', '1e3'];

export const values: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(...TEXTS, 5, 1.5, true, null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('json'), { noNullPrototype: true }),
  ),
})).json;

const types = fc.constantFrom<Json>('string', 'integer', 'number', 'boolean', 'null', 'array', 'object');

export const schemas: fc.Arbitrary<JsonObject> = fc.letrec<{ schema: JsonObject }>((tie) => {
  const schema = tie('schema');
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  const named = fc.dictionary(fc.constantFrom(...NAMES), schema, { noNullPrototype: true });
  const part: fc.Arbitrary<JsonObject> = fc.oneof(
    { depthSize: 'small' },
    types.map((type) => ({ type })),
    fc.uniqueArray(types, { minLength: 1, maxLength: 3 }).map((type) => ({ type })),
    named.map((properties) => ({ properties })),
    fc.record({ properties: named, additionalProperties: fc.oneof(schema, fc.boolean()) }),
    schema.map((member) => ({ patternProperties: { '^[ab]$': member } })),
    schema.map((items) => ({ items })),
    fc.record({ prefixItems: list, items: schema }),
    list.map((anyOf) => ({ anyOf })),
    list.map((oneOf) => ({ oneOf })),
    list.map((allOf) => ({ allOf })),
    fc.uniqueArray(values, { minLength: 1, maxLength: 3 }).map((choices) => ({ enum: choices })),
    values.map((constant) => ({ const: constant })),
    fc.constant({ $ref: '#' }),
  );
  return { schema: fc.tuple(part, part).map(([one, other]): JsonObject => ({ ...one, ...other })) };
}).schema;
