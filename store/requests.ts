/**
 * Requests: what was asked of a saga, from the transaction that accepted it until the saga acted on it. Delivery
 * tells Temporal about each; the row, not the message, is what must not be lost.
 *
 * A row is asked → delivered (Temporal accepted it) → consumed (the saga acted on it), or closed when it can never
 * take effect. A saga may act on a row before it was sent, because it reads the review, not the message. It is due
 * for sending while it is neither consumed nor closed.
 */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { Court } from './judge.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export type Request = Selectable<Tables['requests']>;

/** How long Temporal has for the saga to act on a request before it is told again: at first, and after that. */
const AGAIN_MS = { first: 60_000, later: 3_600_000 };

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

/** The saga runs: its start need not be sent again. */
export async function consumeStart(court: Court): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ consumed_at: court.now })
    .where('trace_id', '=', court.saga.trace_id)
    .where('kind', '=', 'start')
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

/** A failed undo that was taken up again runs: what asked for that has taken effect. */
export async function consumeReopening(court: Court, span: string, iteration: number): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ consumed_at: court.now })
    .where('trace_id', '=', court.saga.trace_id)
    .where('kind', '=', 'retry_compensation')
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where(sql<boolean>`body -> 'reopens' = 'true'::jsonb`)
    .where('consumed_at', 'is', null)
    .execute();
}

/**
 * Claims up to `limit` due requests for one try each, by moving their `next_at` by `claimMs`, so that two processes
 * do not send one row at the same moment. A saga's requests go in order: a later one is due only when the earlier
 * ones were accepted.
 *
 * Two subqueries keep it from reading every row that waits (measured with 50,000: 8 ms and 1 ms): the clock's, since
 * a volatile function is not looked up in an index, and the one of earlier requests, which is not made a join.
 */
export async function claimDue(store: Store, limit: number, claimMs: number): Promise<Request[]> {
  const { rows } = await sql<Request>`
    with due as materialized (
      select id from requests as r
      where closed_at is null and consumed_at is null
        and next_at <= (select ${store.clock})
        and (
          select true from requests as earlier
          where earlier.trace_id = r.trace_id and earlier.position < r.position
            and earlier.delivered_at is null and earlier.consumed_at is null and earlier.closed_at is null
          limit 1
        ) is null
      order by next_at
      limit ${limit}
      for update skip locked
    )
    update requests as r
    set next_at = ${inMs(store, claimMs)}, attempts = r.attempts + 1
    from due
    where r.id = due.id
    returning r.*`.execute(store.db);
  return rows.sort((a, b) => a.position - b.position);
}

/**
 * Temporal has accepted it. Until it is consumed it is sent again after a minute, then hourly. Answers whether
 * another request of the saga waited for this one.
 */
export async function noteDelivered(store: Store, request: Request): Promise<boolean> {
  const againMs = request.delivered_at === null ? AGAIN_MS.first : AGAIN_MS.later;
  const { rows } = await sql<{ more: boolean }>`
    update requests as r
    set next_at = ${inMs(store, againMs)}, error = null, delivered_at = coalesce(delivered_at, ${store.clock})
    where id = ${request.id} and closed_at is null
    returning exists (
      select from requests as later
      where later.trace_id = r.trace_id and later.position > r.position
        and later.delivered_at is null and later.consumed_at is null and later.closed_at is null
    ) as more`.execute(store.db);
  return rows[0]?.more ?? false;
}

/** A try failed: the error is shown with the request and it is tried again after `delayMs`. */
export async function noteUndelivered(
  store: Store,
  request: Request,
  error: string,
  delayMs: number,
): Promise<void> {
  await sql`
    update requests set next_at = ${inMs(store, delayMs)}, error = ${error}
    where id = ${request.id} and closed_at is null`.execute(store.db);
}

function inMs(store: Store, ms: number): RawBuilder<Date> {
  return sql<Date>`${store.clock} + ${ms}::float8 * interval '1 millisecond'`;
}

/** Closes the requests of a saga that were not acted on and never will be, and says why. */
export async function closeRequests(court: Court, why: string): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ closed_at: court.now, closed_why: why })
    .where('trace_id', '=', court.saga.trace_id)
    .where('closed_at', 'is', null)
    .where('consumed_at', 'is', null)
    .execute();
}

/**
 * Makes requests of a saga due again. `unconsumed`: only those that it has not acted on; `all`: also the others,
 * because the run that acted on them was replaced by one that did not.
 */
export async function sendAgain(
  court: Court,
  kinds: readonly Request['kind'][],
  which: 'unconsumed' | 'all',
): Promise<void> {
  await court.tx
    .updateTable('requests')
    .set({ delivered_at: null, consumed_at: null, next_at: court.now, attempts: 0 })
    .where('trace_id', '=', court.saga.trace_id)
    .where('kind', 'in', [...kinds])
    .where('closed_at', 'is', null)
    .$if(which === 'unconsumed', (query) => query.where('consumed_at', 'is', null))
    .execute();
  court.requested();
}
