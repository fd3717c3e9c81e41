/**
 * Sloppy model JSON, admitted before validation: a string where the schema wants a list, an object, a number
 * or a boolean, and "null" or "none" where it allows null. What cannot be coerced is left for validation.
 */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { coerce } from './coerce.ts';
import { compileSchema } from './schema.ts';
import { alternatives, declaredTypes, itemSchema, memberSchema } from './schema-shape.ts';

/** Members of the value, and their members or items. */
const LEVELS = 2;

/**
 * The value with unambiguous strings read as the schema's types, two levels deep; the argument is not changed.
 * What the schema accepts as it is comes back as it is.
 */
export function admit(value: Json, schema: JsonObject): Json {
  return isValid(value, schema) ? value : admitAt(value, schema, schema, 0);
}

function isValid(value: Json, schema: JsonObject): boolean {
  try {
    return compileSchema(schema)(value).length === 0;
  } catch {
    // Validation, which comes next, reports a schema that is none.
    return false;
  }
}

function admitAt(value: Json, schema: Json | undefined, root: JsonObject, level: number): Json {
  if (!isJsonObject(schema)) return value;
  const shapes = alternatives(schema, root);
  const read = typeof value === 'string' ? admitText(value, declaredTypes(shapes)) : value;
  if (level === LEVELS) return read;
  if (Array.isArray(read)) {
    return read.map((item, index) => admitAt(item, itemSchema(shapes, index), root, level + 1));
  }
  if (!isJsonObject(read)) return read;
  return Object.fromEntries(
    Object.entries(read).map(([name, member]) => [
      name,
      admitAt(member, memberSchema(shapes, name), root, level + 1),
    ]),
  );
}

function admitText(text: string, types: ReadonlySet<string> | null): Json {
  if (types === null || types.has('string')) return text;
  if (types.has('null') && /^(null|none)$/i.test(text.trim())) return null;
  return coerce(text, types) ?? text;
}
