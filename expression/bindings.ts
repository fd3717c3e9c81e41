/** The `with` of a step, resolved against the context of its saga. */
import type { Binding } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { compilePath } from './jsonpath.ts';

/**
 * One member per binding: the literal, or the first match of the path; null when it matches nothing. Throws
 * `ExpressionError` for a path that does not compile or that searches too deep a document.
 */
export function resolveBindings(
  bindings: Readonly<Record<string, Binding>>,
  context: JsonObject,
): JsonObject {
  return Object.fromEntries(
    Object.entries(bindings).map(([name, binding]) => [name, resolve(binding, context)]),
  );
}

function resolve(binding: Binding, context: JsonObject): Json {
  return 'from' in binding ? compilePath(binding.from).first(context) : binding.value;
}
