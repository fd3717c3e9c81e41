/** One review, with the way of its decision to its effect. */
import { nameOf } from '../store/reviews.ts';
import { findShownReview, type EarlierReview, type ShownReview } from '../store/review-shown.ts';
import type { Receipt } from '../store/receipt.ts';
import type { Store } from '../store/store.ts';
import { reviewPath, reviewShown, type ReviewShown } from './contract-review.ts';
import { namespaceQuery } from './contract.ts';
import { plainProblem } from './contract-problem.ts';
import { refusal } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

export function reviewShownRoutes(store: Store): Route[] {
  return [
    jsonRoute({
      method: 'get',
      path: '/v1/reviews/{review_id}',
      summary: 'Show one review: what is reviewed, what was decided, and how far the decision has come',
      operation: 'showReview',
      refuses: { 404: plainProblem },
      status: 200,
      params: reviewPath,
      query: namespaceQuery,
      body: none,
      answer: reviewShown,
      run: async ({ params: { review_id }, query: { namespace } }) => {
        const [traceId = '', span = '', iteration = ''] = review_id.split('.');
        const shown = await findShownReview(store, {
          namespace,
          traceId,
          span,
          iteration: Number(iteration),
        });
        if (shown === null) throw refusal(404, `no review ${review_id} in namespace ${namespace}`);
        return bodyOf(shown);
      },
    }),
  ];
}

function bodyOf({ review, saga, step, undoPlan, earlier, receipt }: ShownReview): ReviewShown {
  const { trace_id, span_id, kind } = review;
  return {
    review_id: idOf(review, review.iteration),
    ...{ namespace: review.namespace, saga_trace_id: trace_id, step_span_id: span_id },
    ...{ step_id: step.step_id, step_name: step.name, step_kind: kind, order_index: step.order_index },
    ...{ worker: step.worker, worker_version: step.worker_version },
    review_subject: kind === 'reason' ? 'output' : 'arguments',
    review_payload: review.payload,
    started_at: step.started_at.toISOString(),
    ...{ sent: review.sent, payload_hash: review.payload_hash, iteration: review.iteration },
    retries_left: review.retries_left,
    expires_at: timeOf(review.expires_at),
    policy: review.policy,
    undo_plan: undoPlan,
    ...{ saga_name: saga.name, saga_version: saga.version, saga_status: saga.status },
    step_status: step.status,
    idempotency_key: kind === 'commit' ? `${trace_id}:${span_id}` : null,
    edit_schema: review.edit_schema,
    ...decisionOf(review),
    actor: review.actor,
    edit: review.edit,
    diff: review.diff,
    earlier: earlier.map((each) => ({
      review_id: idOf(review, each.iteration),
      iteration: each.iteration,
      payload_hash: each.payload_hash,
      ...decisionOf(each),
    })),
    receipt: receiptBody(receipt),
  };
}

function idOf({ trace_id, span_id }: ShownReview['review'], iteration: number): string {
  return `${trace_id}.${span_id}.${iteration}`;
}

function decisionOf({ status, opened_at, decided_at, actor, comment, verdict }: EarlierReview) {
  return {
    status,
    opened_at: opened_at.toISOString(),
    decided_at: timeOf(decided_at),
    decided_by: actor === null ? null : nameOf(actor),
    comment,
    guidance: verdict?.guidance ?? null,
    error_details: verdict?.error_details ?? null,
  };
}

function receiptBody({ decided, delivered, consumed, effect, stuck }: Receipt): ReviewShown['receipt'] {
  return {
    ...{ decided: timeOf(decided), delivered: timeOf(delivered), consumed: timeOf(consumed) },
    effect: timeOf(effect),
    stuck,
  };
}

function timeOf(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
