/**
 * JSON Schema: draft-07 or 2020-12 by `$schema`, 2020-12 without one. `format` does not validate, unknown
 * keywords are ignored, references leave the schema nowhere, and patterns run in linear time.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { JsonObject } from '../domain/json.ts';
import { ExpressionError, messageOf } from './error.ts';
import { createAjv, standardSchema } from './schema-dialect.ts';

export interface SchemaProblem {
  /** `items[0].name`; empty for the value itself. */
  path: string;
  message: string;
}

export type CompiledSchema = (value: unknown) => SchemaProblem[];

/** Compiling takes tens of milliseconds, so what was compiled is kept, by content. */
const MAX_KEPT = 500;
/** A list of a hundred thousand wrong items has as many problems; no one reads them. */
const MAX_PROBLEMS = 100;
const kept = new Map<string, CompiledSchema>();

/** Throws {@link ExpressionError} for a schema that is not one. The result gives no problems for a valid value. */
export function compileSchema(schema: JsonObject): CompiledSchema {
  const key = textOf(schema);
  const known = kept.get(key);
  if (known) return known;
  const validate = compile(schema);
  const compiled: CompiledSchema = (value) => check(validate, value);
  if (kept.size >= MAX_KEPT) for (const oldest of [...kept.keys()].slice(0, 1)) kept.delete(oldest);
  kept.set(key, compiled);
  return compiled;
}

function textOf(schema: JsonObject): string {
  try {
    return JSON.stringify(schema);
  } catch (error) {
    throw new ExpressionError(`not a JSON Schema: ${messageOf(error)}`);
  }
}

function compile(schema: JsonObject): ValidateFunction {
  try {
    // One instance each: an `$id` that comes twice must not clash, nor one schema see another.
    return createAjv(schema['$schema']).compile(standardSchema(schema));
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    throw new ExpressionError(`not a JSON Schema: ${messageOf(error)}`);
  }
}

function check(validate: ValidateFunction, value: unknown): SchemaProblem[] {
  try {
    if (validate(value)) return [];
  } catch (error) {
    return [{ path: '', message: `cannot be validated: ${messageOf(error)}` }];
  }
  const errors = validate.errors ?? [];
  const problems = errors.slice(0, MAX_PROBLEMS).map(problem);
  if (errors.length > MAX_PROBLEMS) {
    problems.push({ path: '', message: `${errors.length - MAX_PROBLEMS} more problems` });
  }
  return problems;
}

function problem(error: ErrorObject): SchemaProblem {
  const path = dotted(error.instancePath);
  const params: Record<string, unknown> = error.params;
  switch (error.keyword) {
    case 'required':
      return { path: join(path, String(params['missingProperty'])), message: 'is required' };
    case 'additionalProperties':
      return { path: join(path, String(params['additionalProperty'])), message: 'is not allowed' };
    case 'unevaluatedProperties':
      return { path: join(path, String(params['unevaluatedProperty'])), message: 'is not allowed' };
    case 'enum':
      return { path, message: `must be one of ${JSON.stringify(params['allowedValues'])}` };
    case 'uniqueItems':
      return { path, message: 'must not have the same item twice' };
    case 'const':
      return { path, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    default:
      return { path, message: error.message ?? `does not satisfy ${error.keyword}` };
  }
}

function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(join, '');
}

function join(path: string, part: string): string {
  if (/^(0|[1-9]\d*)$/.test(part)) return `${path}[${part}]`;
  if (!/^[A-Za-z_@-][\w@-]*$/.test(part)) return `${path}[${JSON.stringify(part)}]`;
  return path === '' ? part : `${path}.${part}`;
}
