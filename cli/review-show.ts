/** `warden review show`: one review in full, and the way of its decision to its effect. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import type { Cli } from './engine.ts';
import { reviewId, withNamespace } from './options.ts';
import { printable } from './printable.ts';

type ReviewShown = Awaited<ReturnType<ApiClient['showReview']>>;
type Decision = Pick<ReviewShown, 'status' | 'decided_at' | 'decided_by' | 'comment' | 'guidance'>;
type Field = [string, string];

export function addReviewShow(parent: Command, cli: Cli): void {
  const command = parent
    .command('show')
    .description('show a review in full, and how far its decision has come')
    .argument('<review_id>', 'trace_id.step_span_id.iteration', reviewId);
  withNamespace(command)
    .option('--json', "print the server's JSON")
    .action(async (id: string, options: { namespace?: string; json?: boolean }) => {
      const { namespace, json } = options;
      const { client } = await cli.connect();
      const review = await client.showReview(id, { namespace });
      if (json === true) {
        cli.terminal.json(review);
        return;
      }
      for (const line of linesOf(review)) cli.terminal.line(line);
      if (review.status === 'pending') cli.terminal.problem('HINT', howToDecide(review));
    });
}

function linesOf(review: ReviewShown): string[] {
  const { review_payload, sent, edit, diff, review_subject: subject, receipt } = review;
  return [
    ...fieldsOf(review).map(lineOf),
    ...section(subject, review_payload),
    ...(isSame(sent, review_payload) ? [] : section('sent', sent)),
    ...section('edited', edit === null ? null : (edit.sent ?? edit.payload)),
    ...section('diff', diff),
    ...section('error_details', review.error_details),
    ...titled('undo plan', review.undo_plan.map(undoLine), 'nothing: no step before it is completed'),
    ...(review.earlier.length === 0 ? [] : titled('earlier', review.earlier.map(earlierLine))),
    ...titled('receipt', receiptLines(receipt)),
  ];
}

function fieldsOf(review: ReviewShown): Field[] {
  const { policy, expires_at, retries_left, idempotency_key } = review;
  return [
    ['review', review.review_id],
    [
      'saga',
      `${review.saga_name} ${review.saga_version} in namespace ${review.namespace}, ${review.saga_status}`,
    ],
    [
      'step',
      `${review.order_index} ${review.step_id}: ${review.step_name} (${review.step_kind}), ${review.step_status}`,
    ],
    ['worker', `${review.worker} ${review.worker_version}`],
    ['status', decided(review)],
    ['opened', review.opened_at],
    ['expires', expires_at ?? 'never'],
    ['iteration', `${review.iteration}, ${retriesOf(retries_left)}`],
    ...field('policy', policyOf(policy)),
    ['payload_hash', review.payload_hash],
    ...field('call key', idempotency_key),
    ...field('comment', review.comment),
    ...field('guidance', review.guidance),
  ];
}

function field(name: string, text: string | null): Field[] {
  return text === null ? [] : [[name, text]];
}

/** On one line, whatever it says: nothing in it may look like another field. */
function lineOf([name, text]: Field): string {
  return `${name.padEnd(12)} ${printable(text)}`;
}

function decided({ status, decided_by, decided_at }: Decision): string {
  return decided_at === null ? status : `${status} by ${decided_by ?? 'nobody'} at ${decided_at}`;
}

function retriesOf(left: number | null): string {
  if (left === null) return 'any number of retries left';
  return left === 1 ? '1 retry left' : `${left} retries left`;
}

function policyOf(policy: ReviewShown['policy']): string | null {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return null;
  const { name, verdict, cel } = policy;
  return [name, verdict, cel]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .join(': ');
}

function undoLine({ order, step_id, tool, undo }: ReviewShown['undo_plan'][number]): string {
  const how =
    undo === 'declared' ? `undone with ${tool ?? 'its compensation'}` : 'stays done: it declares no undo';
  return `${order} ${printable(step_id)}: ${printable(how)}`;
}

function earlierLine(review: ReviewShown['earlier'][number]): string {
  const said = [review.comment, review.guidance].filter((text) => text !== null);
  return printable([`${review.iteration} ${decided(review)}`, ...said].join(': '));
}

function receiptLines({ stuck, ...stages }: ReviewShown['receipt']): string[] {
  const { decided, delivered, consumed, effect } = stages;
  // The saga may act on a decision before Temporal was told, and some need not be told.
  const told = delivered ?? (consumed === null ? 'not yet' : 'not needed');
  const fields: Field[] = [
    ['decided', decided ?? 'not yet'],
    ['delivered', told],
    ['consumed', consumed ?? 'not yet'],
    ['effect', effect ?? 'not yet'],
    ...field('stuck', stuck),
  ];
  return fields.map(lineOf);
}

function titled(title: string, lines: readonly string[], none = ''): string[] {
  return ['', title, ...(lines.length === 0 ? [none] : lines).map((line) => `  ${line}`)];
}

/** Indented JSON under its name; nothing when there is none. */
function section(name: string, value: ReviewShown['diff']): string[] {
  return value === null ? [] : titled(name, JSON.stringify(value, null, 2).split('\n'));
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Bound to what was shown: a decision about anything that takes its place is refused. */
function howToDecide({
  saga_trace_id,
  step_span_id,
  iteration,
  payload_hash,
  namespace,
}: ReviewShown): string {
  const where = namespace === 'default' ? '' : ` --namespace ${namespace}`;
  const bound = `--iteration ${iteration} --payload-hash ${payload_hash}`;
  return `to decide on just this: warden review approve|reject|retry ${saga_trace_id} ${step_span_id} ${bound}${where}`;
}
