/** Listing and showing steps. */
import { z } from 'zod';
import { STEP_STATUSES } from '../domain/status.ts';
import {
  inNamespace,
  jsonObject,
  listOf,
  namespace,
  paging,
  repeatable,
  spanId,
  time,
  traceId,
} from './contract.ts';

export const stepsQuery = z.object({
  trace_id: traceId,
  ...inNamespace,
  status: repeatable(z.enum(STEP_STATUSES)),
  ...paging,
});

const stepFields = {
  step_span_id: spanId,
  saga_trace_id: traceId,
  namespace,
  step_id: z.string(),
  step_name: z.string(),
  step_kind: z.enum(['reason', 'commit']),
  order_index: z.int(),
  status: z.enum(STEP_STATUSES),
  worker: z.string(),
  worker_version: z.string(),
  compensates_span_id: spanId.nullable(),
  started_at: time,
  end_time: time.nullable(),
  error_details: jsonObject.nullable(),
  timing: jsonObject,
  usage: jsonObject.nullable(),
};

export const stepItem = z.object(stepFields).meta({ id: 'Step' });

export const stepList = listOf(stepItem).meta({ id: 'StepList' });

export const stepShown = z
  .object({
    ...stepFields,
    resolved_arguments: jsonObject,
    output_payload: jsonObject.nullable(),
    prompt_ref: z.string().nullable(),
  })
  .meta({ id: 'StepShown' });

export type StepItem = z.infer<typeof stepItem>;
export type StepList = z.infer<typeof stepList>;
export type StepShown = z.infer<typeof stepShown>;
