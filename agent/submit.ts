/** The virtual tool `_submit`: how a model ends a reason step, and what is taken from it. */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { admit } from '../expression/admit.ts';
import { ExpressionError } from '../expression/error.ts';
import { compileSchema } from '../expression/schema.ts';
import { MAX_DEPTH, isTooDeep } from './clip.ts';
import type { ModelTool } from './model.ts';

export const SUBMIT = '_submit';

/** More would not help a model or a reader. */
const PROBLEM_LIMIT = 50;

export type Problem = { path: string; message: string };

export type SubmitVerdict =
  | { kind: 'taken'; output: JsonObject }
  | {
      kind: 'refused';
      code: 'empty_submit_result' | 'OUTPUT_SCHEMA_VALIDATION_FAILED';
      message: string;
      problems: Problem[];
    };

/** `_submit` as the model sees it. */
export function submitTool(outputSchema: JsonObject | null): ModelTool {
  return {
    name: SUBMIT,
    description: 'Ends the task: call it once, when all work is done, with the complete result as arguments.',
    inputSchema: outputSchema ?? { type: 'object' },
    strict: false,
  };
}

/** Admits what the model submitted and checks it. Depends on nothing else, so that a resumed step judges alike. */
export function judgeSubmit(submitted: Json, outputSchema: JsonObject | null): SubmitVerdict {
  const { value, problems } = admitObject(submitted, outputSchema ?? { type: 'object' });
  const [first] = problems;
  if (outputSchema === null) {
    if (value !== null && first === undefined && Object.keys(value).length > 0) {
      return { kind: 'taken', output: value };
    }
    const found = first === undefined ? 'an empty one' : `a value that ${first.message}`;
    const message = `expected ${SUBMIT} to be called with a non-empty object, found ${found}`;
    return { kind: 'refused', code: 'empty_submit_result', message, problems };
  }
  if (value !== null && first === undefined) return { kind: 'taken', output: value };
  const message = `the submitted output does not satisfy output_schema: ${describeProblems(problems)}`;
  return { kind: 'refused', code: 'OUTPUT_SCHEMA_VALIDATION_FAILED', message, problems };
}

/**
 * Model JSON admitted by its schema, and what is wrong with it; `value` is null when it is no object. A schema
 * that cannot be compiled is a problem as well.
 */
export function admitObject(
  raw: Json,
  schema: JsonObject,
): { value: JsonObject | null; problems: Problem[] } {
  // A whole object that comes as text is admitted also where the schema leaves its type out.
  const value = admit(raw, { type: 'object', ...schema });
  if (isTooDeep(value)) return { value: null, problems: [whole(`is nested more than ${MAX_DEPTH} deep`)] };
  if (!isJsonObject(value)) return { value: null, problems: [whole('must be an object')] };
  try {
    return { value, problems: compileSchema(schema)(value).slice(0, PROBLEM_LIMIT) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { value, problems: [whole(`cannot be checked: ${error.message}`)] };
  }
}

export function describeProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message }) => (path === '' ? `it ${message}` : `${path} ${message}`))
    .join('; ');
}

function whole(message: string): Problem {
  return { path: '', message };
}
