/** The policy gate: a CEL rule that must be true before output is merged or a tool is called. Fails closed. */
import { StepFailed } from '../domain/failure.ts';
import type { StepDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { compileCel, type CelOutcome, type CompiledCel } from '../expression/cel.ts';
import { POLICY_NAMES } from '../expression/names.ts';
import { SYSTEM, type Fact } from '../ledger/entry.ts';
import type { RunningSaga } from '../store/context.ts';

const KEPT = 500;

export interface Gated {
  saga: RunningSaga;
  step: StepDefinition;
  span: string;
  input: Json;
  arguments: JsonObject;
  output: JsonObject;
}

/** A policy that denied or could not be evaluated; the verdict goes into the ledger with the failure. */
export class PolicyStopped extends StepFailed {
  readonly verdict: Fact;
  constructor(verdict: Fact, ...failure: ConstructorParameters<typeof StepFailed>) {
    super(...failure);
    this.verdict = verdict;
  }
}

export interface Passed {
  /** For the ledger. */
  fact: Fact;
  /** For the review: what the reviewer sees of the rule. */
  shown: { name: string; cel: string; verdict: 'allowed' };
}

export type Gate = (gated: Gated) => Passed | null;

/** Answers null for a step without policy. Throws `PolicyStopped`. */
export function createGate(): Gate {
  const compiled = new Map<string, CompiledCel>();

  function evaluate(cel: string, bindings: JsonObject): CelOutcome {
    try {
      const known = compiled.get(cel) ?? compileCel(cel, POLICY_NAMES);
      if (compiled.size >= KEPT) compiled.clear();
      compiled.set(cel, known);
      return known.evaluate(bindings);
    } catch (error) {
      return { kind: 'error', message: error instanceof Error ? error.message : String(error) };
    }
  }

  return (gated) => {
    const { policy } = gated.step;
    if (policy === null) return null;
    const bindings = bindingsOf(gated);
    const outcome = evaluate(policy.cel, bindings);
    const { name, cel } = policy;
    const fact = (type: Fact['type'], message?: string): Fact => ({
      type,
      actor: SYSTEM,
      span_id: gated.span,
      data: { name, cel, phase: bindings['phase'] ?? null, ...(message === undefined ? {} : { message }) },
    });
    if (outcome.kind === 'value' && outcome.value === true) {
      return { fact: fact('policy.allowed'), shown: { name, cel, verdict: 'allowed' } };
    }
    if (outcome.kind === 'value' && outcome.value === false) {
      const code = gated.step.kind === 'reason' ? 'POLICY_REASON_DENIED' : 'POLICY_COMMIT_DENIED';
      throw new PolicyStopped(fact('policy.denied'), code, `the policy "${name}" denied it`, {
        policy: name,
        cel,
      });
    }
    const why =
      outcome.kind === 'error' ? outcome.message : `expected true or false, got ${typeof outcome.value}`;
    const message = `the policy "${name}" could not be evaluated: ${why}`;
    const details = { policy: name, cel, phase: bindings['phase'] ?? null };
    throw new PolicyStopped(fact('policy.errored', why), 'POLICY_EVALUATION_FAILED', message, details);
  };
}

function bindingsOf({ saga, step, input, output, ...gated }: Gated): JsonObject {
  return {
    phase: step.kind === 'reason' ? 'after_reason' : 'before_commit',
    input,
    arguments: gated.arguments,
    output,
    saga: { trace_id: saga.traceId, namespace: saga.namespace, status: 'RUNNING' },
    step: { id: step.id, name: step.name, kind: step.kind, order_index: saga.saga.steps.indexOf(step) },
    worker: { name: step.worker, version: step.worker_version },
    tool: { name: step.kind === 'commit' ? (step.tools[0]?.name ?? '') : '' },
  };
}
