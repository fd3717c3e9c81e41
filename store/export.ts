/** The ledger in the order of its `seq`, as auditors read it: every member that was hashed, and what it is about. */
import { sql, type RawBuilder } from 'kysely';
import type { Json } from '../domain/json.ts';
import type { Actor, SealedEntry } from '../ledger/entry.ts';
import { sealAll } from './sealer.ts';
import type { Store } from './store.ts';

export interface ExportFilter {
  namespace?: string | null | undefined;
  traceId?: string | null | undefined;
  /** Entries after this one; absent: from the first. */
  afterSeq?: number | null | undefined;
}

/** A page ends after so many entries, or when what they are about takes so many bytes as the store keeps it. */
const PAGE = { entries: 200, bytes: 1_000_000 };

/**
 * Seals what is committed, then answers every entry up to there, page by page: no transaction is open and no more
 * than a page is in memory while the reader takes its time. Entries written meanwhile are for the next export.
 */
export async function* exportLedger(
  store: Pick<Store, 'db'>,
  filter: ExportFilter = {},
): AsyncGenerator<SealedEntry, void, undefined> {
  const until = await sealAll(store);
  let after = filter.afterSeq ?? 0;
  for (;;) {
    const page = await readPage(store, filter, after, until);
    for (const row of page) yield toEntry(row);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

interface Row {
  seq: number;
  n: number;
  at: Date;
  namespace: string;
  project: string | null;
  trace_id: string | null;
  span_id: string | null;
  type: string;
  actor: Actor;
  data_hash: string | null;
  prev_hash: string | null;
  hash: string;
  data: Json;
}

async function readPage(
  { db }: Pick<Store, 'db'>,
  filter: ExportFilter,
  after: number,
  until: number,
): Promise<Row[]> {
  const { rows } = await sql<Row>`
    with page as (
      select s.seq, s.chain, s.n, coalesce(pg_column_size(p.data), 0) as size
      from ledger_seals as s
      join ledger_entries as e on e.chain = s.chain and e.n = s.n
      left join ledger_payloads as p on p.chain = e.chain and p.hash = e.data_hash
      where s.seq > ${after} and s.seq <= ${until} ${narrowed(filter)}
      order by s.seq
      limit ${PAGE.entries}
    ), sized as (
      select seq, chain, n, sum(size) over (order by seq) - size as before from page
    )
    select s.seq, e.n, e.at, e.namespace, e.project, e.trace_id, e.span_id, e.type, e.actor, e.data_hash,
      e.prev_hash, e.hash, p.data
    from sized as s
    join ledger_entries as e on e.chain = s.chain and e.n = s.n
    left join ledger_payloads as p on p.chain = e.chain and p.hash = e.data_hash
    where s.before < ${PAGE.bytes}
    order by s.seq`.execute(db);
  return rows;
}

function narrowed({ namespace, traceId }: ExportFilter): RawBuilder<unknown> {
  const ofSaga = traceId ? sql`and s.chain = ${traceId}` : sql``;
  const ofNamespace = namespace ? sql`and e.namespace = ${namespace}` : sql``;
  return sql`${ofSaga} ${ofNamespace}`;
}

/** `at` is hashed as text with milliseconds; the column keeps exactly those, so the text is the one hashed. */
function toEntry(row: Row): SealedEntry {
  const { seq, n, at, namespace, project, trace_id, span_id, type, actor, data_hash, prev_hash, hash, data } =
    row;
  const place = { seq, n, at: at.toISOString(), namespace, project, trace_id, span_id };
  return { ...place, type, actor, data_hash, prev_hash, hash, data };
}
