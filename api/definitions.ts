/** Routes that show what is deployed. */
import {
  findSagaDefinition,
  listSagaDefinitions,
  listWorkerDefinitions,
  type SagaDefinitionRow,
} from '../store/list-definitions.ts';
import type { Store } from '../store/store.ts';
import {
  definitionPath,
  sagaDefinitionItem,
  sagaDefinitionList,
  sagaDefinitionsQuery,
  workerDefinitionList,
  workerDefinitionsQuery,
} from './contract-definitions.ts';
import { plainProblem } from './contract-problem.ts';
import { refusal } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

export function definitionRoutes(store: Store): Route[] {
  return [sagasRoute(store), sagaRoute(store), workersRoute(store)];
}

function sagasRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/definitions/sagas',
    summary: 'List saga definitions, last updated first',
    operation: 'listSagaDefinitions',
    status: 200,
    params: none,
    query: sagaDefinitionsQuery,
    body: none,
    answer: sagaDefinitionList,
    run: async ({ query: { namespace, name = null, is_active: isActive = null, limit, offset } }) => {
      const rows = await listSagaDefinitions(store, { namespace, name, isActive, limit, offset });
      return { items: rows.map(withTimes), limit, offset };
    },
  });
}

function sagaRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/definitions/sagas/{id}',
    summary: 'Show one saga definition',
    operation: 'showSagaDefinition',
    refuses: { 404: plainProblem },
    status: 200,
    params: definitionPath,
    query: none,
    body: none,
    answer: sagaDefinitionItem,
    run: async ({ params: { id } }) => {
      const row: SagaDefinitionRow | null = await findSagaDefinition(store, id);
      if (row === null) throw refusal(404, `no saga definition ${id}`);
      return withTimes(row);
    },
  });
}

function workersRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/definitions/workers',
    summary: 'List worker definitions, last updated first',
    operation: 'listWorkerDefinitions',
    status: 200,
    params: none,
    query: workerDefinitionsQuery,
    body: none,
    answer: workerDefinitionList,
    run: async ({ query: { namespace, name = null, limit, offset } }) => {
      const rows = await listWorkerDefinitions(store, { namespace, name, limit, offset });
      return { items: rows.map(withTimes), limit, offset };
    },
  });
}

function withTimes<Row extends { created_at: Date; updated_at: Date }>(row: Row) {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() };
}
