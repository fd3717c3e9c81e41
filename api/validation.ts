/** What clients send, against its schema: every problem at once, in the form that older clients know. */
import type { z } from 'zod';
import { findUnstorable, isJsonObject } from '../domain/json.ts';
import type { ValidationProblem } from './contract-problem.ts';

type Loc = ValidationProblem['loc'];

/** More problems than this help nobody. */
const MOST = 50;

export type Checked<Value> = { ok: true; value: Value } | { ok: false; problems: ValidationProblem[] };

/** `place` is where the value was: `path`, `query` or `body`. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: 'path' | 'query' | 'body',
): Checked<z.output<Schema>> {
  const refused = unstorable(value, place);
  if (refused.length > 0) return { ok: false, problems: refused };
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return {
    ok: false,
    problems: result.error.issues.slice(0, MOST).map((issue) => told(issue, value, place)),
  };
}

function told(issue: z.core.$ZodIssue, value: unknown, place: string): ValidationProblem {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const loc = [place, ...path];
  const typed = issue.code === 'invalid_type' || issue.code === 'invalid_value';
  if (typed && isMissing(value, path)) return { loc, msg: 'Field required', type: 'missing' };
  return { loc, msg: issue.message, type: typeOf(issue) };
}

function typeOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'object' ? 'dict_type' : `${issue.expected}_type`;
    case 'too_big':
      return issue.origin === 'string' ? 'string_too_long' : 'less_than_equal';
    case 'too_small':
      return issue.origin === 'string' ? 'string_too_short' : 'greater_than_equal';
    case 'invalid_format':
      return 'string_pattern_mismatch';
    case 'invalid_value':
      return 'enum';
    case 'custom':
      return typeof issue.params?.['type'] === 'string' ? issue.params['type'] : 'value_error';
    default:
      return 'value_error';
  }
}

/** A path may lead further than what came: one value where a list may be given is read as a list of one. */
function isMissing(value: unknown, path: Loc): boolean {
  let at = value;
  for (const key of path) {
    if (isJsonObject(at)) {
      if (!Object.hasOwn(at, key)) return true;
      at = at[key];
    } else if (Array.isArray(at) && typeof key === 'number') {
      at = at[key];
    } else {
      return false;
    }
  }
  return at === undefined;
}

function unstorable(value: unknown, place: string): ValidationProblem[] {
  return findUnstorable(value, MOST).map(({ path, kind }) => ({
    loc: [place, ...path],
    ...UNSTORABLE[kind],
  }));
}

const UNSTORABLE = {
  text: { msg: 'expected text without NUL characters and lone surrogates', type: 'value_error' },
  number: { msg: 'expected a number that a double can hold', type: 'finite_number' },
} as const;
