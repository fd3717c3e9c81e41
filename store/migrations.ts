/** Numbered migrations, written as SQL. A migration that has shipped is never edited; a change is a new one. */
import { sql, type Kysely, type Migration, type MigrationProvider } from 'kysely';

const FIRST: readonly string[] = [
  `create table settings (name text primary key, value text not null)`,

  `create table chains (
    namespace text primary key,
    n bigint not null,
    hash text
  )`,

  `create table definitions (
    id uuid primary key,
    kind text not null,
    namespace text not null,
    name text not null,
    version text not null,
    digest text not null,
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (kind, namespace, name, version)
  )`,
  `create table definition_bodies (digest text primary key, body json not null)`,

  `create table sagas (
    trace_id text primary key,
    position bigint generated always as identity,
    namespace text not null,
    definition_id uuid not null,
    name text not null,
    version text not null,
    digest text not null,
    status text not null,
    request_hash text not null,
    start_idempotency_key text,
    input jsonb not null,
    run_id text,
    chain_n bigint not null,
    chain_hash text,
    failure jsonb,
    stuck jsonb,
    started_at timestamptz not null,
    ended_at timestamptz,
    unique (namespace, start_idempotency_key)
  ) with (fillfactor = 80)`,
  `create index sagas_newest on sagas (namespace, position desc)`,
  `create index sagas_in_flight on sagas (namespace, position desc)
    where status in ('PENDING', 'RUNNING', 'AWAITING_HUMAN', 'COMPENSATING')`,
  `create index sagas_failed on sagas (namespace, position desc) where status in ('FAILED', 'COMPENSATED')`,
  `create index sagas_stuck on sagas (namespace, position desc) where stuck is not null`,

  `create table steps (
    trace_id text not null references sagas,
    span_id text not null,
    order_index integer not null,
    step_id text not null,
    name text not null,
    kind text not null,
    status text not null,
    worker text not null,
    worker_version text not null,
    compensates_span_id text,
    started_at timestamptz not null,
    end_time timestamptz,
    error_details jsonb,
    resolved_arguments jsonb not null default '{}',
    output_payload jsonb,
    usage jsonb,
    timing jsonb,
    prompt_ref text,
    primary key (trace_id, span_id)
  ) with (fillfactor = 80)`,

  `create table executions (
    trace_id text not null references sagas,
    span_id text not null,
    iteration integer not null,
    phase text not null,
    token integer not null,
    idle_attempts integer not null default 0,
    alive_at timestamptz not null,
    scheduled_at timestamptz,
    tool text,
    idempotent boolean not null default false,
    calling_at timestamptz,
    calling_token integer,
    calls integer not null default 0,
    failed_calls integer not null default 0,
    outcome jsonb,
    outcome_at timestamptz,
    primary key (trace_id, span_id, iteration, phase)
  ) with (fillfactor = 80)`,

  `create table turns (
    trace_id text not null references sagas,
    span_id text not null,
    iteration integer not null,
    n integer not null,
    at timestamptz not null,
    turn jsonb not null,
    primary key (trace_id, span_id, iteration, n)
  )`,

  `create table reviews (
    trace_id text not null references sagas,
    span_id text not null,
    iteration integer not null,
    namespace text not null,
    kind text not null,
    status text not null,
    payload jsonb not null,
    sent jsonb,
    payload_hash text not null,
    edit_schema jsonb,
    edit jsonb,
    diff jsonb,
    verdict jsonb,
    actor jsonb,
    comment text,
    opened_at timestamptz not null,
    expires_at timestamptz,
    decided_at timestamptz,
    retries_left integer,
    policy jsonb,
    settled jsonb,
    primary key (trace_id, span_id, iteration)
  ) with (fillfactor = 80)`,
  `create index reviews_pending on reviews (namespace, opened_at desc, trace_id, span_id)
    where status = 'pending'`,

  `create table requests (
    id text primary key,
    position bigint generated always as identity,
    trace_id text not null references sagas,
    kind text not null,
    span_id text,
    iteration integer,
    body jsonb not null,
    actor jsonb not null,
    created_at timestamptz not null,
    next_at timestamptz not null,
    attempts integer not null default 0,
    delivered_at timestamptz,
    consumed_at timestamptz,
    closed_at timestamptz,
    closed_why text,
    error text
  ) with (fillfactor = 70)`,
  `create index requests_of_saga on requests (trace_id, position)`,
  `create index requests_due on requests (next_at)
    where closed_at is null and (delivered_at is null or consumed_at is null)`,

  `create table ledger_entries (
    chain text not null,
    n bigint not null,
    at timestamptz not null,
    namespace text not null,
    project text,
    trace_id text,
    span_id text,
    type text not null,
    actor jsonb not null,
    data_hash text,
    prev_hash text,
    hash text not null,
    primary key (chain, n)
  )`,
  `create function ledger_is_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'the ledger is append-only'; end $$`,
  `create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
    for each statement execute function ledger_is_append_only()`,
  `create table ledger_unsealed (
    position bigint generated always as identity primary key,
    chain text not null,
    n bigint not null
  )`,
  `create table ledger_head (seq bigint not null)`,
  `insert into ledger_head (seq) values (0)`,
  `create table ledger_payloads (
    chain text not null,
    hash text not null,
    namespace text not null,
    data jsonb,
    primary key (chain, hash)
  )`,
  `create table ledger_seals (
    seq bigint primary key,
    chain text not null,
    n bigint not null,
    unique (chain, n)
  )`,
  `create table refusals (id text primary key, trace_id text not null references sagas, at timestamptz not null)`,
];

const RECOVERY: readonly string[] = [
  // The last forced request whose attempt took the row, and the last one whose call was begun: each allows one.
  `alter table executions add column forced text, add column forced_call text`,
  `create table recoveries (
    trace_id text not null references sagas,
    token text not null,
    parameters text not null,
    answer jsonb not null,
    at timestamptz not null,
    primary key (trace_id, token)
  )`,
];

function statements(list: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const text of list) await sql.raw(text).execute(db);
    },
  };
}

export const migrations: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve({ '0001_first': statements(FIRST), '0002_recovery': statements(RECOVERY) }),
};
