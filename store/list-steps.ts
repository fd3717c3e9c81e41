/** Steps as lists show them: in the order of the saga, an undo directly after the step that it undoes. */
import type { JsonObject } from '../domain/json.ts';
import type { StepKind, StepStatus } from '../domain/status.ts';
import type { Store } from './store.ts';

export interface StepsWanted {
  namespace: string;
  traceId: string;
  /** Empty: any. */
  statuses: readonly StepStatus[];
  limit: number;
  offset: number;
}

export interface StepListRow {
  step_span_id: string;
  saga_trace_id: string;
  namespace: string;
  step_id: string;
  step_name: string;
  step_kind: StepKind;
  order_index: number;
  status: StepStatus;
  worker: string;
  worker_version: string;
  compensates_span_id: string | null;
  started_at: Date;
  end_time: Date | null;
  error_details: JsonObject | null;
  timing: JsonObject | null;
  usage: JsonObject | null;
}

export interface StepShownRow extends StepListRow {
  resolved_arguments: JsonObject;
  output_payload: JsonObject | null;
  prompt_ref: string | null;
}

/** The steps of one saga; a saga of another namespace has none. */
export async function listSteps(store: Pick<Store, 'db'>, wanted: StepsWanted): Promise<StepListRow[]> {
  const { statuses, limit, offset } = wanted;
  let query = stepsOf(store, wanted);
  if (statuses.length > 0) query = query.where('s.status', 'in', [...statuses]);
  return query
    .orderBy('order_index')
    .orderBy((eb) => eb('s.compensates_span_id', 'is not', null))
    .orderBy('s.span_id')
    .limit(limit)
    .offset(offset)
    .execute();
}

/** One step with its arguments and output; null when there is none in that saga and namespace. */
export async function findStep(
  store: Pick<Store, 'db'>,
  wanted: { namespace: string; traceId: string; span: string },
): Promise<StepShownRow | null> {
  const row = await stepsOf(store, wanted)
    .select(['s.resolved_arguments', 's.output_payload', 's.prompt_ref'])
    .where('s.span_id', '=', wanted.span)
    .executeTakeFirst();
  return row ?? null;
}

/** An undo is shown under the id, name, kind and place of the step that it undoes. */
function stepsOf({ db }: Pick<Store, 'db'>, { namespace, traceId }: { namespace: string; traceId: string }) {
  return db
    .selectFrom('steps as s')
    .innerJoin('sagas as g', 'g.trace_id', 's.trace_id')
    .leftJoin('steps as f', (join) =>
      join.onRef('f.trace_id', '=', 's.trace_id').onRef('f.span_id', '=', 's.compensates_span_id'),
    )
    .select(['s.span_id as step_span_id', 's.trace_id as saga_trace_id', 'g.namespace'])
    .select((eb) => [
      eb.fn.coalesce('f.step_id', 's.step_id').as('step_id'),
      eb.fn.coalesce('f.name', 's.name').as('step_name'),
      eb.fn.coalesce('f.kind', 's.kind').as('step_kind'),
      eb.fn.coalesce('f.order_index', 's.order_index').as('order_index'),
    ])
    .select(['s.status', 's.worker', 's.worker_version', 's.compensates_span_id'])
    .select(['s.started_at', 's.end_time', 's.error_details', 's.timing', 's.usage'])
    .where('s.trace_id', '=', traceId)
    .where('g.namespace', '=', namespace);
}
