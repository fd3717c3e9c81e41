/**
 * The undo plan, computed from recorded states alone: last-in first-out over the completed steps before the
 * failed one, and the failing step itself when its effect is unknown. Steps without a declared undo are passed
 * over, but count as in scope.
 */

export interface UndoCandidate {
  span: string;
  completed: boolean;
  declared: boolean;
}

export interface UndoScope {
  /** False: nothing to undo and nothing passed over, so the saga is FAILED, not COMPENSATED. */
  inScope: boolean;
  /** Forward spans with a declared undo, first undone first. */
  spans: string[];
}

/** `steps` in forward order; `failing` is the span whose outcome is unknown, null when the failure is known. */
export function undoScope(steps: readonly UndoCandidate[], failing: string | null): UndoScope {
  const scope = steps.filter((step) => step.completed || step.span === failing);
  return {
    inScope: scope.length > 0,
    spans: scope
      .filter((step) => step.declared)
      .map((step) => step.span)
      .reverse(),
  };
}
