/** What a JSON Schema says about the shape of a value, read without validating: types, members, items. */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';

/** Nesting of `$ref`, `allOf`, `anyOf`, `oneOf` that is followed. */
const MAX_FOLLOWED = 16;
const MAX_ALTERNATIVES = 64;

/** The schema as a list of alternatives, references and combinations resolved into each. */
export function alternatives(schema: Json | undefined, root: JsonObject, followed = 0): JsonObject[] {
  if (!isJsonObject(schema) || followed > MAX_FOLLOWED) return [{}];
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  let found: JsonObject[] = [own];
  if (typeof $ref === 'string') found = both(found, alternatives(target($ref, root), root, followed + 1));
  for (const part of Array.isArray(allOf) ? allOf : []) {
    found = both(found, alternatives(part, root, followed + 1));
  }
  for (const choice of [anyOf, oneOf]) {
    if (!Array.isArray(choice)) continue;
    found = both(
      found,
      choice.flatMap((part) => alternatives(part, root, followed + 1)),
    );
  }
  return found.slice(0, MAX_ALTERNATIVES);
}

function both(left: JsonObject[], right: JsonObject[]): JsonObject[] {
  return left.flatMap((one) => right.map((other) => merge(one, other))).slice(0, MAX_ALTERNATIVES);
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const properties = { ...members(one), ...members(other) };
  const merged = { ...one, ...other };
  return Object.keys(properties).length > 0 ? { ...merged, properties } : merged;
}

function target(reference: string, root: JsonObject): Json | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

export function members(schema: JsonObject): JsonObject {
  return isJsonObject(schema['properties']) ? schema['properties'] : {};
}

/** The declared types, all alternatives together; null when one of them does not say. */
export function declaredTypes(shapes: JsonObject[]): ReadonlySet<string> | null {
  const types = new Set<string>();
  for (const shape of shapes) {
    const found = typesOf(shape);
    if (found.length === 0) return null;
    for (const type of found) types.add(type);
  }
  return types;
}

function typesOf(shape: JsonObject): string[] {
  const type = shape['type'];
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((name) => typeof name === 'string');
  if (Array.isArray(shape['enum'])) return shape['enum'].map(typeOf);
  if (shape['const'] !== undefined) return [typeOf(shape['const'])];
  if (isJsonObject(shape['properties'])) return ['object'];
  return isJsonObject(shape['items']) ? ['array'] : [];
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The schema of a member; undefined when no alternative declares it. */
export function memberSchema(shapes: JsonObject[], name: string): Json | undefined {
  for (const shape of shapes) {
    const declared = members(shape);
    if (Object.hasOwn(declared, name)) return declared[name];
  }
  return shapes.map((shape) => shape['additionalProperties']).find(isJsonObject);
}

export function itemSchema(shapes: JsonObject[]): Json | undefined {
  return shapes.map((shape) => shape['items']).find(isJsonObject);
}
