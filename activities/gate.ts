/** The policy gate inside a step: what it says becomes a fact for the ledger, and a denial ends the step. */
import { StepFailed } from '../domain/failure.ts';
import { createPolicyGate, type Gated, type GateVerdict } from '../expression/gate.ts';
import { SYSTEM, type Fact } from '../ledger/entry.ts';

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

export type Gate = (gated: Gated & { span: string }) => Passed | null;

/** Answers null for a step without policy. Throws `PolicyStopped`. */
export function createGate(): Gate {
  const judge = createPolicyGate();
  return ({ span, ...gated }) => {
    const verdict = judge(gated);
    if (verdict === null) return null;
    const { name, cel } = verdict;
    const fact = factOf(verdict, span);
    if (verdict.kind === 'allowed') return { fact, shown: { name, cel, verdict: 'allowed' } };
    const details = { policy: name, cel, ...(verdict.kind === 'errored' ? { phase: verdict.phase } : {}) };
    throw new PolicyStopped(fact, verdict.code, verdict.message, details);
  };
}

function factOf(verdict: GateVerdict, span: string): Fact {
  const { name, cel, phase } = verdict;
  const said = { name, cel, phase };
  const data = verdict.kind === 'errored' ? { ...said, message: verdict.why } : said;
  return { type: `policy.${verdict.kind}`, actor: SYSTEM, span_id: span, data };
}
