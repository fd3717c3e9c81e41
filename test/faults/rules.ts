/**
 * What the rules of the engine say must become of a saga. It knows plans only: nothing of the engine is used here.
 */
import { edited, noteOf, type SagaPlan, type StepPlan } from './plan.ts';

export interface Expected {
  status: 'COMPLETED' | 'FAILED' | 'COMPENSATED';
  code: string | null;
  /** Forward steps in order. `code`: of those that failed. */
  steps: { id: string; status: string; code: string | null }[];
  /** Undos in the order in which they run. */
  undos: { id: string; status: string }[];
  /** Steps whose tool took effect, in order, with what it was called with. */
  effects: { id: string; path: string; content: string }[];
  /** A step whose call may have taken effect or not. */
  maybe: string | null;
}

/** What nobody can foresee: where a call, or three attempts, were lost to kills. */
export interface Lost {
  step: string | null;
  undo: string | null;
  /** A call that answered with an error may have been made before, with an effect: that step is undone too. */
  repeated: boolean;
}

type Outcome = { status: 'COMPLETED' | 'SKIPPED' } | { status: 'FAILED'; code: string };

/** @param lost where the engine says that a kill made an outcome unknown */
export function expected(plan: SagaPlan, lost: Lost): Expected {
  const steps: Expected['steps'] = [];
  const effects: Expected['effects'] = [];
  for (const [at, step] of plan.steps.entries()) {
    const outcome: Outcome =
      step.id === lost.step ? { status: 'FAILED', code: 'SYSTEM_CRASH' } : outcomeOf(step);
    if (outcome.status !== 'FAILED') {
      steps.push({ id: step.id, status: outcome.status, code: null });
      if (outcome.status === 'COMPLETED' && step.kind === 'commit') effects.push(effectOf(plan, step));
      continue;
    }
    steps.push({ id: step.id, status: 'FAILED', code: outcome.code });
    const never = plan.steps.slice(at + 1).map(({ id }) => ({ id, status: 'SKIPPED', code: null }));
    const again = lost.repeated && outcome.code === 'TOOL_OUTPUT_ERROR';
    const uncertain = again || step.id === lost.step;
    const back = undone(plan, steps, uncertain ? step.id : null, lost.undo);
    return {
      ...back,
      code: back.code ?? outcome.code,
      steps: [...steps, ...never],
      effects,
      maybe: uncertain && step.kind === 'commit' ? step.id : null,
    };
  }
  return { status: 'COMPLETED', code: null, steps, undos: [], effects, maybe: null };
}

function outcomeOf(step: StepPlan): Outcome {
  if (step.when === false) return { status: 'SKIPPED' };
  if (step.policy === 'denies') return { status: 'FAILED', code: `POLICY_${step.kind.toUpperCase()}_DENIED` };
  switch (step.decisions.at(-1)) {
    case 'reject':
      return { status: 'FAILED', code: 'HUMAN_REJECTED' };
    case 'expire':
      return { status: 'FAILED', code: 'REVIEW_EXPIRED' };
    case 'cancel':
      return { status: 'FAILED', code: 'CANCELLED' };
    default:
  }
  if (step.kind === 'commit' && step.fails) return { status: 'FAILED', code: 'TOOL_OUTPUT_ERROR' };
  return { status: 'COMPLETED' };
}

function effectOf(plan: SagaPlan, step: StepPlan): Expected['effects'][number] {
  const { path, content } = noteOf(plan, step);
  return { id: step.id, path, content: step.decisions.at(-1) === 'edit' ? edited(content) : content };
}

function undone(
  plan: SagaPlan,
  steps: Expected['steps'],
  uncertain: string | null,
  lostUndo: string | null,
): Pick<Expected, 'status' | 'code' | 'undos'> {
  const scope = steps
    .filter(({ id, status }) => status === 'COMPLETED' || id === uncertain)
    .map(({ id }) => id);
  if (scope.length === 0) return { status: 'FAILED', code: null, undos: [] };
  const undos: Expected['undos'] = [];
  let failed = false;
  for (const step of plan.steps.filter(({ id }) => scope.includes(id)).toReversed()) {
    if (step.undo === 'none') continue;
    const fails = step.undo === 'fails' || step.id === lostUndo;
    undos.push({ id: step.id, status: failed ? 'PENDING' : fails ? 'FAILED' : 'COMPENSATED' });
    failed ||= fails;
  }
  if (failed) return { status: 'FAILED', code: 'COMPENSATION_FAILED', undos };
  return { status: 'COMPENSATED', code: null, undos };
}
