/** The list of what waits for a person. */
import { listPendingReviews, type PendingReviewRow } from '../store/list-reviews.ts';
import type { Store } from '../store/store.ts';
import { pendingReviewList, pendingReviewsQuery, type PendingReview } from './contract-reviews.ts';
import { jsonRoute, none, type Route } from './route.ts';

export function reviewRoutes(store: Store): Route[] {
  return [
    jsonRoute({
      method: 'get',
      path: '/v1/sagas/pending-review',
      summary: 'List what waits for a decision, newest first',
      operation: 'listPendingReviews',
      status: 200,
      params: none,
      query: pendingReviewsQuery,
      body: none,
      answer: pendingReviewList,
      run: async ({ query: { namespace, trace_id: traceId = null, kind = null, limit, offset } }) => {
        const rows = await listPendingReviews(store, { namespace, traceId, kind, limit, offset });
        return { items: rows.map(itemOf), limit, offset };
      },
    }),
  ];
}

function itemOf(row: PendingReviewRow): PendingReview {
  return {
    ...row,
    review_subject: row.step_kind === 'reason' ? 'output' : 'arguments',
    started_at: row.started_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}
