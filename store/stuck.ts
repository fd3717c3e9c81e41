/**
 * What keeps a saga from going on by itself, in words for an operator. A failed undo and failing workflow tasks are
 * noted in the saga's row; requests that do not get through are read from their own rows.
 */
import { sql, type RawBuilder } from 'kysely';
import { IN_FLIGHT } from '../domain/status.ts';
import type { SagaRow } from './judge.ts';
import type { Store } from './store.ts';
import type { RequestKind, Stuck } from './tables.ts';

/** An undo failed for good, and its saga, which failed of that, waits for a person to take it up again. */
export function noteFailedUndo(saga: SagaRow, span: string, message: string): void {
  // One that was terminated meanwhile is taken up by nobody.
  if (saga.failure?.code !== 'COMPENSATION_FAILED') return;
  saga.stuck = {
    code: 'COMPENSATION_FAILED',
    message: `${message}; the remaining undos wait for it`,
    hint:
      'read why it failed and mend that, then take it up again: ' +
      `warden saga retry-compensation ${saga.trace_id} ${span}${inNamespace(saga.namespace)}`,
  };
}

/** The option of a command that is about another namespace than the usual one. */
export function inNamespace(namespace: string): string {
  return namespace === 'default' ? '' : ` --namespace ${namespace}`;
}

/** A request that has not taken effect for so long does not get through. */
const LONG_MS = 60_000;

export interface WaitingRequest {
  kind: RequestKind;
  created_at: Date;
  attempts: number;
  delivered_at: Date | null;
  error: string | null;
}

/**
 * The requests that do not get through, of sagas in flight: Temporal was not told of them for long, or was told and
 * no worker process acts on them. A cancel and a recovery that were delivered may have to wait for the step that runs;
 * what has to be acted on at once is a start, and the decision of a review. One that is sent again after a reset was
 * made due a short time ago.
 */
function overdue(store: Pick<Store, 'clock'>): RawBuilder<unknown> {
  const long = sql`(select ${store.clock} - ${LONG_MS}::float8 * interval '1 millisecond')`;
  const inFlight = sql.join(IN_FLIGHT.map((status) => sql.lit(status)));
  return sql`
    requests as r join sagas as g on g.trace_id = r.trace_id and g.status in (${inFlight})
    where r.closed_at is null and r.consumed_at is null and r.created_at < ${long} and (
      (r.delivered_at is null and (r.next_at < ${long} or (r.attempts > 0 and r.error is not null)))
      or (r.delivered_at < ${long} and r.kind = 'start' and g.status = 'PENDING')
      or (r.delivered_at < ${long} and r.kind in ('approve', 'reject', 'retry') and exists (
        select from reviews as v
        where v.trace_id = r.trace_id and v.span_id = r.span_id and v.iteration = r.iteration
          and v.status <> 'pending' and v.settled is null
      ))
    )`;
}

/** The sagas in flight that have such a request, as a query to filter by. */
export function sagasWithOverdue(store: Pick<Store, 'clock'>): RawBuilder<unknown> {
  return sql`select r.trace_id from ${overdue(store)}`;
}

/** What the oldest request that does not get through says of each of these sagas. */
export async function stuckRequests(
  store: Pick<Store, 'db' | 'clock'>,
  traceIds: readonly string[],
): Promise<Map<string, Stuck>> {
  if (traceIds.length === 0) return new Map();
  const { rows } = await sql<WaitingRequest & { trace_id: string }>`
    select distinct on (r.trace_id) r.trace_id, r.kind, r.created_at, r.attempts, r.delivered_at, r.error
    from ${overdue(store)} and r.trace_id in (${sql.join([...traceIds])})
    order by r.trace_id, r.position`.execute(store.db);
  return new Map(rows.map((row) => [row.trace_id, stuckRequest(row)]));
}

/** A request that does not get through, in words. */
export function stuckRequest(request: WaitingRequest): Stuck {
  const { delivered_at, attempts, error, created_at } = request;
  const what = `the ${WORDS[request.kind]} of ${created_at.toISOString()}`;
  if (delivered_at !== null) {
    return {
      code: 'NOT_TAKEN_UP',
      message: `Temporal has had ${what} since ${delivered_at.toISOString()}, and no worker process has acted on it`,
      hint: 'nothing is lost. Start a worker process, or more of them when all are busy; warden ping says how many there are',
    };
  }
  const said = error === null ? '' : `; tried ${attempts} times, last: ${error}`;
  return {
    code: 'NOT_DELIVERED',
    message: `Temporal could not be told of ${what}${said}`,
    hint:
      'nothing is lost, and it is sent as soon as Temporal answers. Start Temporal, or correct its address in the ' +
      'settings of the API process; warden ping says whether it is reached',
  };
}

const WORDS: Record<RequestKind, string> = {
  start: 'start',
  approve: 'approval',
  reject: 'rejection',
  retry: 'retry',
  cancel: 'cancel',
  retry_step: 'retry-step',
  retry_compensation: 'retry-compensation',
};
