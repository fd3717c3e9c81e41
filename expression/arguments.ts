/** What a commit's tool is called with, made from the step's resolved arguments. */
import type { Json, JsonObject } from '../domain/json.ts';
import { coerce } from './coerce.ts';
import { alternatives, declaredTypes, memberSchema, members } from './schema-shape.ts';

/**
 * The resolved arguments without top-level nulls, without members that the tool's input schema does not
 * declare (kept when it allows additional ones explicitly), and with unambiguous strings cast to the declared
 * type. Nothing else is changed; validation comes after.
 */
export function sentArguments(resolved: JsonObject, inputSchema: JsonObject): JsonObject {
  const shapes = alternatives(inputSchema, inputSchema);
  const open = shapes.some(
    ({ additionalProperties: extra }) => extra === true || (typeof extra === 'object' && extra !== null),
  );
  const declared = (name: string): boolean =>
    open || shapes.some((shape) => Object.hasOwn(members(shape), name));
  return Object.fromEntries(
    Object.entries(resolved)
      .filter(([name, value]) => value !== null && declared(name))
      .map(([name, value]) => [name, cast(value, memberSchema(shapes, name), inputSchema)]),
  );
}

function cast(value: Json, schema: Json | undefined, root: JsonObject): Json {
  if (typeof value !== 'string' || schema === undefined) return value;
  const types = declaredTypes(alternatives(schema, root));
  return types === null ? value : (coerce(value, types) ?? value);
}
