/** Routes about the steps of a saga. */
import { sagaExists } from '../store/list-sagas.ts';
import { findStep, listSteps, type StepListRow } from '../store/list-steps.ts';
import type { Store } from '../store/store.ts';
import { stepList, stepShown, stepsQuery, type StepItem } from './contract-steps.ts';
import { namespaceQuery, stepPath } from './contract.ts';
import { plainProblem } from './contract-problem.ts';
import { refusal } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

export function stepRoutes(store: Store): Route[] {
  return [listRoute(store), showRoute(store)];
}

function listRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/sagas/steps',
    summary: 'List the steps of a saga in order, an undo after the step that it undoes',
    operation: 'listSteps',
    refuses: { 404: plainProblem },
    status: 200,
    params: none,
    query: stepsQuery,
    body: none,
    answer: stepList,
    run: async ({ query }) => {
      const { namespace, trace_id: traceId, status: statuses, limit, offset } = query;
      const rows = await listSteps(store, { namespace, traceId, statuses, limit, offset });
      if (rows.length === 0 && !(await sagaExists(store, { namespace, traceId }))) {
        throw refusal(404, `no saga ${traceId} in namespace ${namespace}`);
      }
      return { items: rows.map(itemOf), limit, offset };
    },
  });
}

function showRoute(store: Store): Route {
  return jsonRoute({
    method: 'get',
    path: '/v1/sagas/{trace_id}/steps/{step_span_id}',
    summary: 'Show one step with its arguments and output',
    operation: 'showStep',
    refuses: { 404: plainProblem },
    status: 200,
    params: stepPath,
    query: namespaceQuery,
    body: none,
    answer: stepShown,
    run: async ({ params: { trace_id: traceId, step_span_id: span }, query: { namespace } }) => {
      const row = await findStep(store, { namespace, traceId, span });
      if (row === null) throw refusal(404, `no step ${span} in a saga ${traceId} of namespace ${namespace}`);
      // The contract shows no arguments on undo rows, where they would pass for those of the step.
      const resolved_arguments = row.compensates_span_id === null ? row.resolved_arguments : {};
      return { ...row, ...itemOf(row), resolved_arguments };
    },
  });
}

function itemOf(row: StepListRow): StepItem {
  return {
    ...row,
    started_at: row.started_at.toISOString(),
    end_time: row.end_time?.toISOString() ?? null,
    timing: row.timing ?? { worker: {}, engine: {} },
  };
}
