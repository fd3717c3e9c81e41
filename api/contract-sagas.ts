/** Starting, listing and cancelling sagas. */
import { z } from 'zod';
import { FAILURE_CODES } from '../domain/failure.ts';
import { SAGA_STATUSES } from '../domain/status.ts';
import { COMMENT_LIMIT } from '../domain/signal.ts';
import {
  flagOff,
  idempotencyKey,
  inNamespace,
  listOf,
  name,
  namespace,
  objectOrNull,
  orNull,
  paging,
  repeatable,
  sha256,
  time,
  traceId,
  version,
} from './contract.ts';

export const startSagaBody = z
  .object({
    name,
    version,
    namespace: orNull(namespace),
    input: objectOrNull(),
    idempotency_key: orNull(idempotencyKey),
    trace_id: orNull(traceId),
  })
  .meta({
    id: 'StartSaga',
    examples: [{ name: 'changelog', version: '1', input: { version: '1.2.0' } }],
  });

export const sagaStarted = z.object({ trace_id: traceId }).meta({ id: 'SagaStarted' });

export const sagasQuery = z.object({
  ...inNamespace,
  trace_id: traceId.optional(),
  status: repeatable(z.enum(SAGA_STATUSES)),
  in_flight: flagOff,
  failed: flagOff,
  stuck: flagOff,
  name: name.optional(),
  ...paging,
});

export const sagaItem = z
  .object({
    trace_id: traceId,
    namespace,
    definition_id: z.uuid(),
    status: z.enum(SAGA_STATUSES),
    start_idempotency_key: idempotencyKey.nullable(),
    started_at: time,
    name,
    version,
    ended_at: time.nullable(),
    failure: z
      .object({ code: z.enum(FAILURE_CODES), message: z.string(), step_id: z.string().nullable() })
      .nullable(),
    stuck: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    digest: sha256.meta({
      description:
        "Of what it runs, whatever is deployed meanwhile: the saga's definition and its workers', frozen",
    }),
  })
  .meta({ id: 'Saga' });

export const sagaList = listOf(sagaItem).meta({ id: 'SagaList' });

export const cancelBody = z
  .object({ reason: orNull(z.string().max(COMMENT_LIMIT)), decided_by: orNull(z.string().max(256)) })
  .meta({ id: 'CancelSaga', examples: [{ reason: 'No longer needed.', decided_by: 'ana' }] });

export const cancelAccepted = z
  .object({ status: z.enum(['queued', 'already_queued']), idempotency_key: z.string() })
  .meta({ id: 'CancelAccepted' });

export type StartSagaBody = z.input<typeof startSagaBody>;
export type SagaStarted = z.infer<typeof sagaStarted>;
export type SagaItem = z.infer<typeof sagaItem>;
export type SagaList = z.infer<typeof sagaList>;
export type CancelBody = z.input<typeof cancelBody>;
export type CancelAccepted = z.infer<typeof cancelAccepted>;
