/**
 * The parts that the contracts of all routes are made of. Schemas validate what clients send and become the
 * OpenAPI document; the types of the client are inferred from them.
 */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../domain/json.ts';

export const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
export const DEPTH_LIMIT = 64;
export const KEY_LIMIT = 100_000;
export const ERROR_DETAILS_LIMIT = 65_536;

/** PostgreSQL's `integer`. */
const INTEGER_LIMIT = 2_147_483_647;

export const traceId = z
  .string()
  .regex(/^[a-f0-9]{32}$/, 'expected 32 lower-case hex characters')
  .meta({ description: 'Names one saga', examples: ['4bf92f3577b34da6a3ce929d0e0e4736'] });
export const spanId = z
  .string()
  .regex(/^[a-f0-9]{16}$/, 'expected 16 lower-case hex characters')
  .meta({ description: 'Names one step or undo of a saga', examples: ['800b6a15b4d490c5'] });
export const namespace = z
  .string()
  .regex(/^[a-z0-9-]{1,50}$/, 'expected 1 to 50 characters of a-z, 0-9 and -')
  .meta({ examples: ['default'] });
export const name = z
  .string()
  .min(1)
  .max(128)
  .meta({ examples: ['changelog'] });
export const version = z
  .string()
  .min(1)
  .max(50)
  .meta({ examples: ['1'] });
export const idempotencyKey = z.string().min(1).max(256);
export const sha256 = z.string().regex(/^[a-f0-9]{64}$/, 'expected 64 lower-case hex characters');
export const payloadHash = sha256.meta({
  description: 'SHA-256 of the RFC 8785 JSON of what was on hold',
});
export const iteration = z.int().min(1).max(INTEGER_LIMIT);
export const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' });

/** Any JSON object, handed on as it came: nothing in it is dropped or cast. */
export const anyObject = z
  .unknown()
  .transform((value, context): JsonObject => {
    if (isJsonObject(value)) return value;
    context.addIssue({ code: 'custom', message: 'expected an object', params: { type: 'dict_type' } });
    return z.NEVER;
  })
  .meta({ type: 'object' });

/** Any JSON in an answer. */
export const jsonValue = z
  .json()
  .meta({ type: ['object', 'array', 'string', 'number', 'boolean', 'null'], description: 'Any JSON' });

/** A JSON object in an answer. */
export const jsonObject = z.record(z.string(), z.json()).meta({ type: 'object' });
export const jsonObjectOrNull = jsonObject.nullable().meta({ type: ['object', 'null'] });

/** Absent and null are the same: null. */
export function orNull<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value): z.output<Schema> | null => value ?? null);
}

/** As {@link orNull}, of an object. */
export function objectOrNull(schema: typeof anyObject = anyObject) {
  return orNull(schema).meta({ type: ['object', 'null'] });
}

/** A number in a query, written in decimal digits. */
function count(min: number, max: number, otherwise: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .default(otherwise)
    .meta({ type: 'integer', minimum: min, maximum: max, default: otherwise });
}

export const paging = {
  limit: count(1, 100, 50),
  offset: count(0, Number.MAX_SAFE_INTEGER, 0),
};

export const afterSeq = count(0, Number.MAX_SAFE_INTEGER, 0);

/** A switch in a query. */
export const flag = z
  .string()
  .regex(/^(true|false|1|0|yes|no|on|off)$/i, 'expected true or false')
  .transform((text) => /^(true|1|yes|on)$/i.test(text))
  .meta({ type: 'boolean' });

/** A switch that is off when it is not given. */
export const flagOff = flag.default(false).meta({ type: 'boolean', default: false });

/** A value that may be given once or several times in a query. */
export function repeatable<Schema extends z.ZodType>(item: Schema) {
  return z.preprocess((value): unknown[] => {
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  }, z.array(item).max(50));
}

/** The namespace that a request is about. */
export const inNamespace = { namespace: namespace.default('default') };

export const namespaceQuery = z.object(inNamespace);

export const sagaPath = z.object({ trace_id: traceId });

export const stepPath = z.object({ trace_id: traceId, step_span_id: spanId });

/** One page of a list. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), limit: z.int(), offset: z.int() });
}
