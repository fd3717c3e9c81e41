/** Whether the server lives, and whether all that sagas need is there. */
import { readClock } from '../store/clock.ts';
import type { Store } from '../store/store.ts';
import { health, notReady, readiness, type Health, type Readiness } from './contract-health.ts';
import { unavailable } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

/** What the server knows of Temporal: whether it answers, and how many worker processes poll the task queue. */
export type TemporalState = () => Promise<{ reachable: boolean; workers: number }>;

const DEADLINE_MS = 3_000;

export function healthRoutes(store: Store, temporal: TemporalState): Route[] {
  return [
    jsonRoute({
      method: 'get',
      path: '/v1/health',
      summary: 'Whether the server lives',
      operation: 'health',
      status: 200,
      params: none,
      query: none,
      body: none,
      answer: health,
      run: async (): Promise<Health> => ({ status: 'ok' }),
    }),
    jsonRoute({
      method: 'get',
      path: '/v1/ready',
      summary: 'Whether Temporal, the store and a worker process are there',
      operation: 'ready',
      refuses: { 503: notReady },
      status: 200,
      params: none,
      query: none,
      body: none,
      answer: readiness,
      run: async () => {
        const state = await look(store, temporal);
        if (state.ready) return state;
        throw unavailable(whatIsMissing(state), { ...state });
      },
    }),
  ];
}

async function look(store: Store, temporal: TemporalState): Promise<Readiness> {
  const asksStore = async () => {
    await readClock(store, store.db);
    return true;
  };
  const [reachable, { reachable: answers, workers }] = await Promise.all([
    within(asksStore, false),
    within(temporal, { reachable: false, workers: 0 }),
  ]);
  return {
    ready: reachable && answers && workers > 0,
    temporal: { reachable: answers },
    store: { reachable },
    workers: { count: workers },
  };
}

function whatIsMissing({ temporal, store, workers }: Readiness): string {
  const missing = [
    ...(store.reachable ? [] : ['the store cannot be reached: nothing is accepted']),
    ...(temporal.reachable ? [] : ['Temporal cannot be reached: what is accepted takes effect later']),
    ...(temporal.reachable && workers.count === 0
      ? ['no worker process polls the task queue: what is accepted takes effect later']
      : []),
  ];
  return missing.join('\n');
}

/** What `ask` answers; `otherwise` when it fails or takes too long. */
async function within<Answer>(ask: () => Promise<Answer>, otherwise: Answer): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), DEADLINE_MS);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}
