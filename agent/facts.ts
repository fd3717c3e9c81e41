/** Facts: what a step keeps of its tools' own results, past the model. */
import type { FactDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError } from '../expression/error.ts';
import { compilePath } from '../expression/jsonpath.ts';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { failed } from './failed.ts';
import type { ToolEntry, Turn } from './transcript.ts';

/**
 * Each fact's fields, by its `into`, from all the data of its tool's last successful result; of several matches
 * the list. null when none are declared; a tool that was never called has no member. Throws StepFailed
 * `FACT_EXTRACTION_FAILED`, also when every call of the tool failed.
 */
export function extractFacts(declared: readonly FactDefinition[], turns: readonly Turn[]): JsonObject | null {
  if (declared.length === 0) return null;
  const results = turns.flatMap((turn) => [...turn.results.values()]);
  const facts = declared.flatMap((fact) => {
    const calls = results.filter(({ tool, called }) => tool === fact.tool && called);
    const last = calls.at(-1);
    if (last === undefined) return [];
    const result = calls.findLast(({ is_error: isError }) => !isError);
    if (result === undefined) throw notFound(fact, null, 'every call of it failed', last);
    return [[fact.into, fieldsOf(fact, result)] as const];
  });
  return Object.fromEntries(facts);
}

function fieldsOf(fact: FactDefinition, result: ToolEntry): JsonObject {
  const fields = Object.entries(fact.fields).map(([name, path]): [string, Json] => {
    const [first, ...more] = matches(fact, name, path, result);
    if (first === undefined) throw notFound(fact, name, `its path ${path} matches nothing`, result);
    return [name, more.length === 0 ? first : [first, ...more]];
  });
  return Object.fromEntries(fields);
}

function matches(fact: FactDefinition, name: string, path: string, result: ToolEntry): Json[] {
  try {
    return compilePath(path).all(result.data);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw notFound(fact, name, error.message, result);
  }
}

function notFound(fact: FactDefinition, field: string | null, why: string, result: ToolEntry): Error {
  const what = field === null ? fact.into : `${fact.into}.${field}`;
  return failed('FACT_EXTRACTION_FAILED', `the fact ${what} is read from ${fact.tool}, and ${why}`, {
    tool: fact.tool,
    into: fact.into,
    field,
    path: field === null ? null : (fact.fields[field] ?? null),
    tool_result_preview: clip(result.text, PREVIEW_LIMIT),
  });
}
