/** What a commit's tool is called with, made from the step's resolved arguments. */
import type { Json, JsonObject } from '../domain/json.ts';
import { coerce } from './coerce.ts';
import { ExpressionError } from './error.ts';
import { alternatives, declaredTypes, memberSchema } from './schema-shape.ts';
import { compileSchema, type CompiledSchema, type SchemaProblem } from './schema.ts';

/** Given by the call itself to a tool that declares it. */
const KEY = 'warden_idempotency_key';

/**
 * The resolved arguments without top-level nulls, without members that the tool's input schema does not
 * declare (kept when it says `additionalProperties: true`, or where what it declares cannot be read here), and with
 * unambiguous strings cast to the declared type. Nothing else is changed; validation comes after.
 */
export function sentArguments(resolved: JsonObject, inputSchema: JsonObject): JsonObject {
  const shapes = alternatives(inputSchema, inputSchema);
  const open = shapes.some((shape) => shape['additionalProperties'] === true);
  return Object.fromEntries(
    Object.entries(resolved)
      .map(([name, value]) => ({ name, value, schema: memberSchema(shapes, name) }))
      .filter(({ value, schema }) => value !== null && (open || schema !== undefined))
      .map(({ name, value, schema }) => [name, cast(value, schema, inputSchema)]),
  );
}

function cast(value: Json, schema: Json | undefined, root: JsonObject): Json {
  if (typeof value !== 'string' || schema === undefined) return value;
  const types = declaredTypes(alternatives(schema, root));
  return types === null ? value : (coerce(value, types) ?? value);
}

/**
 * What a tool's own input schema has against these arguments, the key aside that every call is given. A schema
 * that cannot be compiled here refuses nothing: the server checks its own arguments.
 */
export function argumentProblems(inputSchema: JsonObject, sent: JsonObject): SchemaProblem[] {
  const validate = compiledOrNull(inputSchema);
  return validate === null ? [] : validate(sent).filter(({ path }) => path !== KEY);
}

/** Servers write schemas for other dialects and other engines of patterns than ours. */
function compiledOrNull(inputSchema: JsonObject): CompiledSchema | null {
  try {
    return compileSchema(inputSchema);
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}
