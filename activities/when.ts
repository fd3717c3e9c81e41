/** `when`: whether a step runs at all, asked before its arguments are resolved. */
import type { StepRef } from '../domain/answers.ts';
import type { StepDefinition } from '../domain/definition.ts';
import { StepFailed } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { compileCel } from '../expression/cel.ts';
import { ExpressionError } from '../expression/error.ts';
import { WHEN_NAMES } from '../expression/names.ts';
import type { RunningSaga } from '../store/context.ts';

/** False: it is skipped. Throws `StepFailed`, WHEN_EVALUATION_FAILED. A retried step was wanted already. */
export function isWanted(
  { ref, saga, step }: { ref: StepRef; saga: RunningSaga; step: StepDefinition },
  context: JsonObject,
): boolean {
  if (step.when === null || ref.iteration > 1) return true;
  const { id, name, kind } = step;
  const outcome = evaluate(step.when, {
    input: context['input'] ?? {},
    steps: context['steps'] ?? {},
    saga: { trace_id: saga.traceId, namespace: saga.namespace, status: 'RUNNING' },
    step: { id, name, kind, order_index: saga.saga.steps.indexOf(step) },
  });
  if (outcome.kind === 'value' && typeof outcome.value === 'boolean') return outcome.value;
  const why =
    outcome.kind === 'error' ? outcome.message : `expected true or false, got ${typeof outcome.value}`;
  throw new StepFailed('WHEN_EVALUATION_FAILED', `"when" could not be evaluated: ${why}`, { cel: step.when });
}

function evaluate(cel: string, bindings: JsonObject) {
  try {
    return compileCel(cel, WHEN_NAMES).evaluate(bindings);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { kind: 'error' as const, message: error.message };
  }
}
