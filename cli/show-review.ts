/** What is asked of a person at a step on hold: the review as it waits, and the commands that decide it. */
import type { ApiClient } from '../api/client.ts';

export type ReviewShown = Awaited<ReturnType<ApiClient['pendingReviews']>>['items'][number];

/** Named and valued, to stand under each other; then sections of JSON; then the commands. */
export interface ReviewText {
  fields: [string, string][];
  sections: [string, ReviewShown['review_payload']][];
  commands: string[];
}

/** The open review of a step; null when it is decided and the saga has not acted on that yet. */
export async function openReviewOf(
  client: ApiClient,
  step: { saga_trace_id: string; step_span_id: string; namespace: string },
): Promise<ReviewShown | null> {
  const { saga_trace_id: trace_id, step_span_id: span, namespace } = step;
  // A saga has at most one.
  const { items } = await client.pendingReviews({ trace_id, namespace });
  return items.find((item) => item.step_span_id === span) ?? null;
}

/** All that a reviewer needs before deciding. */
export function reviewText(review: ReviewShown): ReviewText {
  const { iteration, retries_left, sent, review_payload } = review;
  const left = retries_left === null ? 'as many as wanted' : String(retries_left);
  const asIs = sent !== null && JSON.stringify(sent) === JSON.stringify(review_payload);
  return {
    fields: [
      ['review', `${review.step_id}#${iteration}, of its ${review.review_subject}`],
      ['payload_hash', review.payload_hash],
      ['retries_left', left],
      ['expires', review.expires_at ?? 'never'],
      ['policy', policyLine(review)],
      ...(asIs ? [['sent', 'the payload as it is'] satisfies [string, string]] : []),
      ...undoLines(review),
    ],
    sections: [['payload', review_payload], ...sectionOfSent(asIs ? null : sent)],
    commands: commandsOf(review),
  };
}

function sectionOfSent(sent: ReviewShown['sent']): ReviewText['sections'] {
  return sent === null ? [] : [['sent', sent]];
}

function policyLine({ policy }: ReviewShown): string {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return 'none';
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return `${text(policy['name'])}: ${text(policy['verdict'])} by ${text(policy['cel']).replace(/\s*\n\s*/g, ' ')}`;
}

/** What a rejection would undo, first undone first. */
function undoLines({ undo_plan }: ReviewShown): [string, string][] {
  if (undo_plan.length === 0) return [['reject', 'undoes nothing: no step before has run']];
  return undo_plan.map(({ step_id, tool, undo }, at) => {
    const said =
      undo === 'none' ? `${step_id} stays done: it declares no undo` : `${step_id} is undone by ${tool}`;
    return [at === 0 ? 'reject' : '', said];
  });
}

/** With the iteration and the hash, so that they mean what is shown here and nothing that came later. */
function commandsOf(review: ReviewShown): string[] {
  const { saga_trace_id, step_span_id, namespace, iteration, payload_hash, retries_left } = review;
  const about = [
    `${saga_trace_id} ${step_span_id} --iteration ${iteration} --payload-hash ${payload_hash}`,
    ...(namespace === 'default' ? [] : [`--namespace ${namespace}`]),
  ].join(' ');
  const edit = review.review_subject === 'output' ? '--output-file' : '--arguments-file';
  return [
    `warden review approve ${about}`,
    `warden review approve ${about} ${edit} edited-payload.json`,
    `warden review reject ${about} --comment 'why'`,
    ...(retries_left === 0 ? [] : [`warden review retry ${about} --guidance 'what to do differently'`]),
  ];
}
