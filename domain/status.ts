/**
 * The states of a saga, a step and a review, and which of them are final.
 *
 * Saga: PENDING → RUNNING ⇄ AWAITING_HUMAN → COMPLETED, or COMPENSATING → COMPENSATED | FAILED,
 * or straight to FAILED when nothing is in scope to undo.
 */
export const SAGA_STATUSES = [
  'PENDING',
  'RUNNING',
  'AWAITING_HUMAN',
  'COMPLETED',
  'COMPENSATING',
  'COMPENSATED',
  'FAILED',
] as const;
export type SagaStatus = (typeof SAGA_STATUSES)[number];

export const IN_FLIGHT: readonly SagaStatus[] = ['PENDING', 'RUNNING', 'AWAITING_HUMAN', 'COMPENSATING'];

export function isInFlight(status: SagaStatus): boolean {
  return IN_FLIGHT.includes(status);
}

/** A saga that still runs forward: a decision or a tool call of a forward step may take effect. */
export function isForward(status: SagaStatus): boolean {
  return status === 'PENDING' || status === 'RUNNING' || status === 'AWAITING_HUMAN';
}

export const STEP_STATUSES = [
  'PENDING',
  'IN_PROGRESS',
  'AWAITING_HUMAN',
  'COMPLETED',
  'FAILED',
  'TIMED_OUT',
  'SKIPPED',
  'COMPENSATING',
  'COMPENSATED',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export const REVIEW_STATUSES = [
  'pending',
  'approved',
  'rejected',
  'retried',
  'expired',
  'cancelled',
] as const;
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export type StepKind = 'reason' | 'commit';
