/** Decisions. There is one path: each route is an adapter of a few lines over `decided`. */
import type { Verb } from '../domain/decision.ts';
import type { JsonObject } from '../domain/json.ts';
import { decide } from '../store/decide.ts';
import type { EditAsked } from '../store/edit.ts';
import type { Store } from '../store/store.ts';
import { personOf } from './actor.ts';
import {
  approveBody,
  decisionAccepted,
  decisionBody,
  rejectBody,
  retryAccepted,
  retryBody,
} from './contract-reviews.ts';
import { namespaceQuery, stepPath } from './contract.ts';
import { plainProblem } from './contract-problem.ts';
import type { EditCheck, EditSent } from './edits.ts';
import { loadEditRules } from './on-demand.ts';
import { refusal } from './problem.ts';
import { jsonRoute, type Route } from './route.ts';

interface DecisionBody {
  decided_by: string | null;
  comment: string | null;
  payload_hash: string | null;
  iteration: number | null;
  error_details?: JsonObject | null;
  guidance?: string | null;
  retry_token?: string | null;
}

interface About {
  params: { trace_id: string; step_span_id: string };
  query: { namespace: string };
}

/** Judges a decision and answers when that is committed. Rejects with 404 or with 409, which names the winner. */
async function decided(
  store: Store,
  { params, query }: About,
  verb: Verb,
  body: DecisionBody & { edit?: EditAsked | null },
) {
  const result = await decide(store, {
    namespace: query.namespace,
    traceId: params.trace_id,
    span: params.step_span_id,
    verb,
    iteration: body.iteration,
    payloadHash: body.payload_hash,
    edit: body.edit ?? null,
    errorDetails: body.error_details ?? null,
    guidance: body.guidance ?? null,
    retryToken: body.retry_token ?? null,
    comment: body.comment,
    actor: personOf(body.decided_by),
  });
  if (result.kind === 'unknown') throw refusal(404, result.message);
  if (result.kind === 'conflict') throw refusal(409, result.message);
  const { kind: status, idempotencyKey: idempotency_key, retryToken: retry_token } = result;
  return { accepted: { status, idempotency_key }, retry_token };
}

const STEP = '/v1/sagas/{trace_id}/steps/{step_span_id}';
const shared = {
  method: 'post',
  status: 202,
  params: stepPath,
  query: namespaceQuery,
  refuses: { 404: plainProblem, 409: plainProblem },
} as const;

export function decisionRoutes(store: Store): Route[] {
  return [...approvalRoutes(store), ...otherRoutes(store)];
}

function approvalRoutes(store: Store): Route[] {
  const checkEdit = editCheck(store);
  const approved = async ({ params, query }: About, body: DecisionBody & EditSent) => {
    const at = { namespace: query.namespace, traceId: params.trace_id, span: params.step_span_id };
    const edit = await checkEdit(at, body);
    return (await decided(store, { params, query }, 'approve', { ...body, edit })).accepted;
  };
  return [
    jsonRoute({
      ...shared,
      path: `${STEP}/decision`,
      summary: 'Approve or reject what a step holds for review',
      operation: 'decide',
      body: decisionBody,
      answer: decisionAccepted,
      run: async ({ body, ...about }) => {
        if (body.decision === 'APPROVE') return approved(about, { ...body, error_details: null });
        return (await decided(store, about, 'reject', body)).accepted;
      },
    }),
    jsonRoute({
      ...shared,
      path: `${STEP}/approve`,
      summary: 'Approve what a step holds for review',
      operation: 'approve',
      body: approveBody,
      answer: decisionAccepted,
      run: ({ body, ...about }) => approved(about, body),
    }),
  ];
}

/** Loads what it needs with the first approval. */
function editCheck(store: Store): EditCheck {
  let check: EditCheck | null = null;
  return async (about, sent) => {
    const { createEditCheck, createPolicyGate } = await loadEditRules();
    check ??= createEditCheck(store, createPolicyGate());
    return await check(about, sent);
  };
}

function otherRoutes(store: Store): Route[] {
  return [
    jsonRoute({
      ...shared,
      path: `${STEP}/reject`,
      summary: 'Reject what a step holds for review: what was done before it is undone',
      operation: 'reject',
      body: rejectBody,
      answer: decisionAccepted,
      run: async ({ body, ...about }) => (await decided(store, about, 'reject', body)).accepted,
    }),
    jsonRoute({
      ...shared,
      path: `${STEP}/retry`,
      summary: 'Have a held step run again, with guidance',
      operation: 'retry',
      body: retryBody,
      answer: retryAccepted,
      run: async ({ body, ...about }) => {
        const { accepted, retry_token } = await decided(store, about, 'retry', body);
        return { ...accepted, retry_token };
      },
    }),
  ];
}
