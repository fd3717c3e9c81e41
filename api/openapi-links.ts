/** Which operation an answer leads to: what a client does next, with the ids that it was just given. */
import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';

type Links = NonNullable<ResponseConfig['links']>;

const started = { trace_id: '$response.body#/trace_id' };

/** By operation: the operations that follow, and where their parameters are in the answer. */
const NEXT: Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>> = {
  startSaga: { listSteps: started, listSagas: started, listPendingReviews: started, cancelSaga: started },
};

export function linksOf(operation: string): Links | null {
  const next = NEXT[operation];
  if (next === undefined) return null;
  return Object.fromEntries(
    Object.entries(next).map(([operationId, parameters]) => [operationId, { operationId, parameters }]),
  );
}
