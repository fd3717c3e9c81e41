/** Routes about whole sagas: start, list, cancel. */
import { cancelSaga } from '../store/cancel.ts';
import { listSagas, type SagaListRow } from '../store/list-sagas.ts';
import { startSaga } from '../store/start.ts';
import type { Store } from '../store/store.ts';
import { personOf } from './actor.ts';
import {
  cancelAccepted,
  cancelBody,
  sagaList,
  sagaStarted,
  sagasQuery,
  startSagaBody,
  type SagaItem,
} from './contract-sagas.ts';
import { namespaceQuery, sagaPath } from './contract.ts';
import { plainProblem } from './contract-problem.ts';
import { refusal } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

export function sagaRoutes(store: Store): Route[] {
  return [startRoute(store), listRoute(store), cancelRoute(store)];
}

function startRoute(store: Store): Route {
  return jsonRoute({
    method: 'post',
    path: '/v1/sagas/start',
    summary: 'Start a saga of a deployed definition',
    operation: 'startSaga',
    refuses: { 404: plainProblem, 409: plainProblem },
    status: 202,
    params: none,
    query: none,
    body: startSagaBody,
    answer: sagaStarted,
    run: async ({ body }) => {
      const result = await startSaga(store, {
        namespace: body.namespace ?? 'default',
        name: body.name,
        version: body.version,
        input: body.input ?? {},
        idempotencyKey: body.idempotency_key,
        traceId: body.trace_id,
        actor: personOf(null),
      });
      if ('message' in result) throw refusal(result.kind === 'unknown' ? 404 : 409, result.message);
      return { trace_id: result.traceId };
    },
  });
}

function listRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/sagas',
    summary: 'List sagas, newest first',
    operation: 'listSagas',
    status: 200,
    params: none,
    query: sagasQuery,
    body: none,
    answer: sagaList,
    run: async ({ query }) => {
      const { limit, offset } = query;
      if (query.in_flight && query.status.length > 0) {
        throw refusal(400, 'expected in_flight or status, got both; leave one out');
      }
      const rows = await listSagas(store, {
        namespace: query.namespace,
        traceId: query.trace_id ?? null,
        statuses: query.status,
        inFlight: query.in_flight,
        failed: query.failed,
        stuck: query.stuck,
        name: query.name ?? null,
        limit,
        offset,
      });
      return { items: rows.map(itemOf), limit, offset };
    },
  });
}

function itemOf(row: SagaListRow): SagaItem {
  return { ...row, started_at: row.started_at.toISOString(), ended_at: row.ended_at?.toISOString() ?? null };
}

function cancelRoute(store: Store): Route {
  return jsonRoute({
    method: 'post',
    path: '/v1/sagas/{trace_id}/cancel',
    summary: 'Cancel a saga: what it did is undone',
    operation: 'cancelSaga',
    refuses: { 404: plainProblem, 409: plainProblem },
    status: 202,
    params: sagaPath,
    query: namespaceQuery,
    body: cancelBody,
    answer: cancelAccepted,
    run: async ({ params, query, body }) => {
      const result = await cancelSaga(store, {
        traceId: params.trace_id,
        namespace: query.namespace,
        actor: personOf(body.decided_by),
        reason: body.reason,
      });
      if (result.kind === 'unknown') {
        throw refusal(404, `no saga ${params.trace_id} in namespace ${query.namespace}`);
      }
      if (result.kind === 'conflict') throw refusal(409, result.message);
      return { status: result.kind, idempotency_key: result.idempotencyKey };
    },
  });
}
