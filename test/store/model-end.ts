/** How a saga may end, whatever happened to it on the way: each rule is about rows that anybody could read. */
import assert from 'node:assert/strict';
import type { Verb } from '../../domain/decision.ts';
import type { Store } from '../../store/store.ts';
import type { World } from './model-attempts.ts';
import type { End } from './model-workflow.ts';
import { entriesOf, requestsOf, sagaRow, stepRow } from './rows.ts';
import type { Run } from './sagas.ts';

/** What people did: decisions that were queued, by their idempotency key, and verbs that were typed. */
export interface Said {
  accepted: ReadonlyMap<string, Verb>;
  typed: ReadonlySet<Verb>;
}

const STATUS = { approve: 'approved', reject: 'rejected', retry: 'retried' } as const;

/** Everybody has done their part, and the workflow has ended. */
export async function judgeEnd(store: Store, world: World, end: End, said: Said): Promise<void> {
  const { run } = world;
  await judgeAnswer(store, run, end);
  await judgeCancel(store, run);
  await judgeEffects(store, world);
  await judgeReviews(store, run, said);
  await judgeSkipped(store, run);
}

async function judgeAnswer(store: Store, run: Run, end: End): Promise<void> {
  const saga = await sagaRow(store, run);
  const code = saga.status === 'COMPLETED' ? null : (saga.failure?.code ?? null);
  assert.equal(code, end.kind === 'stuck' ? 'COMPENSATION_FAILED' : code);
  if (end.kind === 'ended') assert.deepEqual([end.status, end.code], [saga.status, code]);
}

async function judgeCancel(store: Store, run: Run): Promise<void> {
  const cancel = (await requestsOf(store, run)).find(({ kind }) => kind === 'cancel');
  const { status, failure } = await sagaRow(store, run);
  if (!cancel) return assert.notEqual(failure?.code, 'CANCELLED');
  assert.notEqual(status, 'COMPLETED', 'a cancel that was accepted takes effect');
  if (failure?.code === 'TERMINATED') return;
  assert.ok(failure?.code === 'CANCELLED' || failure?.code === 'COMPENSATION_FAILED', 'and is why it failed');
  assert.ok(cancel.consumed_at, 'and was acted on');
}

async function judgeEffects(store: Store, { run, effects }: World): Promise<void> {
  const { status } = await sagaRow(store, run);
  const effectsOf = (span: string) => effects.get(`${run.trace}:${span}`) ?? 0;
  assert.ok(effectsOf(run.span(1)) <= 1, 'a tool that is not idempotent is called once');
  assert.ok(effectsOf(run.span(3)) <= 3, 'an idempotent one three times at most');
  for (const index of [1, 3]) {
    if (effectsOf(run.span(index)) === 0 || status !== 'COMPENSATED') continue;
    const { span } = run.undo(index, { code: 'CANCELLED', span: null, uncertain: false });
    const undo = await stepRow(store, run, span);
    assert.equal(undo.status, 'COMPENSATED', `the effect of step ${index} is undone`);
    assert.ok(effectsOf(span) > 0, 'by a call');
  }
}

async function judgeReviews(store: Store, run: Run, { accepted, typed }: Said): Promise<void> {
  const reviews = await store.db
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', run.trace)
    .execute();
  const { failure } = await sagaRow(store, run);
  const decided = new Map(
    reviews.map((review) => {
      const again = review.iteration === 1 ? '' : `-${review.iteration}`;
      return [`human-decision-${run.trace}-${review.span_id}${again}`, review];
    }),
  );
  for (const [key, verb] of accepted) {
    const review = decided.get(key);
    assert.equal(review?.status, STATUS[verb], 'what was accepted is what the review says');
    if (failure?.code !== 'TERMINATED') assert.ok(review?.settled, 'and it took effect');
  }
  for (const [key, { status, actor }] of decided) {
    if (status !== 'approved' && status !== 'rejected' && status !== 'retried') continue;
    const isTyped = actor?.subject === 'temporal' && [...typed].some((verb) => STATUS[verb] === status);
    assert.ok(accepted.has(key) || isTyped, `nobody ${status} the review ${key}`);
  }
}

/** Steps that were never reached are in the ledger, each once and in their order. */
async function judgeSkipped(store: Store, run: Run): Promise<void> {
  const rows = await store.db
    .selectFrom('steps')
    .select('span_id')
    .where('trace_id', '=', run.trace)
    .where('status', '=', 'SKIPPED')
    .where('compensates_span_id', 'is', null)
    .orderBy('order_index')
    .execute();
  const told = (await entriesOf(store, run)).filter(({ type }) => type === 'step.skipped');
  assert.deepEqual(
    told.map(({ span_id }) => span_id),
    rows.map(({ span_id }) => span_id),
  );
}
