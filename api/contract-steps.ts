/** Listing and showing steps. */
import { z } from 'zod';
import { STEP_STATUSES } from '../domain/status.ts';
import {
  inNamespace,
  jsonObject,
  jsonObjectOrNull,
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

const ms = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'integer', minimum: 0 }])),
});

const TIMING =
  'Milliseconds, of all phases and iterations together; what took none is left out. Worker: hydration, reading the ' +
  'store; setup, opening tool servers; llm and tool, waiting for them. Engine: when_cel and policy, the rules; ' +
  'schedule, from when Temporal scheduled the attempt until it began; dispatch_to_ingest, from when a phase was ' +
  'dispatched until its result was recorded; hold, waiting for a person; total, from start to end';

const timing = z.record(z.string(), z.json()).meta({
  type: 'object',
  description: TIMING,
  properties: {
    worker: ms('hydration_ms', 'setup_ms', 'llm_ms', 'tool_ms'),
    engine: ms('when_cel_ms', 'schedule_ms', 'policy_ms', 'dispatch_to_ingest_ms', 'hold_ms', 'total_ms'),
  },
  required: ['worker', 'engine'],
});

const COUNTED = ['prompt_tokens', 'completion_tokens', 'total_tokens', 'llm_calls'];

/** Null when nothing was reported. */
const usage = z
  .record(z.string(), z.json())
  .nullable()
  .meta({
    type: ['object', 'null'],
    properties: {
      worker: {
        type: 'object',
        properties: {
          ...Object.fromEntries(COUNTED.map((name) => [name, { type: 'integer', minimum: 0 }])),
          model_id: { type: 'string' },
          details: {},
        },
        required: COUNTED,
      },
    },
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
  error_details: jsonObjectOrNull,
  timing,
  usage,
};

export const stepItem = z.object(stepFields).meta({ id: 'Step' });

export const stepList = listOf(stepItem).meta({ id: 'StepList' });

export const stepShown = z
  .object({
    ...stepFields,
    resolved_arguments: jsonObject,
    output_payload: jsonObjectOrNull,
    prompt_ref: z.string().nullable(),
  })
  .meta({ id: 'StepShown' });

export type StepItem = z.infer<typeof stepItem>;
export type StepList = z.infer<typeof stepList>;
export type StepShown = z.infer<typeof stepShown>;
