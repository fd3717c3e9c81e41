/** Which operation an answer leads to: what a client does next, with the ids that it was just given. */
import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';

type Links = NonNullable<ResponseConfig['links']>;

const ofFirst = (member: string): string => `$response.body#/items/0/${member}`;

const heldStep = {
  trace_id: ofFirst('saga_trace_id'),
  step_span_id: ofFirst('step_span_id'),
};

const firstSaga = { trace_id: ofFirst('trace_id') };
const started = { trace_id: '$response.body#/trace_id' };

/** By operation: the operations that follow, and where their parameters are in the answer. */
const NEXT: Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>> = {
  startSaga: { listSteps: started, cancelSaga: started },
  listSagas: { listSteps: firstSaga, cancelSaga: firstSaga },
  listSteps: { showStep: heldStep, approve: heldStep, reject: heldStep, retry: heldStep, decide: heldStep },
  listPendingReviews: {
    showStep: heldStep,
    approve: heldStep,
    reject: heldStep,
    retry: heldStep,
    decide: heldStep,
  },
  listSagaDefinitions: { showSagaDefinition: { id: ofFirst('id') } },
};

export function linksOf(operation: string): Links | null {
  const next = NEXT[operation];
  if (next === undefined) return null;
  return Object.fromEntries(
    Object.entries(next).map(([operationId, parameters]) => [operationId, { operationId, parameters }]),
  );
}
