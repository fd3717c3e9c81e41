/**
 * Values made from a JSON Schema: its `examples`, `default`, `const` or first `enum`, else a small value of its
 * type. They satisfy what schemas usually say; `pattern` and contradictions are left to an example.
 */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { alternatives, memberSchema, members } from '../expression/schema-shape.ts';

/** Which members and items are made: all that are declared, or only those that must be there. */
export type Fill = 'all' | 'required';

export interface Invention {
  /** Shown in every text, so that a person sees what came in. */
  quote: string;
  fill: Fill;
}

interface Place {
  root: JsonObject;
  name: string;
  depth: number;
}

/** Below this only what must be there; below the second nothing: a schema may contain itself. */
const DEPTH_OF_ALL = 4;
const DEPTH_OF_ANY = 12;
/** A schema that asks for more is not worth the memory. */
const MAX_ITEMS = 20;
const MAX_LENGTH = 10_000;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'PT1M',
  email: 'mock@example.com',
  hostname: 'example.com',
  uri: 'https://example.com/mock',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A value for the schema; deterministic. */
export function inventValue(schema: JsonObject, how: Invention): Json {
  return valueAt(schema, how, { root: schema, name: 'value', depth: 0 });
}

/** A text for a member of this name. */
export function inventText(name: string, quote: string): string {
  return quote === '' ? `mock ${name}` : `mock ${name}: ${quote}`;
}

function valueAt(schema: Json | undefined, how: Invention, place: Place): Json {
  const shapes = alternatives(schema, place.root);
  const shape = shapes.find((candidate) => typeOf(candidate) !== 'null') ?? shapes[0] ?? {};
  const given = givenValue(shape);
  if (given !== undefined) return given;
  switch (typeOf(shape)) {
    case 'object':
      return objectAt(shape, how, place);
    case 'array':
      return listAt(shape, how, place);
    case 'integer':
      return inventNumber(shape, true);
    case 'number':
      return inventNumber(shape, false);
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return textOf(shape, place.name, how.quote);
  }
}

function givenValue(shape: JsonObject): Json | undefined {
  const { examples, default: preset, const: constant, enum: choices } = shape;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (preset !== undefined) return preset;
  if (constant !== undefined) return constant;
  return Array.isArray(choices) ? choices[0] : undefined;
}

function typeOf(shape: JsonObject): string {
  const { type } = shape;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return type.filter((name) => typeof name === 'string').find(isNotNull) ?? 'null';
  if (isJsonObject(shape['properties'])) return 'object';
  return shape['items'] !== undefined || shape['prefixItems'] !== undefined ? 'array' : 'string';
}

function isNotNull(type: string): boolean {
  return type !== 'null';
}

function objectAt(shape: JsonObject, how: Invention, { root, depth }: Place): JsonObject {
  if (depth >= DEPTH_OF_ANY) return {};
  const { required } = shape;
  const needed = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  const declared = how.fill === 'all' && depth < DEPTH_OF_ALL ? Object.keys(members(shape)) : [];
  return Object.fromEntries(
    [...new Set([...declared, ...needed])].map((name) => [
      name,
      valueAt(memberSchema([shape], name), how, { root, name, depth: depth + 1 }),
    ]),
  );
}

function listAt(shape: JsonObject, how: Invention, { root, name, depth }: Place): Json[] {
  if (depth >= DEPTH_OF_ANY) return [];
  const { prefixItems, items } = shape;
  const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
  const rest = Array.isArray(items) ? undefined : items;
  const wanted = how.fill === 'all' && depth < DEPTH_OF_ALL ? Math.max(1, tuple.length) : 0;
  const least = Math.max(wanted, numberOf(shape, 'minItems') ?? 0);
  const count = Math.min(least, numberOf(shape, 'maxItems') ?? Infinity, MAX_ITEMS);
  return Array.from({ length: count }, (_, index) => {
    const item = count > 1 ? `${name} ${index + 1}` : name;
    return valueAt(tuple[index] ?? rest, how, { root, name: item, depth: depth + 1 });
  });
}

function textOf(shape: JsonObject, name: string, quote: string): string {
  const { format } = shape;
  if (typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format] ?? '';
  const least = Math.min(numberOf(shape, 'minLength') ?? 0, MAX_LENGTH);
  const most = numberOf(shape, 'maxLength') ?? Infinity;
  const letters = [...inventText(name, quote)].slice(0, most);
  return letters.join('') + '.'.repeat(Math.max(0, least - letters.length));
}

/** Zero where it fits, else the nearest bound that does. */
function inventNumber(shape: JsonObject, whole: boolean): number {
  const step = numberOf(shape, 'multipleOf') ?? 1;
  const least = numberOf(shape, 'minimum') ?? -Infinity;
  const most = numberOf(shape, 'maximum') ?? Infinity;
  const above = numberOf(shape, 'exclusiveMinimum') ?? -Infinity;
  const below = numberOf(shape, 'exclusiveMaximum') ?? Infinity;
  const fits = (value: number): boolean =>
    Number.isFinite(value) &&
    value >= least &&
    value <= most &&
    value > above &&
    value < below &&
    (!whole || Number.isInteger(value)) &&
    (shape['multipleOf'] === undefined || Number.isInteger(value / step));
  const low = Math.max(least, above);
  const high = Math.min(most, below);
  const near = [
    0,
    least,
    Math.ceil(least / step) * step,
    (Math.floor(above / step) + 1) * step,
    most,
    Math.floor(most / step) * step,
    (Math.ceil(below / step) - 1) * step,
    (low + high) / 2,
  ];
  return near.find(fits) ?? 0;
}

function numberOf(shape: JsonObject, keyword: string): number | undefined {
  const value = shape[keyword];
  return typeof value === 'number' ? value : undefined;
}
