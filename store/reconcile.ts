/**
 * What is found in Temporal about a saga's workflow, carried into the saga: judged transactions, each harmless when
 * two processes make it. A saga in flight whose workflow has closed was ended from outside, because a saga's end is
 * written before its workflow closes.
 */
import { isInFlight } from '../domain/status.ts';
import { SYSTEM } from '../ledger/entry.ts';
import { consumeRequest, sendAgain } from './requests.ts';
import { judge } from './judge.ts';
import type { Store } from './store.ts';
import type { Stuck } from './tables.ts';

/** Each is judged again when it arrives: one that has had its effect has none any more. */
const RECOVERIES = ['retry_step', 'retry_compensation'] as const;

/** Keeps the run of a saga's workflow, when none is known yet. */
export async function keepRun(store: Store, traceId: string, runId: string): Promise<void> {
  await judge(store, traceId, async ({ saga }) => {
    saga.run_id ??= runId;
  });
}

/** The saga runs: its start need not be sent again. */
export async function noteStarted(store: Store, traceId: string, request: string): Promise<void> {
  await judge(store, traceId, (court) => consumeRequest(court, request));
}

/**
 * Temporal does not know the workflow of a saga in flight, which it once accepted: it lost its state or was
 * replaced. The start is sent again, and after it what the saga has not acted on; recorded outcomes carry the new
 * run to where the old one was.
 */
export async function markLost(store: Store, traceId: string): Promise<'lost' | 'ended' | 'known'> {
  const found = await judge(store, traceId, async (court) => {
    if (!isInFlight(court.saga.status)) return 'ended' as const;
    const start = await court.tx
      .selectFrom('requests')
      .select('delivered_at')
      .where('trace_id', '=', traceId)
      .where('kind', '=', 'start')
      .executeTakeFirst();
    // Another process found it first, and the start is on its way.
    if (!start?.delivered_at) return 'known' as const;
    court.saga.run_id = null;
    court.record({
      type: 'recovery.start_again',
      actor: SYSTEM,
      data: { message: 'Temporal does not know the workflow of this saga: it is started again' },
    });
    await sendAgain(court, ['start'], 'all');
    await sendAgain(court, ['approve', 'reject', 'retry', 'cancel'], 'unconsumed');
    // An attempt that a recovery was to begin may be lost with the run that was told of it.
    await sendAgain(court, RECOVERIES, 'all');
    return 'lost' as const;
  });
  return found ?? 'ended';
}

/**
 * Another run has taken the place of the one that is known. After a reset the new run has not seen the decisions
 * that came after the reset point, so all of them are sent again: a request settled twice answers as the first time.
 */
export async function markReplaced(
  store: Store,
  traceId: string,
  runId: string,
  how: 'reset' | 'continued',
): Promise<void> {
  await judge(store, traceId, async (court) => {
    const { saga } = court;
    if (saga.run_id === runId) return;
    const message = `run ${runId} of the workflow has taken the place of run ${saga.run_id ?? 'unknown'}`;
    if (how === 'reset') court.record({ type: 'recovery.reset', actor: SYSTEM, data: { message } });
    saga.run_id = runId;
    if (how === 'reset' && isInFlight(saga.status)) {
      await sendAgain(court, ['approve', 'reject', 'retry', 'cancel', ...RECOVERIES], 'all');
    }
  });
}

/** Shows why a saga in flight does not go on; null: it does again. */
export async function markStuck(store: Store, traceId: string, stuck: Stuck | null): Promise<void> {
  await judge(store, traceId, async ({ saga }) => {
    // An undo that failed keeps a saga that is in flight no more from going on: that is the operator's first concern.
    if (!isInFlight(saga.status)) return;
    const same = saga.stuck?.code === stuck?.code && saga.stuck?.message === stuck?.message;
    if (!same) saga.stuck = stuck;
  });
}
