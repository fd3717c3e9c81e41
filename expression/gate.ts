/**
 * The policy gate: a CEL rule that must be true before output is merged or a tool is called. It fails closed: what
 * is no true is a denial, and what cannot be evaluated is no true. The same gate judges what a step made and what a
 * reviewer edited.
 */
import type { SagaDefinition, StepDefinition } from '../domain/definition.ts';
import type { FailureCode } from '../domain/failure.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { compileCel, type CelOutcome, type CompiledCel } from './cel.ts';
import { messageOf } from './error.ts';
import { POLICY_NAMES } from './names.ts';

/** Rules kept compiled. */
const KEPT = 500;

export interface Gated {
  saga: { traceId: string; namespace: string; saga: SagaDefinition };
  step: StepDefinition;
  input: Json;
  /** The step's resolved `with`, without `_hitl_retry`. */
  arguments: JsonObject;
  /** Of a reason step `{data, facts?}`, of a commit `{}`. */
  output: JsonObject;
}

type Phase = 'after_reason' | 'before_commit';

interface Judged {
  name: string;
  cel: string;
  phase: Phase;
}

export type GateVerdict =
  | (Judged & { kind: 'allowed' })
  | (Judged & { kind: 'denied'; code: FailureCode; message: string })
  /** `why` is what the evaluation said. */
  | (Judged & { kind: 'errored'; code: FailureCode; message: string; why: string });

export type PolicyGate = (gated: Gated) => GateVerdict | null;

/** A gate with rules of its own kept compiled. It answers null for a step without policy, and never throws. */
export function createPolicyGate(): PolicyGate {
  const compiled = new Map<string, CompiledCel>();

  function evaluate(cel: string, bindings: JsonObject): CelOutcome {
    try {
      const known = compiled.get(cel) ?? compileCel(cel, POLICY_NAMES);
      if (compiled.size >= KEPT) compiled.clear();
      compiled.set(cel, known);
      return known.evaluate(bindings);
    } catch (error) {
      return { kind: 'error', message: messageOf(error) };
    }
  }

  return (gated) => {
    const { policy, kind } = gated.step;
    if (policy === null) return null;
    const { name, cel } = policy;
    const phase: Phase = kind === 'reason' ? 'after_reason' : 'before_commit';
    const outcome = evaluate(cel, bindingsOf(gated, phase));
    if (outcome.kind === 'value' && outcome.value === true) return { kind: 'allowed', name, cel, phase };
    if (outcome.kind === 'value' && outcome.value === false) {
      const code = kind === 'reason' ? 'POLICY_REASON_DENIED' : 'POLICY_COMMIT_DENIED';
      return { kind: 'denied', name, cel, phase, code, message: `the policy "${name}" denied it` };
    }
    const why =
      outcome.kind === 'error' ? outcome.message : `expected true or false, got ${typeof outcome.value}`;
    const message = `the policy "${name}" could not be evaluated: ${why}`;
    return { kind: 'errored', name, cel, phase, code: 'POLICY_EVALUATION_FAILED', message, why };
  };
}

function bindingsOf({ saga, step, input, output, ...gated }: Gated, phase: Phase): JsonObject {
  return {
    phase,
    input,
    arguments: gated.arguments,
    output,
    saga: { trace_id: saga.traceId, namespace: saga.namespace, status: 'RUNNING' },
    step: { id: step.id, name: step.name, kind: step.kind, order_index: saga.saga.steps.indexOf(step) },
    worker: { name: step.worker, version: step.worker_version },
    tool: { name: step.kind === 'commit' ? (step.tools[0]?.name ?? '') : '' },
  };
}
