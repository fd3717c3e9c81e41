/** The tables as Kysely sees them. Columns are those of the migrations; JSON is written as text cast to jsonb. */
import type { ColumnType, Generated } from 'kysely';
import type { Actor } from '../ledger/entry.ts';
import type { Definition } from '../domain/definition.ts';
import type { FailureCode } from '../domain/failure.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Phase, SettleAnswer, StepAnswer, UndoAnswer } from '../domain/answers.ts';
import type { ReviewStatus, SagaStatus, StepKind, StepStatus } from '../domain/status.ts';
import type { StoredBody } from './stored-body.ts';

/** Read as parsed JSON, written as the text that `asJson` makes. */
type JsonColumn<T> = ColumnType<T, string | null, string | null>;
type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface Tables {
  settings: { name: string; value: string };
  chains: { namespace: string; n: number; hash: string | null };
  definitions: {
    id: string;
    kind: 'worker' | 'saga';
    namespace: string;
    name: string;
    version: string;
    digest: string;
    is_active: boolean;
    created_at: Time;
    updated_at: Time;
  };
  definition_bodies: { digest: string; body: JsonColumn<StoredBody> };
  sagas: {
    trace_id: string;
    position: Generated<number>;
    namespace: string;
    definition_id: string;
    name: string;
    version: string;
    digest: string;
    status: SagaStatus;
    request_hash: string;
    start_idempotency_key: string | null;
    input: JsonColumn<JsonObject>;
    run_id: string | null;
    chain_n: number;
    chain_hash: string | null;
    failure: JsonColumn<SagaFailure | null>;
    stuck: JsonColumn<Stuck | null>;
    started_at: Time;
    ended_at: NullableTime;
  };
  steps: {
    trace_id: string;
    span_id: string;
    order_index: number;
    step_id: string;
    name: string;
    kind: StepKind;
    status: StepStatus;
    worker: string;
    worker_version: string;
    compensates_span_id: string | null;
    started_at: Time;
    end_time: NullableTime;
    error_details: JsonColumn<JsonObject | null>;
    resolved_arguments: JsonColumn<JsonObject>;
    output_payload: JsonColumn<JsonObject | null>;
    usage: JsonColumn<JsonObject | null>;
    timing: JsonColumn<JsonObject | null>;
    prompt_ref: string | null;
  };
  executions: {
    trace_id: string;
    span_id: string;
    iteration: number;
    phase: Phase;
    token: number;
    idle_attempts: Generated<number>;
    alive_at: Time;
    /** When Temporal scheduled the attempt that holds the token. */
    scheduled_at: NullableTime;
    tool: string | null;
    idempotent: Generated<boolean>;
    calling_at: NullableTime;
    calling_token: number | null;
    calls: Generated<number>;
    failed_calls: Generated<number>;
    outcome: JsonColumn<StepAnswer | UndoAnswer | null>;
    outcome_at: NullableTime;
    /** The last request with force whose attempt took the row. */
    forced: ColumnType<string | null, string | null | undefined, string | null>;
    /** The last request with force that a call was begun for; it allows no second one. */
    forced_call: ColumnType<string | null, string | null | undefined, string | null>;
  };
  turns: {
    trace_id: string;
    span_id: string;
    iteration: number;
    n: number;
    at: Time;
    turn: JsonColumn<Json>;
  };
  reviews: {
    trace_id: string;
    span_id: string;
    iteration: number;
    namespace: string;
    kind: StepKind;
    status: ReviewStatus;
    payload: JsonColumn<Json>;
    sent: JsonColumn<JsonObject | null>;
    payload_hash: string;
    edit_schema: JsonColumn<JsonObject | null>;
    edit: JsonColumn<ReviewEdit | null>;
    diff: JsonColumn<Json>;
    verdict: JsonColumn<Verdict | null>;
    actor: JsonColumn<Actor | null>;
    comment: string | null;
    opened_at: Time;
    expires_at: NullableTime;
    decided_at: NullableTime;
    retries_left: number | null;
    policy: JsonColumn<Json>;
    settled: JsonColumn<SettleAnswer | null>;
  };
  requests: {
    id: string;
    position: Generated<number>;
    trace_id: string;
    kind: RequestKind;
    span_id: string | null;
    iteration: number | null;
    body: JsonColumn<JsonObject>;
    actor: JsonColumn<Actor>;
    created_at: Time;
    next_at: Time;
    attempts: Generated<number>;
    delivered_at: NullableTime;
    consumed_at: NullableTime;
    closed_at: NullableTime;
    closed_why: string | null;
    error: string | null;
  };
  /** What recoveries answered, by their tokens. */
  recoveries: {
    trace_id: string;
    token: string;
    /** Hash of what was asked. */
    parameters: string;
    answer: JsonColumn<RecoveryAnswer>;
    at: Time;
  };
  ledger_entries: {
    chain: string;
    n: number;
    at: Time;
    namespace: string;
    project: string | null;
    trace_id: string | null;
    span_id: string | null;
    type: string;
    actor: JsonColumn<Actor>;
    data_hash: string | null;
    prev_hash: string | null;
    hash: string;
  };
  ledger_payloads: { chain: string; hash: string; namespace: string; data: JsonColumn<Json> };
  ledger_unsealed: { position: Generated<number>; chain: string; n: number };
  ledger_head: { seq: number };
  refusals: { id: string; trace_id: string; at: Time };
  ledger_seals: { seq: number; chain: string; n: number };
}

export type DefinitionBody = Definition | Frozen;

/** What a saga froze at its start: the digests of its own definition and of its workers', by `name@version`. */
export interface Frozen {
  kind: 'frozen';
  saga: string;
  workers: Record<string, string>;
}

export type RequestKind = 'start' | 'approve' | 'reject' | 'retry' | 'cancel' | RecoveryKind;

export type RecoveryKind = 'retry_step' | 'retry_compensation';

/** The answer to a recovery, as it was given first and is given again for the same token. */
export interface RecoveryAnswer {
  status: 'requeued' | 'scheduled' | 'claim_active';
  idempotency_key: string;
  worker_command_key: string;
  recovery_token: string;
}

export interface SagaFailure {
  code: FailureCode;
  message: string;
  step_id: string | null;
}

export interface Stuck {
  code: string;
  message: string;
  hint: string;
}

/** What a reviewer made of the payload on hold, as it was accepted. */
export interface ReviewEdit {
  payload: JsonObject;
  sent: JsonObject | null;
  /** Of `sent` (commit) or of the payload (reason); the review's own hash stays that of what was on hold. */
  payload_hash: string;
}

/** What a reviewer said beyond the verdict itself: error details of a rejection, guidance of a retry. */
export interface Verdict {
  error_details?: JsonObject;
  guidance?: string;
  retry_token?: string;
}
