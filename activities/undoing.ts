/** An attempt at an undo, whichever way it is made: what it knows, and what its bindings see. */
import type { UndoAnswer, UndoInput } from '../domain/answers.ts';
import type { CompensationDefinition, StepDefinition } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { readContext, type RunningSaga } from '../store/context.ts';
import type { ForwardStep, UndoFailed } from '../store/undo.ts';
import { bind } from './commit-call.ts';
import type { ActivityDeps } from './deps.ts';
import type { Watching } from './watch.ts';

export interface Undoing {
  deps: ActivityDeps;
  saga: RunningSaga;
  input: UndoInput;
  token: number;
  forward: ForwardStep;
  /** The step that is undone. */
  step: StepDefinition;
  compensation: CompensationDefinition;
}

/** How an undo is made: one call, or a loop. */
export interface Way {
  work(watching: Watching): Promise<UndoAnswer>;
  /** How it stands when it has failed. */
  stands(): Stand;
}

export interface Stand extends Pick<UndoFailed, 'called' | 'loop'> {
  /** A call is under way that must not be made again. */
  unknown: boolean;
  /** Something was done that only this process knows of. */
  begun: boolean;
}

/** What the undo sees: the context of the saga, `_compensation`, and its bindings resolved against both. */
export interface Seen {
  context: JsonObject;
  facts: JsonObject;
  resolved: JsonObject;
}

/** Throws `StepFailed`, BINDING_FAILED. */
export async function lookAround(undoing: Undoing): Promise<Seen> {
  const { deps, input, compensation } = undoing;
  const context = await readContext(deps.store, input.traceId);
  const facts = compensationFacts(undoing);
  return { context, facts, resolved: bind(compensation.with, { ...context, _compensation: facts }) };
}

/** What the bindings of an undo see beyond the context (manifests.md, Compensation file). */
function compensationFacts({ input, forward, step }: Undoing): JsonObject {
  return {
    undo_span_id: input.span,
    forward_span_id: forward.span,
    forward_step_id: step.id,
    forward_order_index: forward.orderIndex,
    forward_status: forward.status,
    idempotency_key: undoKey(input),
    forward_idempotency_key: `${input.traceId}:${forward.span}`,
    has_forward_output: forward.hasOutput,
    blind_cleanup: !forward.hasOutput,
    dirty_failure: input.cause.uncertain && input.cause.span === forward.span,
  };
}

/** The idempotency key of an undo. */
export function undoKey({ traceId, span }: UndoInput): string {
  return `${traceId}:${span}`;
}
