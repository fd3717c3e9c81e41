/** The members of each answer that the client's callers read: an answer without them is not taken. */
import type { Shape } from './client-shape.ts';
import type {
  Deployed,
  SagaDefinitionItem,
  SagaDefinitionList,
  WorkerDefinitionItem,
  WorkerDefinitionList,
} from './contract-definitions.ts';
import type { Health, Readiness } from './contract-health.ts';
import type { RecoveryAccepted } from './contract-recovery.ts';
import type { ReviewShown } from './contract-review.ts';
import type {
  DecisionAccepted,
  PendingReview,
  PendingReviewList,
  RetryAccepted,
} from './contract-reviews.ts';
import type { CancelAccepted, SagaItem, SagaList, SagaStarted } from './contract-sagas.ts';
import type { StepItem, StepList, StepShown } from './contract-steps.ts';

const PAGE = { limit: 'number', offset: 'number' } as const;

export const HEALTH: Shape<Health> = { status: 'string' };

export const READINESS: Shape<Readiness> = {
  ready: 'boolean',
  temporal: { reachable: 'boolean' },
  store: { reachable: 'boolean' },
  workers: { count: 'number' },
};

export const DEPLOYED: Shape<Deployed> = { message: 'string' };

export const STARTED: Shape<SagaStarted> = { trace_id: 'string' };

const SAGA: Shape<SagaItem> = {
  trace_id: 'string',
  namespace: 'string',
  definition_id: 'string',
  status: 'string',
  started_at: 'string',
  ended_at: 'string or null',
  failure: 'object or null',
  stuck: 'object or null',
};

export const SAGAS: Shape<SagaList> = { items: [SAGA], ...PAGE };

const STEP: Shape<StepItem> = {
  step_span_id: 'string',
  saga_trace_id: 'string',
  namespace: 'string',
  step_id: 'string',
  step_name: 'string',
  step_kind: 'string',
  order_index: 'number',
  status: 'string',
  worker: 'string',
  worker_version: 'string',
  compensates_span_id: 'string or null',
  started_at: 'string',
  end_time: 'string or null',
  error_details: 'object or null',
  timing: 'object',
  usage: 'object or null',
};

export const STEPS: Shape<StepList> = { items: [STEP], ...PAGE };

export const STEP_SHOWN: Shape<StepShown> = {
  ...STEP,
  resolved_arguments: 'object',
  output_payload: 'object or null',
  prompt_ref: 'string or null',
};

const REVIEW: Shape<PendingReview> = {
  namespace: 'string',
  saga_trace_id: 'string',
  step_span_id: 'string',
  step_id: 'string',
  step_kind: 'string',
  worker: 'string',
  review_subject: 'string',
  review_payload: 'JSON',
  payload_hash: 'string',
  iteration: 'number',
  sent: 'object or null',
  retries_left: 'number or null',
  expires_at: 'string or null',
};

export const REVIEWS: Shape<PendingReviewList> = { items: [REVIEW], ...PAGE };

export const REVIEW_SHOWN: Shape<ReviewShown> = {
  ...REVIEW,
  review_id: 'string',
  status: 'string',
  opened_at: 'string',
  decided_at: 'string or null',
  receipt: {
    decided: 'string or null',
    delivered: 'string or null',
    consumed: 'string or null',
    effect: 'string or null',
    stuck: 'string or null',
  },
};

export const ACCEPTED: Shape<DecisionAccepted> = { status: 'string', idempotency_key: 'string' };

export const RETRIED: Shape<RetryAccepted> = { ...ACCEPTED, retry_token: 'string or null' };

export const RECOVERED: Shape<RecoveryAccepted> = {
  status: 'string',
  idempotency_key: 'string',
  worker_command_key: 'string',
  recovery_token: 'string',
};

export const CANCELLED: Shape<CancelAccepted> = { status: 'string', idempotency_key: 'string' };

const DEFINITION = { id: 'string', namespace: 'string', name: 'string', version: 'string' } as const;

export const SAGA_DEFINITION: Shape<SagaDefinitionItem> = { ...DEFINITION, is_active: 'boolean' };

const WORKER_DEFINITION: Shape<WorkerDefinitionItem> = { ...DEFINITION, adapter: 'string' };

export interface DefinitionLists {
  saga: SagaDefinitionList;
  worker: WorkerDefinitionList;
}

export const DEFINITIONS: { readonly [Type in keyof DefinitionLists]: Shape<DefinitionLists[Type]> } = {
  saga: { items: [SAGA_DEFINITION], ...PAGE },
  worker: { items: [WORKER_DEFINITION], ...PAGE },
};
