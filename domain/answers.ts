/**
 * What the workflow asks of its activities and what they answer. Ids, states and codes only: no payload of a
 * model or a tool ever enters a history.
 */
import type { FailureCode } from './failure.ts';
import type { JsonObject } from './json.ts';
import type { StepKind } from './status.ts';

export interface PlanStep {
  span: string;
  id: string;
  kind: StepKind;
  hitl: boolean;
  /** Seconds; the limit of one execution. */
  timeout: number;
  undo?: { span: string; timeout: number };
}

export interface SagaInput {
  traceId: string;
  namespace: string;
  digest: string;
  plan: PlanStep[];
  at?: Position;
}

/** Where a run goes on that was continued as new. */
export interface Position {
  index: number;
  iteration: number;
  phase: Phase;
  /** Of the hold, that were recorded one by one. */
  refusals: number;
  /** On the way back, for this: the steps before `index` are still to be undone. */
  cause?: Cause;
}

export type Phase = 'prepare' | 'act';

export interface StepRef {
  traceId: string;
  span: string;
  /** From 1; raised by every retry. */
  iteration: number;
  phase: Phase;
  /** The recovery request with force that this attempt carries: it alone calls again over a call without a result. */
  forced?: string;
}

/** The saga row ended: the workflow ends with it. */
export interface Ended {
  kind: 'ended';
  status: 'COMPLETED' | 'FAILED' | 'COMPENSATED';
  code: FailureCode | null;
}

export type StepAnswer =
  | { kind: 'skipped'; ended: boolean }
  | { kind: 'completed'; ended: boolean }
  | { kind: 'held'; iteration: number; expiresInMs?: number; decided?: boolean }
  | { kind: 'failed'; code: FailureCode; uncertain: boolean; ended: boolean }
  | { kind: 'cancelled' }
  | Ended;

export type SettleCause =
  /** `quiet`: so many decided nothing that one which nobody asked for is only counted. */
  | { kind: 'request'; request: string; quiet?: true }
  | { kind: 'signal'; name: 'approve' | 'reject' | 'retry'; body: SignalBody; identity: string }
  | { kind: 'refused'; name: string; reason: string; identity: string }
  /** `run`: the count is that of all in this run so far; without it, as older workflows tell it, of those since. */
  | { kind: 'refusals'; count: number; run?: string }
  | { kind: 'deadline' }
  | { kind: 'cancel' }
  | { kind: 'opened' };

export interface SettleInput {
  traceId: string;
  span: string;
  iteration: number;
  /** The request's id, else drawn by the workflow when the signal was handled; a second run answers the same. */
  id: string;
  cause: SettleCause;
}

export type SettleAnswer =
  | { kind: 'pending'; expiresInMs?: number }
  | { kind: 'approved'; ended: boolean }
  | { kind: 'rejected'; code: FailureCode }
  | { kind: 'retried'; iteration: number }
  | { kind: 'cancelled' }
  | { kind: 'refused' }
  /** Of a recovery: end what runs, and run it again with this request. */
  | { kind: 'rerun' }
  | Ended;

/** Why a saga is undone or ended: what failed, and whether its effect is unknown. */
export interface Cause {
  code: FailureCode;
  /** The failing step; null when no step failed (a cancel at a boundary). */
  span: string | null;
  uncertain: boolean;
}

/** One undo. The first one's transaction makes all undo rows, from the recorded states of the steps. */
export interface UndoInput {
  traceId: string;
  /** The undo's own span. */
  span: string;
  cause: Cause;
  /** As of a step. */
  forced?: string;
}

/** The last undo answers how the saga ended. */
export type UndoAnswer = { kind: 'completed' } | { kind: 'failed' } | Ended;

/** Ends a saga whose failure leaves no undo to run. */
export interface FinishInput {
  traceId: string;
  cause: Cause;
}

/**
 * An answer with the question that it answers. An operator may complete an activity by hand with anything; what
 * does not name its question is no answer of ours, and the row is asked again.
 */
export type Answered<T> = T & { of: string };

export function stepQuestion({ span, iteration, phase }: StepRef): string {
  return `${span}#${iteration}:${phase}`;
}

/** Every activity by its registered name. `settle` and `finish` run as local activities first. */
export interface Activities {
  /** A reason step: agent, policy, and opening the review when it is held (phase `prepare`). */
  reason(ref: StepRef): Promise<Answered<StepAnswer>>;
  /** A held commit up to its review: arguments, policy, opening the review. */
  prepare(ref: StepRef): Promise<Answered<StepAnswer>>;
  /** A commit's call: after its review, or whole when it has none. */
  act(ref: StepRef): Promise<Answered<StepAnswer>>;
  undo(input: UndoInput): Promise<Answered<UndoAnswer>>;
  settle(input: SettleInput): Promise<Answered<SettleAnswer>>;
  finish(input: FinishInput): Promise<Answered<Ended>>;
}

/** What an operator may type as the argument of a signal; everything else in it is ignored. */
export interface SignalBody {
  review?: string;
  comment?: string;
  guidance?: string;
  error_details?: JsonObject;
}
