/**
 * Requests: what was asked of a saga, from the transaction that accepted it until the saga acted on it. Delivery
 * tells Temporal about each; the row, not the message, is what must not be lost.
 */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Court } from './judge.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export type Request = Selectable<Tables['requests']>;

export async function findRequest(court: Court, id: string): Promise<Request | null> {
  const row = await court.tx
    .selectFrom('requests')
    .selectAll()
    .where('id', '=', id)
    .where('trace_id', '=', court.saga.trace_id)
    .executeTakeFirst();
  return row ?? null;
}

/** The saga has acted on it: it need not be sent again. */
export async function consumeRequest(court: Court, id: string): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ consumed_at: court.now })
    .where('id', '=', id)
    .where('trace_id', '=', court.saga.trace_id)
    .where('consumed_at', 'is', null)
    .execute();
}

export async function consumeRequestsOf(court: Court, span: string, iteration: number): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ consumed_at: court.now })
    .where('trace_id', '=', court.saga.trace_id)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where('consumed_at', 'is', null)
    .execute();
}

/**
 * Claims due requests for one try each, by moving their `next_at`, so that two processes do not send one row at the
 * same moment. A saga's requests go in order: a later one is due only when the earlier ones were accepted.
 */
export async function claimDue(store: Store, limit: number, claimMs: number): Promise<Request[]> {
  const { rows } = await sql<Request>`
    update requests as r
    set next_at = ${store.clock} + ${claimMs}::float8 * interval '1 millisecond', attempts = r.attempts + 1
    where r.id in (
      select due.id from requests as due
      where due.closed_at is null
        and (due.delivered_at is null or due.consumed_at is null)
        and due.next_at <= ${store.clock}
        and not exists (
          select from requests as earlier
          where earlier.trace_id = due.trace_id and earlier.position < due.position
            and earlier.delivered_at is null and earlier.closed_at is null
        )
      order by due.next_at
      limit ${limit}
      for update skip locked
    )
    returning r.*`.execute(store.db);
  return rows.sort((a, b) => a.position - b.position);
}

/** Temporal has accepted it. Until it is consumed it is sent again after a minute, then hourly. */
export async function noteDelivered(store: Store, request: Request): Promise<void> {
  const again = request.delivered_at === null ? 60_000 : 3_600_000;
  await moved(store.db, request, again, { error: null, delivered: true }, store);
}

/** A try failed: the error is shown with the request and it is tried again after `delayMs`. */
export async function noteUndelivered(
  store: Store,
  request: Request,
  error: string,
  delayMs: number,
): Promise<void> {
  await moved(store.db, request, delayMs, { error, delivered: false }, store);
}

async function moved(
  db: Kysely<Tables>,
  request: Request,
  delayMs: number,
  outcome: { error: string | null; delivered: boolean },
  store: Store,
): Promise<void> {
  await sql`
    update requests
    set next_at = ${store.clock} + ${delayMs}::float8 * interval '1 millisecond',
        error = ${outcome.error},
        delivered_at = case when ${outcome.delivered} then coalesce(delivered_at, ${store.clock}) else delivered_at end
    where id = ${request.id} and closed_at is null`.execute(db);
}

/** When the next request is due, in milliseconds from now; null when none waits. */
export async function nextDueInMs(store: Store): Promise<number | null> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(next_at) - ${store.clock}) * 1000)::float8 as ms
    from requests where closed_at is null and (delivered_at is null or consumed_at is null)`.execute(
    store.db,
  );
  return rows[0]?.ms ?? null;
}

/** Closes a request that will never take effect, and says why. */
export async function closeRequest(court: Court, id: string, why: string): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ closed_at: court.now, closed_why: why })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .execute();
}

/**
 * Makes the requests of a saga due again: its start when Temporal does not know it, its decisions when the run was
 * replaced by a reset.
 */
export async function sendAgain(court: Court, kinds: readonly Request['kind'][]): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ delivered_at: null, consumed_at: null, next_at: court.now, attempts: 0 })
    .where('trace_id', '=', court.saga.trace_id)
    .where('kind', 'in', [...kinds])
    .where('closed_at', 'is', null)
    .execute();
  court.requested();
}
