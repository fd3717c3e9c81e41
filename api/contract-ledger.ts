/** The export of the ledger. */
import { z } from 'zod';
import { isJsonObject } from '../domain/json.ts';
import { afterSeq, jsonValue, namespace, spanId, time, traceId } from './contract.ts';

/** `namespace` absent: the whole ledger. */
const filters = z.object({
  namespace: namespace.optional(),
  trace_id: traceId.optional(),
  after_seq: afterSeq,
});

/** The part of the ledger of one project would be asked for; all of it would be answered. */
export const exportQuery = z.preprocess((query, context) => {
  if (isJsonObject(query) && query['project'] !== undefined) {
    const message = 'projects are not supported yet: leave it out';
    context.addIssue({ code: 'custom', path: ['project'], message });
  }
  return query;
}, filters);

/** One line of the export. */
export const sealedEntry = z
  .object({
    seq: z.int(),
    hash: z.string(),
    n: z.int(),
    at: time,
    namespace,
    project: z.string().nullable(),
    trace_id: traceId.nullable(),
    span_id: spanId.nullable(),
    type: z.string(),
    actor: z.looseObject({ subject: z.string(), kind: z.string() }),
    data_hash: z.string().nullable(),
    prev_hash: z.string().nullable(),
    data: jsonValue,
  })
  .meta({ id: 'LedgerEntry' });
