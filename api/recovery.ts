/** Operator recovery: retry-step and retry-compensation. */
import { recover, type RecoveryAsked } from '../store/recover.ts';
import type { Store } from '../store/store.ts';
import { personOf } from './actor.ts';
import { namespaceQuery, stepPath } from './contract.ts';
import { plainProblem } from './contract-problem.ts';
import { recoveryAccepted, recoveryBody } from './contract-recovery.ts';
import { refusal } from './problem.ts';
import { jsonRoute, type Route } from './route.ts';

export function recoveryRoutes(store: Store): Route[] {
  return [
    recoveryRoute(store, 'retry-step', {
      summary: 'Run a step again that is queued, in back-off or hangs',
      operation: 'retryStep',
    }),
    recoveryRoute(store, 'retry-compensation', {
      summary: 'Take up an undo again that failed or hangs, and go on with the remaining ones',
      operation: 'retryCompensation',
    }),
  ];
}

function recoveryRoute(
  store: Store,
  act: RecoveryAsked['act'],
  named: { summary: string; operation: string },
): Route {
  return jsonRoute({
    ...named,
    method: 'post',
    path: `/v1/sagas/{trace_id}/steps/{step_span_id}/${act}`,
    refuses: { 404: plainProblem, 409: plainProblem },
    status: 202,
    params: stepPath,
    query: namespaceQuery,
    body: recoveryBody,
    answer: recoveryAccepted,
    run: async ({ params, query, body }) => {
      const result = await recover(store, {
        namespace: query.namespace,
        traceId: params.trace_id,
        span: params.step_span_id,
        act,
        force: body.force,
        allowDestructive: body.allow_destructive,
        iteration: body.iteration,
        payloadHash: body.payload_hash,
        recoveryToken: body.recovery_token,
        reason: body.reason,
        comment: body.comment,
        actor: personOf(body.decided_by),
      });
      if ('message' in result) throw refusal(result.kind === 'unknown' ? 404 : 409, result.message);
      return result.answer;
    },
  });
}
