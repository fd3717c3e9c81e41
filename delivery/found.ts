/** What Temporal says of a saga's workflow, carried into the saga. The one place for delivery and for reconcile. */
import type { Client } from '@temporalio/client';
import type { InFlightSaga } from '../store/in-flight.ts';
import { keepRun, markLost, markReplaced } from '../store/reconcile.ts';
import type { Log } from '../store/repeat.ts';
import type { Store } from '../store/store.ts';
import { markClosed } from '../store/terminated.ts';
import { workflowId } from '../workflows/messages.ts';
import { isReset, standing } from './temporal.ts';

/** A saga's workflow ended by its own hand writes the saga's end first; these ends can only come from outside. */
const FROM_OUTSIDE: readonly string[] = ['TERMINATED', 'TIMED_OUT'];

/** Its workflow has closed: the saga, when it is still in flight, ends with it, and what waited is closed. */
export async function carryClosed(store: Store, log: Log, traceId: string, status: string): Promise<void> {
  if ((await markClosed(store, traceId, { status })) === 'ended') return;
  if (FROM_OUTSIDE.includes(status)) {
    log.warn(
      { traceId, status },
      'the workflow of a saga in flight was ended in Temporal; the saga is FAILED',
    );
  } else {
    log.error({ traceId, status }, 'a workflow ended before its saga did, which is a fault of Warden');
  }
}

/** Temporal does not know its workflow. Answers whether the saga is started again. */
export async function carryUnknown(store: Store, log: Log, traceId: string): Promise<boolean> {
  const found = await markLost(store, traceId);
  if (found === 'ended') await markClosed(store, traceId, { status: 'UNKNOWN' });
  if (found === 'lost')
    log.warn({ traceId }, 'Temporal does not know the workflow of a saga in flight: started again');
  return found === 'lost';
}

/** Looks where the workflow of a saga stands, and carries it into the saga, which should have an open one. */
export async function carryStanding(
  { store, client, log }: { store: Store; client: Client; log: Log },
  saga: InFlightSaga,
): Promise<'same' | 'changed' | 'lost'> {
  const id = workflowId(saga.traceId);
  const found = await standing(client, id);
  switch (found.kind) {
    case 'closed':
      await carryClosed(store, log, saga.traceId, found.status);
      return 'changed';
    case 'unknown':
      return (await carryUnknown(store, log, saga.traceId)) ? 'lost' : 'changed';
    case 'running':
      if (found.runId === saga.runId) return 'same';
      if (saga.runId === null) {
        await keepRun(store, saga.traceId, found.runId);
      } else {
        const how = (await isReset(client, id, found.runId)) ? 'reset' : 'continued';
        await markReplaced(store, saga.traceId, found.runId, how);
      }
      return 'changed';
  }
}
