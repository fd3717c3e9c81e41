/**
 * The validator library held to the standard: its own keywords mean nothing, patterns run in linear time, and so
 * does the comparison of items.
 */
import { Ajv } from 'ajv';
import type { Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError } from './error.ts';
import { compilePattern } from './pattern.ts';

const engine = Object.assign(
  (source: string) => ({ ...compilePattern(source), toString: () => `/${source}/` }),
  { code: 'unused: nothing is written out as standalone code' },
);

const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  logger: false,
  code: { regExp: engine },
};

/** A fresh validator for a dialect. Throws {@link ExpressionError} for one that is not known. */
export function createAjv(dialect: Json | undefined): Ajv | Ajv2020 {
  const ajv = draftOf(dialect) === '07' ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
  // The library compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: areUnique });
  return ajv;
}

function draftOf(dialect: Json | undefined): '07' | '2020-12' {
  if (dialect === undefined || dialect === null) return '2020-12';
  const name = typeof dialect === 'string' ? dialect.replace(/#$/, '') : '';
  if (/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema$/.test(name)) return '2020-12';
  if (/^https?:\/\/json-schema\.org\/draft-07\/schema$/.test(name)) return '07';
  throw new ExpressionError(
    `expected $schema to be draft-07 or draft 2020-12, found ${JSON.stringify(dialect)}`,
  );
}

function areUnique(wanted: boolean, items: Json[]): boolean {
  return !wanted || new Set(items.map(comparable)).size === items.length;
}

/** The same text for equal values, whatever the order of members. */
function comparable(value: Json): string {
  return JSON.stringify(value, (_, member: Json) =>
    isJsonObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** Keywords of the library, or of older drafts, that would change what is valid or be refused. */
const FOREIGN = new Set(['$async', 'nullable', 'id']);
const VALUES = new Set(['const', 'enum', 'default', 'examples']);
const NAMED = new Set([
  ...['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'],
]);

/** The schema without keywords that the standard does not have, wherever a schema is; values are not touched. */
export function standardSchema(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !FOREIGN.has(keyword))
      .map(([keyword, value]) => [keyword, VALUES.has(keyword) ? value : inside(value, NAMED.has(keyword))]),
  );
}

function inside(value: Json, named: boolean): Json {
  if (Array.isArray(value)) return value.map((each) => inside(each, false));
  if (!isJsonObject(value)) return value;
  if (!named) return standardSchema(value);
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, inside(schema, false)]));
}
