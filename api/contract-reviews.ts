/** What waits for a person, and the decisions about it. */
import { z } from 'zod';
import { COMMENT_LIMIT, GUIDANCE_LIMIT } from '../domain/signal.ts';
import {
  ERROR_DETAILS_LIMIT,
  anyObject,
  inNamespace,
  iteration,
  jsonObjectOrNull,
  jsonValue,
  listOf,
  namespace,
  objectOrNull,
  orNull,
  paging,
  payloadHash,
  spanId,
  time,
  traceId,
} from './contract.ts';

const stepKind = z.enum(['reason', 'commit']);

export const pendingReviewsQuery = z.object({
  ...inNamespace,
  trace_id: traceId.optional(),
  kind: stepKind.optional(),
  ...paging,
});

/** Null without a policy. */
const gatePassed = z.json().meta({
  type: ['object', 'null'],
  description: 'The policy that let it through: its name, its rule (cel) and the verdict',
  properties: { name: { type: 'string' }, cel: { type: 'string' }, verdict: { type: 'string' } },
});

const undoPlanItem = z.object({
  order: z.int(),
  step_id: z.string(),
  step_name: z.string(),
  step_span_id: spanId,
  tool: z.string().nullable(),
  undo: z.enum(['declared', 'none']),
});

export const pendingReview = z
  .object({
    namespace,
    saga_trace_id: traceId,
    step_span_id: spanId,
    step_id: z.string(),
    step_name: z.string(),
    step_kind: stepKind,
    order_index: z.int(),
    worker: z.string(),
    worker_version: z.string(),
    review_subject: z.enum(['output', 'arguments']),
    review_payload: jsonValue,
    started_at: time,
    sent: jsonObjectOrNull,
    payload_hash: payloadHash,
    iteration,
    retries_left: z.int().nullable(),
    expires_at: time.nullable(),
    policy: gatePassed,
    undo_plan: z.array(undoPlanItem),
  })
  .meta({ id: 'PendingReview' });

export const pendingReviewList = listOf(pendingReview).meta({ id: 'PendingReviewList' });

/** Members that every decision takes. */
const decisionFields = {
  decided_by: orNull(z.string().max(256)),
  comment: orNull(z.string().max(COMMENT_LIMIT)),
  payload_hash: orNull(payloadHash),
  iteration: orNull(iteration),
};

/** Absent, null and `{}` are no edit. */
const edits = { output: objectOrNull(), arguments: objectOrNull() };

const errorDetails = {
  error_details: objectOrNull(
    anyObject.refine((details) => JSON.stringify(details).length <= ERROR_DETAILS_LIMIT, {
      error: `expected at most ${ERROR_DETAILS_LIMIT} characters of JSON`,
    }),
  ),
};

export const decisionBody = z
  .object({ decision: z.enum(['APPROVE', 'REJECT']), ...edits, ...errorDetails, ...decisionFields })
  .meta({ id: 'Decision', examples: [{ decision: 'APPROVE', decided_by: 'ana' }] });

export const approveBody = z.object({ ...edits, ...decisionFields }).meta({
  id: 'Approve',
  examples: [{ decided_by: 'ana', comment: 'Looks right.' }],
});

export const rejectBody = z.object({ ...errorDetails, ...decisionFields }).meta({
  id: 'Reject',
  examples: [{ error_details: { code: 'WRONG_FILE' }, comment: 'Not into this file.', decided_by: 'ana' }],
});

export const retryBody = z
  .object({
    guidance: orNull(z.string().max(GUIDANCE_LIMIT)),
    retry_token: orNull(z.string().min(8).max(128)),
    ...decisionFields,
  })
  .meta({ id: 'Retry', examples: [{ guidance: 'Shorter, please.', decided_by: 'ana' }] });

const accepted = { status: z.enum(['queued', 'already_queued']), idempotency_key: z.string() };

export const decisionAccepted = z.object(accepted).meta({ id: 'DecisionAccepted' });

export const retryAccepted = z
  .object({ ...accepted, retry_token: z.string().nullable() })
  .meta({ id: 'RetryAccepted' });

export type PendingReview = z.infer<typeof pendingReview>;
export type PendingReviewList = z.infer<typeof pendingReviewList>;
export type DecisionBody = z.input<typeof decisionBody>;
export type ApproveBody = z.input<typeof approveBody>;
export type RejectBody = z.input<typeof rejectBody>;
export type RetryBody = z.input<typeof retryBody>;
export type DecisionAccepted = z.infer<typeof decisionAccepted>;
export type RetryAccepted = z.infer<typeof retryAccepted>;
