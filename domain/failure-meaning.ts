/** What the failure catalogue says of a code, in words for whoever finds it in a step, an undo or a saga. */

export interface FailureMeaning {
  means: string;
  effect: Effect;
  /** Whether and how Warden tries again by itself, before it comes to this failure. */
  retried: string;
  /** What a person can do. */
  todo: string;
  /** Members of `error_details` beside `code`, `message` and `error`; some are there in some cases only. */
  details: Readonly<Record<string, string>>;
  /** What the failure is to an undo; left out: no undo fails of it. */
  inUndo?: InUndo;
}

/**
 * Whether the step that failed may have taken effect, which decides where undoing begins. `depends`: on what had
 * happened before, and `when` says of which cases the step itself is undone as well.
 */
export type Effect =
  | { kind: 'known' }
  | { kind: 'uncertain' }
  | { kind: 'depends'; when: string }
  /** No failure of a step. `then`: what happens to the saga. */
  | { kind: 'saga'; then: string };

/** `attempt`: it counts as one of the five attempts. `final`: the undo has failed for good at once. */
export type InUndo = 'attempt' | 'final' | { kind: 'depends'; when: string };

export const KNOWN: Effect = { kind: 'known' };
export const UNCERTAIN: Effect = { kind: 'uncertain' };

export const NEVER = 'Never: the same again would fail the same way.';
