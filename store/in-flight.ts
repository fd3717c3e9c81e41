/** Sagas in flight as delivery looks at them: which there are, and up to when closed workflows were looked at. */
import { sql } from 'kysely';
import { IN_FLIGHT } from '../domain/status.ts';
import type { Store } from './store.ts';

export interface InFlightSaga {
  traceId: string;
  /** null: Temporal has not told it yet. */
  runId: string | null;
}

/** Written into the text, so that the partial index on sagas in flight serves. */
const inFlight = sql`s.status in (${sql.join(IN_FLIGHT.map((status) => sql.lit(status)))})`;
const columns = sql`s.trace_id as "traceId", s.run_id as "runId"`;

/** A saga that has ended, and whose workflow is open all the same: an undo that failed may be taken up again. */
const repairable = sql`(s.status = 'FAILED' and s.failure ->> 'code' = 'COMPENSATION_FAILED')`;

/** Those of the sagas named whose workflow should be open. */
export async function openAmong({ db }: Store, traceIds: readonly string[]): Promise<InFlightSaga[]> {
  if (traceIds.length === 0) return [];
  const { rows } = await sql<InFlightSaga>`
    select ${columns} from sagas as s
    where s.trace_id in (${sql.join([...traceIds])}) and (${inFlight} or ${repairable})`.execute(db);
  return rows;
}

/** Where a walk through the sagas in flight is; it begins before every namespace. */
export interface Walk {
  namespace: string;
  position: number;
}

export const WALK_BEGINS: Walk = { namespace: '', position: 0 };

/**
 * The next page of the sagas in flight whose start Temporal has accepted: by namespace, newest first. Two branches,
 * because each is a look into the index (measured with 50,000 in flight: one query over all took 50 ms).
 */
export async function inFlightAfter(
  { db }: Store,
  walk: Walk,
  limit: number,
): Promise<(InFlightSaga & Walk)[]> {
  const told = sql`exists (
    select from requests as r
    where r.trace_id = s.trace_id and r.kind = 'start' and r.delivered_at is not null
  )`;
  const { rows } = await sql<InFlightSaga & Walk>`
    (
      select ${columns}, s.namespace, s.position from sagas as s
      where ${inFlight} and s.namespace = ${walk.namespace} and s.position < ${walk.position} and ${told}
      order by s.position desc limit ${limit}
    ) union all (
      select ${columns}, s.namespace, s.position from sagas as s
      where ${inFlight} and s.namespace > ${walk.namespace} and ${told}
      order by s.namespace, s.position desc limit ${limit}
    )
    order by namespace, position desc limit ${limit}`.execute(db);
  return rows;
}

/** Sagas that are marked as stuck with one of these codes. */
export async function stuckWith({ db }: Store, codes: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ trace_id: string }>`
    select trace_id from sagas where stuck is not null and stuck ->> 'code' in (${sql.join([...codes])})`.execute(
    db,
  );
  return rows.map((row) => row.trace_id);
}

/** What is said of a saga in Temporal's own tools. */
export async function namesOf(
  { db }: Store,
  traceId: string,
): Promise<{ namespace: string; name: string; version: string; status: string }> {
  return db
    .selectFrom('sagas')
    .select(['namespace', 'name', 'version', 'status'])
    .where('trace_id', '=', traceId)
    .executeTakeFirstOrThrow();
}

const LOOKED = 'closed_workflows_looked_at';

/**
 * Up to when closed workflows were looked at; at first, when the oldest saga in flight began. Null: none is in
 * flight and none ever was looked at.
 */
export async function lookedUntil({ db }: Store): Promise<Date | null> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', LOOKED).executeTakeFirst();
  if (row) return new Date(row.value);
  const { rows } = await sql<{ began: Date | null }>`
    select min(s.started_at) as began from sagas as s where ${inFlight}`.execute(db);
  return rows[0]?.began ?? null;
}

/** Notes that closed workflows were looked at up to a moment. */
export async function noteLooked({ db }: Store, until: Date): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name: LOOKED, value: until.toISOString() })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: until.toISOString() }))
    .execute();
}
