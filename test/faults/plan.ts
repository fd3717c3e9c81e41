/**
 * Random sagas: what their steps do, what a person says to each, and the manifest that says so. The same seed
 * always makes the same sagas.
 */

/** What a person does about one iteration of a held step; `expire`: nothing, for longer than its review lasts. */
export type Decision = 'approve' | 'edit' | 'reject' | 'retry' | 'expire' | 'cancel';

export interface StepPlan {
  id: string;
  kind: 'reason' | 'commit';
  when: boolean | null;
  policy: 'none' | 'passes' | 'denies';
  /** One for each iteration; empty: it is not reviewed. */
  decisions: Decision[];
  undo: 'none' | 'works' | 'fails';
  /** Of a commit: one that is idempotent, or one that is not. */
  tool: 'put_note' | 'write_note';
  /** Of a commit: the tool refuses its path. */
  fails: boolean;
}

export interface SagaPlan {
  name: string;
  steps: StepPlan[];
}

export type Random = ReturnType<typeof createRandom>;

/** Numbers that only look random (mulberry32). */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    /** True in so many of a hundred cases. */
    chance: (percent: number) => next() * 100 < percent,
    below: (limit: number) => Math.floor(next() * limit),
    pick<T>(from: readonly [T, ...T[]]): T {
      return from[Math.floor(next() * from.length)] ?? from[0];
    },
  };
}

const ENDS = ['approve', 'approve', 'approve', 'edit', 'edit', 'reject', 'expire', 'cancel'] as const;

export function randomSaga(random: Random, name: string): SagaPlan {
  const count = 1 + random.below(6);
  return { name, steps: Array.from({ length: count }, (_, at) => randomStep(random, `s${at + 1}`)) };
}

function randomStep(random: Random, id: string): StepPlan {
  const end = random.pick(ENDS);
  // A review that lasts for seconds only may expire before it is tried again.
  const count = end === 'expire' ? 0 : random.pick([0, 0, 0, 1, 2]);
  const retries = Array.from({ length: count }, () => 'retry' as const);
  return {
    id,
    kind: random.chance(65) ? 'commit' : 'reason',
    when: random.chance(20) ? random.chance(50) : null,
    policy: random.chance(30) ? (random.chance(15) ? 'denies' : 'passes') : 'none',
    decisions: random.chance(40) ? [...retries, end] : [],
    undo: random.chance(75) ? (random.chance(4) ? 'fails' : 'works') : 'none',
    tool: random.chance(60) ? 'put_note' : 'write_note',
    fails: random.chance(6),
  };
}

/** Where the note of a commit goes, and what it says. */
export function noteOf(plan: SagaPlan, step: StepPlan): { path: string; content: string } {
  const path = `${plan.name}-${step.id}.md`;
  return { path: step.fails ? `../${path}` : path, content: `${plan.name} ${step.id}` };
}

/** What an edit of the commit's content makes of it. */
export function edited(content: string): string {
  return `${content}, edited`;
}

/** The manifest of a saga, as JSON. */
export function manifestOf(plan: SagaPlan): string {
  const steps = plan.steps.map((step) => ({ ...common(step), ...own(plan, step) }));
  const identity = { kind: 'saga', name: plan.name, version: '1', description: 'A random saga.' };
  return JSON.stringify({ ...identity, steps });
}

function common(step: StepPlan): object {
  const held = step.decisions.length > 0;
  return {
    id: step.id,
    name: step.id,
    kind: step.kind,
    worker: 'tester',
    worker_version: '1',
    timeout_seconds: 60,
    ...(step.when === null ? {} : { when: { cel: step.when ? '1 < 2' : '2 < 1' } }),
    ...(step.policy === 'none' ? {} : { policy: 'faults-allowed.yaml' }),
    ...(step.undo === 'none'
      ? {}
      : { compensation: step.undo === 'works' ? 'restore.yaml' : 'faults-broken.yaml' }),
    ...(held ? { hitl: true } : {}),
    ...(step.decisions.includes('expire') ? { review: { expires: '3s' } } : {}),
  };
}

function own(plan: SagaPlan, step: StepPlan): object {
  const allowed = step.policy === 'none' ? {} : { allowed: { value: step.policy === 'passes' } };
  if (step.kind === 'reason') {
    return {
      prompt: 'think.md',
      output_schema: 'thought.json',
      with: { subject: { value: plan.name }, ...allowed },
    };
  }
  const { path, content } = noteOf(plan, step);
  return {
    with: { path: { value: path }, content: { value: content }, ...allowed },
    tools: { allow: [{ name: step.tool }] },
  };
}
