/** The export of the ledger. */
import { z } from 'zod';
import { afterSeq, namespace, traceId } from './contract.ts';

export const exportQuery = z.object({
  /** Absent: the whole ledger. */
  namespace: namespace.optional(),
  trace_id: traceId.optional(),
  after_seq: afterSeq,
  project: z.never({ error: 'projects are not supported yet: leave it out' }).optional(),
});
