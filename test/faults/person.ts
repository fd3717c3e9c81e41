/**
 * The people and programs outside: they start sagas and decide what is on hold, however often Warden is away, and
 * keep a journal of every answer. What they were promised is checked against it.
 */
import { ApiError, ApiUnreachable, type ApiClient } from '../../api/client.ts';
import type { Random, SagaPlan } from './plan.ts';
import { edited, manifestOf } from './plan.ts';

type Review = Awaited<ReturnType<ApiClient['pendingReviews']>>['items'][number];

export interface Journal {
  /** Decisions that were answered 2xx, by trace id. */
  accepted: Map<string, number>;
  /** What was answered against the rules. */
  violations: string[];
  asked: { decisions: number; again: number; opposite: number };
}

export type Person = ReturnType<typeof createPerson>;

export function createPerson(http: ApiClient, random: Random) {
  const plans = new Map<string, SagaPlan>();
  const busy = new Set<string>();
  const journal: Journal = {
    accepted: new Map(),
    violations: [],
    asked: { decisions: 0, again: 0, opposite: 0 },
  };

  /** Deploys the saga and starts it; a second answer about the same key is the same saga. */
  async function start(plan: SagaPlan): Promise<string> {
    await insist(() => http.deploy(manifestOf(plan)));
    const body = { name: plan.name, version: '1', input: {}, idempotency_key: plan.name };
    const { trace_id } = await insist(() => http.startSaga(body));
    plans.set(trace_id, plan);
    return trace_id;
  }

  /** Looks once at what is on hold and decides what is not being decided. */
  async function look(): Promise<void> {
    for (let offset = 0; ; offset += 100) {
      const page = await insist(() => http.pendingReviews({ limit: 100, offset }));
      for (const review of page.items) void take(review);
      if (page.items.length < 100) return;
    }
  }

  async function take(review: Review): Promise<void> {
    const name = `${review.saga_trace_id}/${review.step_id}#${review.iteration}`;
    if (busy.has(name)) return;
    const plan = plans.get(review.saga_trace_id);
    // Its start was not answered yet, or it is nobody's.
    if (!plan) return;
    busy.add(name);
    const decision = plan.steps.find(({ id }) => id === review.step_id)?.decisions[review.iteration - 1];
    if (decision === undefined) journal.violations.push(`${name} is on hold, which nobody expected`);
    if (decision === undefined || decision === 'expire') return;
    await decide(name, review, decision).catch((error: unknown) => {
      journal.violations.push(
        `${decision} of ${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }

  async function decide(name: string, review: Review, decision: string): Promise<void> {
    const trace = review.saga_trace_id;
    journal.asked.decisions += 1;
    await insist(() => say(review, decision));
    if (decision !== 'cancel') journal.accepted.set(trace, (journal.accepted.get(trace) ?? 0) + 1);
    if (random.chance(30)) {
      journal.asked.again += 1;
      const { status } = await insist(() => say(review, decision));
      if (status !== 'already_queued') journal.violations.push(`${decision} of ${name} again: ${status}`);
    }
    if (random.chance(30)) {
      journal.asked.opposite += 1;
      const refused = await insist(() => refusal(say(review, decision === 'reject' ? 'approve' : 'reject')));
      if (refused !== 409) journal.violations.push(`the opposite of ${decision} of ${name}: ${refused}`);
    }
  }

  function say(review: Review, decision: string): Promise<{ status: string }> {
    const { saga_trace_id: trace, step_span_id: span, iteration, payload_hash } = review;
    const body = { iteration, payload_hash };
    switch (decision) {
      case 'cancel':
        return http.cancel(trace);
      case 'retry':
        return http.retry(trace, span, {
          ...body,
          retry_token: `${span}-${iteration}`,
          guidance: 'once more',
        });
      case 'reject':
        return http.reject(trace, span, body);
      case 'edit':
        return http.approve(trace, span, { ...body, ...editOf(review) });
      default:
        return http.approve(trace, span, body);
    }
  }

  return { start, look, journal, plans };
}

function editOf({ review_payload, step_kind }: Review): object {
  if (step_kind === 'reason') return { output: { data: { summary: 'edited' } } };
  const payload = Object.fromEntries(Object.entries(review_payload ?? {}));
  return { arguments: { ...payload, content: edited(String(payload['content'])) } };
}

/** The status of the refusal; 200 when it was none. */
async function refusal(asked: Promise<unknown>): Promise<number> {
  try {
    await asked;
    return 200;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
}

/** Asks until there is an answer. Rejects with a refusal. */
export async function insist<T>(ask: () => Promise<T>, timeoutMs = 120_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const away = error instanceof ApiUnreachable || (error instanceof ApiError && error.status === 503);
      if (!away || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
