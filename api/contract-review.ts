/** One review: what is reviewed, what was decided, and the way of the decision to its effect. */
import { z } from 'zod';
import { REVIEW_STATUSES, SAGA_STATUSES, STEP_STATUSES } from '../domain/status.ts';
import { pendingReview } from './contract-reviews.ts';
import { iteration, jsonObject, jsonObjectOrNull, jsonValue, payloadHash, time } from './contract.ts';

/** An iteration of ten digits is out of reach, and out of range. */
const reviewId = z
  .string()
  .regex(/^[a-f0-9]{32}\.[a-f0-9]{16}\.[1-9][0-9]{0,8}$/, 'expected <trace_id>.<span_id>.<iteration>')
  .meta({
    description: '<trace_id>.<span_id>.<iteration>',
    examples: ['4bf92f3577b34da6a3ce929d0e0e4736.800b6a15b4d490c5.1'],
  });

export const reviewPath = z.object({ review_id: reviewId });

/** What was decided, and by whom; null while nothing is. */
const decisionFields = {
  status: z.enum(REVIEW_STATUSES),
  opened_at: time,
  decided_at: time.nullable(),
  decided_by: z.string().nullable(),
  comment: z.string().nullable(),
  guidance: z
    .string()
    .nullable()
    .meta({ description: 'Of a retry: what the reviewer asked of the next iteration' }),
  error_details: jsonObjectOrNull.meta({ description: 'Of a rejection, as the reviewer gave them' }),
};

const earlierReview = z.object({
  review_id: reviewId,
  iteration,
  payload_hash: payloadHash,
  ...decisionFields,
});

const actor = z.object({
  subject: z.string(),
  kind: z.enum(['person', 'agent', 'service']),
  label: z.string().optional().meta({ description: 'What the sender of a signal says of himself' }),
});

const edit = z.object({
  payload: jsonObject,
  sent: jsonObjectOrNull,
  payload_hash: payloadHash.meta({
    description: 'Of what the reviewer put in the place of what was on hold',
  }),
});

const receipt = z
  .object({
    decided: time.nullable(),
    delivered: time.nullable().meta({ description: 'Temporal was told; null when it need not be' }),
    consumed: time.nullable().meta({ description: 'The saga has acted on it' }),
    effect: time.nullable().meta({
      description:
        'What was approved is done, what was retried waits for review again, what was rejected, expired or cancelled is undone',
    }),
    stuck: z
      .string()
      .nullable()
      .meta({ description: 'What keeps it, in words; null while nothing is in the way' }),
  })
  .meta({ id: 'Receipt' });

export const reviewShown = z
  .object({
    review_id: reviewId,
    ...pendingReview.shape,
    saga_name: z.string(),
    saga_version: z.string(),
    saga_status: z.enum(SAGA_STATUSES),
    step_status: z.enum(STEP_STATUSES),
    idempotency_key: z
      .string()
      .nullable()
      .meta({ description: 'Of the tool call of a commit; not in the arguments that the hash covers' }),
    edit_schema: jsonObjectOrNull.meta({ description: 'What an edit is checked against' }),
    ...decisionFields,
    actor: actor.nullable(),
    edit: edit.nullable(),
    diff: jsonValue.meta({ description: 'RFC 6902: from what was on hold to the edit; null without one' }),
    earlier: z.array(earlierReview).meta({ description: 'The iterations before it, the first one first' }),
    receipt,
  })
  .meta({ id: 'Review' });

export type ReviewShown = z.infer<typeof reviewShown>;
