/** What a JSON Schema says about the shape of a value, read without validating: types, members, items. */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { compilePattern } from './pattern.ts';

/** Nesting of `$ref`, `allOf`, `anyOf`, `oneOf` that is followed. */
const MAX_FOLLOWED = 16;
const MAX_ALTERNATIVES = 64;
/** A schema may refer to itself in more ways than could ever be followed. */
const MAX_VISITED = 2_000;

/** What a reference leads to that is not followed here, into another document say: it may declare anything. */
const UNREADABLE: JsonObject = { additionalProperties: true };

/**
 * The schema as a list of alternatives, references and combinations resolved into each. Where it is too large to
 * be followed, an alternative says nothing.
 */
export function alternatives(schema: Json | undefined, root: JsonObject): JsonObject[] {
  return follow(schema, { root, left: MAX_VISITED }, 0);
}

function follow(
  schema: Json | undefined,
  walk: { root: JsonObject; left: number },
  depth: number,
): JsonObject[] {
  walk.left -= 1;
  if (!isJsonObject(schema) || depth > MAX_FOLLOWED || walk.left < 0) return [{}];
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const next = (part: Json | undefined): JsonObject[] => follow(part, walk, depth + 1);
  let found: JsonObject[] = [own];
  if (typeof $ref === 'string') found = both(found, next(target($ref, walk.root) ?? UNREADABLE));
  for (const part of Array.isArray(allOf) ? allOf : []) found = both(found, next(part));
  for (const choice of [anyOf, oneOf]) {
    if (Array.isArray(choice)) found = both(found, choice.flatMap(next));
  }
  return found.slice(0, MAX_ALTERNATIVES);
}

function both(left: JsonObject[], right: JsonObject[]): JsonObject[] {
  return left.flatMap((one) => right.map((other) => merge(one, other))).slice(0, MAX_ALTERNATIVES);
}

/** What satisfies both: members of the same name must satisfy both too, and only the common types are left. */
function merge(one: JsonObject, other: JsonObject): JsonObject {
  const merged: JsonObject = { ...one, ...other };
  if (one['additionalProperties'] === false) merged['additionalProperties'] = false;
  const properties: JsonObject = { ...members(one) };
  for (const [name, schema] of Object.entries(members(other))) {
    const earlier = Object.hasOwn(properties, name) ? properties[name] : undefined;
    properties[name] = earlier === undefined ? schema : { allOf: [earlier, schema] };
  }
  if (Object.keys(properties).length > 0) merged['properties'] = properties;
  const [mine, others] = [givenTypes(one), givenTypes(other)];
  if (mine.length > 0 && others.length > 0) {
    merged['type'] = [...new Set([...mine, ...others])].filter(
      (type) => allows(mine, type) && allows(others, type),
    );
  }
  return merged;
}

function allows(types: string[], type: string): boolean {
  return types.includes(type) || (type === 'integer' && types.includes('number'));
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

function givenTypes(shape: JsonObject): string[] {
  const type = shape['type'];
  if (Array.isArray(type)) return type.filter((name) => typeof name === 'string');
  return typeof type === 'string' ? [type] : [];
}

function typesOf(shape: JsonObject): string[] {
  if (shape['type'] !== undefined) return givenTypes(shape);
  if (Array.isArray(shape['enum'])) return shape['enum'].map(typeOf);
  if (shape['const'] !== undefined) return [typeOf(shape['const'])];
  if (isJsonObject(shape['properties'])) return ['object'];
  return isJsonObject(shape['items']) ? ['array'] : [];
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The schema of a member, of all alternatives that declare it; undefined when none does. */
export function memberSchema(shapes: JsonObject[], name: string): Json | undefined {
  return anyOf(shapes.map((shape) => memberOf(shape, name)));
}

function memberOf(shape: JsonObject, name: string): Json | undefined {
  const declared = members(shape);
  const found = matching(shape['patternProperties'], name);
  const own = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (own !== undefined) found.push(own);
  if (found.length > 0) return found.length === 1 ? found[0] : { allOf: found };
  return isJsonObject(shape['additionalProperties']) ? shape['additionalProperties'] : undefined;
}

function matching(patterns: Json | undefined, name: string): Json[] {
  if (!isJsonObject(patterns)) return [];
  return Object.entries(patterns).flatMap(([pattern, schema]) => {
    const found = matches(pattern, name);
    return found === null ? [{}] : found ? [schema] : [];
  });
}

/** null: it cannot be compiled here, so that whoever wrote it must say. */
function matches(pattern: string, name: string): boolean | null {
  try {
    return compilePattern(pattern).test(name);
  } catch {
    return null;
  }
}

/** The schema of the item at this place, of all alternatives that say something about it. */
export function itemSchema(shapes: JsonObject[], index: number): Json | undefined {
  return anyOf(shapes.map((shape) => itemOf(shape, index)));
}

/** `prefixItems` with `items` of 2020-12; a list of `items` with `additionalItems` of draft-07. */
function itemOf({ prefixItems, items, additionalItems }: JsonObject, index: number): Json | undefined {
  const fixed = Array.isArray(items) ? items : Array.isArray(prefixItems) ? prefixItems : [];
  if (index < fixed.length) return fixed[index];
  const rest = Array.isArray(items) ? additionalItems : items;
  return isJsonObject(rest) ? rest : undefined;
}

function anyOf(schemas: (Json | undefined)[]): Json | undefined {
  const found = schemas.filter((schema) => schema !== undefined);
  return found.length < 2 ? found[0] : { anyOf: found };
}
