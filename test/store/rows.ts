/** Rows of one saga, as the tests of this room look at them. */
import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { StepRef } from '../../domain/answers.ts';
import type { Json } from '../../domain/json.ts';
import type { Actor } from '../../ledger/entry.ts';
import type { Store } from '../../store/store.ts';
import type { Run } from './sagas.ts';

/** The types of a saga's ledger entries, in the order of its chain. */
export async function ledgerOf(store: Store, run: Run): Promise<string[]> {
  return (await entriesOf(store, run)).map(({ type }) => type);
}

export async function entriesOf(
  store: Store,
  run: Run,
): Promise<{ type: string; span_id: string | null; actor: Actor; data: Json }[]> {
  const rows = await store.db
    .selectFrom('ledger_entries as e')
    .leftJoin('ledger_payloads as p', (join) =>
      join.onRef('p.chain', '=', 'e.chain').onRef('p.hash', '=', 'e.data_hash'),
    )
    .select(['e.type', 'e.span_id', 'e.actor', 'p.data'])
    .where('e.chain', '=', run.trace)
    .orderBy('e.n')
    .execute();
  return rows;
}

export async function sagaRow(store: Store, run: Run) {
  return store.db.selectFrom('sagas').selectAll().where('trace_id', '=', run.trace).executeTakeFirstOrThrow();
}

/** A step's or an undo's row. */
export async function stepRow(store: Store, run: Run, span: string) {
  return store.db
    .selectFrom('steps')
    .selectAll()
    .where('trace_id', '=', run.trace)
    .where('span_id', '=', span)
    .executeTakeFirstOrThrow();
}

export async function requestsOf(store: Store, run: Run) {
  return store.db
    .selectFrom('requests')
    .selectAll()
    .where('trace_id', '=', run.trace)
    .orderBy('position')
    .execute();
}

export async function reviewRow(store: Store, run: Run, index: number, iteration = 1) {
  return store.db
    .selectFrom('reviews')
    .selectAll()
    .where('trace_id', '=', run.trace)
    .where('span_id', '=', run.span(index))
    .where('iteration', '=', iteration)
    .executeTakeFirstOrThrow();
}

export async function executionRow(store: Store, { traceId, span, iteration, phase }: StepRef) {
  return store.db
    .selectFrom('executions')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where('phase', '=', phase)
    .executeTakeFirstOrThrow();
}

/** The attempt that holds this row has died: its last sign of life is as old as one that is given up. */
export async function dies(store: Store, { traceId, span, iteration, phase }: StepRef): Promise<void> {
  const died = await store.db
    .updateTable('executions')
    .set({ alive_at: sql<Date>`alive_at - interval '10 seconds'` })
    .where('trace_id', '=', traceId)
    .where('span_id', '=', span)
    .where('iteration', '=', iteration)
    .where('phase', '=', phase)
    .executeTakeFirstOrThrow();
  assert.equal(died.numUpdatedRows, 1n, 'no attempt has the row');
}

/** Everything that a saga's chain says, to compare it before and after. */
export async function ledgerText(store: Store, run: Run): Promise<string> {
  return JSON.stringify(await entriesOf(store, run));
}
