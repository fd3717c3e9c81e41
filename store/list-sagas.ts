/** The list of sagas, newest first. Filters that have a partial index are written as that index says them. */
import { sql } from 'kysely';
import { isInFlight, type SagaStatus } from '../domain/status.ts';
import type { Store } from './store.ts';
import { sagasWithOverdue, stuckRequests } from './stuck.ts';
import type { SagaFailure, Stuck } from './tables.ts';

export interface SagasWanted {
  namespace: string;
  traceId: string | null;
  /** Empty: any. */
  statuses: readonly SagaStatus[];
  inFlight: boolean;
  failed: boolean;
  stuck: boolean;
  name: string | null;
  limit: number;
  offset: number;
}

export interface SagaListRow {
  trace_id: string;
  namespace: string;
  definition_id: string;
  status: SagaStatus;
  start_idempotency_key: string | null;
  started_at: Date;
  name: string;
  version: string;
  ended_at: Date | null;
  failure: SagaFailure | null;
  stuck: Stuck | null;
  /** Of what it froze at its start. */
  digest: string;
}

const COLUMNS = [
  'trace_id',
  'namespace',
  'definition_id',
  'status',
  'start_idempotency_key',
  'started_at',
  'name',
  'version',
  'ended_at',
  'failure',
  'stuck',
  'digest',
] as const;

const IN_FLIGHT = sql<boolean>`status in ('PENDING', 'RUNNING', 'AWAITING_HUMAN', 'COMPENSATING')`;
const FAILED = sql<boolean>`status in ('FAILED', 'COMPENSATED')`;

/** What keeps a saga from going on is noted in its row, or follows from its requests as they stand now. */
export async function listSagas(
  store: Pick<Store, 'db' | 'clock'>,
  wanted: SagasWanted,
): Promise<SagaListRow[]> {
  const rows = await readPage(store, wanted);
  const asked = rows.filter((row) => row.stuck === null && isInFlight(row.status));
  const requests = await stuckRequests(
    store,
    asked.map((row) => row.trace_id),
  );
  return rows.map((row) => ({ ...row, stuck: row.stuck ?? requests.get(row.trace_id) ?? null }));
}

async function readPage(store: Pick<Store, 'db' | 'clock'>, wanted: SagasWanted): Promise<SagaListRow[]> {
  const { namespace, traceId, statuses, inFlight, failed, stuck, name, limit, offset } = wanted;
  let query = store.db.selectFrom('sagas').select(COLUMNS).where('namespace', '=', namespace);
  if (traceId !== null) query = query.where('trace_id', '=', traceId);
  if (statuses.length > 0) query = query.where('status', 'in', [...statuses]);
  if (name !== null) query = query.where('name', '=', name);
  if (inFlight) query = query.where(IN_FLIGHT);
  if (failed) query = query.where(FAILED);
  if (stuck) query = query.where(isStuck(store, namespace));
  return query.orderBy('position', 'desc').limit(limit).offset(offset).execute();
}

/** As two looks into indexes: those that are marked, which are few, and those of requests that wait. */
function isStuck(store: Pick<Store, 'clock'>, namespace: string) {
  return sql<boolean>`trace_id in (
    select trace_id from sagas where namespace = ${namespace} and stuck is not null
    union all ${sagasWithOverdue(store)}
  )`;
}

/** Whether there is such a saga in that namespace. */
export async function sagaExists(
  { db }: Pick<Store, 'db'>,
  wanted: { traceId: string; namespace: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('sagas')
    .select('trace_id')
    .where('trace_id', '=', wanted.traceId)
    .where('namespace', '=', wanted.namespace)
    .executeTakeFirst();
  return row !== undefined;
}
