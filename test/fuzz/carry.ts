/** What worker processes do to the sagas of the fuzzer, without any: by the store's own transactions, in their order. */
import type { JsonObject } from '../../domain/json.ts';
import type { StepDefinition } from '../../domain/definition.ts';
import { digest } from '../../ledger/canonical.ts';
import { loadSaga } from '../../store/context.ts';
import { judge, type Court } from '../../store/judge.ts';
import { completeStep } from '../../store/outcome.ts';
import { openReview, reviewsOfStep } from '../../store/reviews.ts';
import { settle } from '../../store/settle.ts';
import { spanOf } from '../../store/spans.ts';
import type { Store } from '../../store/store.ts';

/** The saga of the document's examples. Both its reviews are opened again whenever they are decided. */
export const EXAMPLE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Sagas of one look: the newest, so that a look stays short however many the fuzzer starts. */
const MOST = 50;
const OPEN = { authentication: false, trusted: false };

const INPUT_SCHEMA: JsonObject = {
  type: 'object',
  properties: { path: { type: 'string' }, count: { type: 'integer' } },
  required: ['path'],
};

/** Carries every saga in flight to where it waits for a person. */
export async function carryOn(store: Store): Promise<void> {
  const rows = await store.db
    .selectFrom('sagas')
    .select('trace_id')
    .where('status', 'in', ['PENDING', 'RUNNING', 'AWAITING_HUMAN'])
    .where('name', '=', 'changelog')
    .orderBy('position', 'desc')
    .limit(MOST)
    .execute();
  for (const { trace_id: trace } of rows) {
    if (trace !== EXAMPLE) while (await oneStep(store, trace));
  }
  await holdAgain(store);
}

async function holdAgain(store: Store): Promise<void> {
  const { saga } = await loadSaga(store, EXAMPLE);
  for (const [index, step] of saga.steps.entries()) {
    const span = spanOf(EXAMPLE, index);
    await judge(store, EXAMPLE, async (court) => {
      const [last] = await reviewsOfStep(court, span);
      if (step.hitl && last?.status !== 'pending') await hold(court, span, step, (last?.iteration ?? 0) + 1);
    });
  }
}

/** Whether there is more to do. */
async function oneStep(store: Store, trace: string): Promise<boolean> {
  const { saga } = await loadSaga(store, trace);
  const row = await store.db
    .selectFrom('steps')
    .select(['order_index', 'status'])
    .where('trace_id', '=', trace)
    .where('status', 'in', ['PENDING', 'IN_PROGRESS', 'AWAITING_HUMAN', 'FAILED'])
    .where('compensates_span_id', 'is', null)
    .orderBy('order_index')
    .executeTakeFirst();
  const step = saga.steps[row?.order_index ?? -1];
  if (row === undefined || step === undefined || row.status === 'FAILED') return false;
  const span = spanOf(trace, row.order_index);
  if (row.status === 'AWAITING_HUMAN') {
    const review = await newest(store, trace, span);
    if (review?.status === 'pending') return false;
    const cause = { kind: 'opened' } as const;
    const asked = { traceId: trace, span, iteration: review?.iteration ?? 1, id: `${span}-carried`, cause };
    const answer = await settle(store, OPEN, asked);
    return answer.kind === 'approved' || answer.kind === 'retried';
  }
  await judge(store, trace, (court) => workOn(court, span, step));
  return true;
}

function newest(store: Store, trace: string, span: string) {
  return store.db
    .selectFrom('reviews')
    .select(['iteration', 'status'])
    .where('trace_id', '=', trace)
    .where('span_id', '=', span)
    .orderBy('iteration', 'desc')
    .executeTakeFirst();
}

/** Holds a step that has a review, again after a retry; completes any other, and one that was approved. */
async function workOn(court: Court, span: string, step: StepDefinition): Promise<void> {
  const [last] = step.hitl ? await reviewsOfStep(court, span) : [];
  if (!step.hitl || last?.status === 'approved') {
    await completeStep(court, span, { output: { data: { ok: true } } });
    return;
  }
  await hold(court, span, step, (last?.iteration ?? 0) + 1);
}

async function hold(court: Court, span: string, step: StepDefinition, iteration: number): Promise<void> {
  const { trace_id: traceId } = court.saga;
  const sent = step.kind === 'commit' ? { path: 'CHANGELOG.md' } : null;
  const payload: JsonObject = sent === null ? { data: { title: '1.2.0' } } : { ...sent, note: null };
  await openReview(
    court,
    { traceId, span, iteration, phase: 'prepare' },
    {
      kind: step.kind,
      payload,
      sent,
      payloadHash: digest(sent ?? payload),
      editSchema: sent === null ? step.output_schema : INPUT_SCHEMA,
      policy: null,
      expiresMs: null,
      maxRetries: step.hitl_max_retries,
      resolvedArguments: {},
    },
  );
}
