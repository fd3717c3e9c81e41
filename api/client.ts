/**
 * The typed client of the HTTP interface: one method per route, over `fetch` alone. It owns addresses and the shapes
 * of answers; what they mean is the contract's business.
 */
import {
  ACCEPTED,
  CANCELLED,
  DEFINITIONS,
  DEPLOYED,
  HEALTH,
  READINESS,
  RECOVERED,
  RETRIED,
  REVIEW_SHOWN,
  REVIEWS,
  SAGA_DEFINITION,
  SAGAS,
  STARTED,
  STEP_SHOWN,
  STEPS,
} from './client-answers.ts';
import type { DefinitionLists } from './client-answers.ts';
import { ApiError, createCall, type QueryValue } from './client-call.ts';
import type { Shape } from './client-shape.ts';
import type { Readiness } from './contract-health.ts';
import type { RecoveryBody } from './contract-recovery.ts';
import type { ApproveBody, DecisionBody, RejectBody, RetryBody } from './contract-reviews.ts';
import type { CancelBody, StartSagaBody } from './contract-sagas.ts';

export { ApiError, ApiUnreachable } from './client-call.ts';

interface Paging {
  limit?: number | undefined;
  offset?: number | undefined;
}

interface InNamespace {
  namespace?: string | undefined;
}

export interface SagasQuery extends Paging, InNamespace {
  trace_id?: string | undefined;
  status?: readonly string[] | undefined;
  in_flight?: boolean | undefined;
  failed?: boolean | undefined;
  stuck?: boolean | undefined;
  name?: string | undefined;
}

export interface StepsQuery extends Paging, InNamespace {
  trace_id: string;
  status?: readonly string[] | undefined;
}

export interface PendingReviewsQuery extends Paging, InNamespace {
  trace_id?: string | undefined;
  kind?: string | undefined;
}

export interface DefinitionsQuery extends Paging, InNamespace {
  name?: string | undefined;
  is_active?: boolean | undefined;
}

export interface ExportQuery extends InNamespace {
  trace_id?: string | undefined;
  after_seq?: number | undefined;
}

export type ApiClient = ReturnType<typeof createApiClient>;

/** Longer than the server takes to say that it cannot answer. */
const LIMIT_MS = 30_000;
/** Of what the server works on for a while: large manifests, the beginning of an export. */
const LONG_LIMIT_MS = 120_000;
/** The media type of an export. */
const LINES = 'application/x-ndjson';

/**
 * A client of the server at `baseUrl` (such as `http://127.0.0.1:8000`).
 * Every method rejects with {@link ApiError} for an error of Warden, and with {@link ApiUnreachable} when there is no
 * answer in time or one of something else.
 * @param limits milliseconds for a request, and for one that takes its time
 */
export function createApiClient(baseUrl: string, limits: { ms?: number; longMs?: number } = {}) {
  const call = createCall(baseUrl, limits.ms ?? LIMIT_MS);
  const limitMs = limits.longMs ?? LONG_LIMIT_MS;
  const get = <Answer>(
    path: string,
    shape: Shape<Answer>,
    query: Readonly<Record<string, QueryValue>> = {},
  ) => call.json<Answer>({ method: 'GET', path, query, shape });
  const post = <Answer>(path: string, shape: Shape<Answer>, json: object, query: InNamespace = {}) =>
    call.json<Answer>({ method: 'POST', path, query: { ...query }, json, shape });
  const saga = (trace: string): string => `/v1/sagas/${encodeURIComponent(trace)}`;
  const step = (trace: string, span: string): string => `${saga(trace)}/steps/${encodeURIComponent(span)}`;
  return {
    health: () => get('/v1/health', HEALTH),
    /** Answers also when the server is not ready: `ready` is false then. */
    ready: () => readyOrNot(get('/v1/ready', READINESS)),
    /** Deploys a manifest written in YAML or JSON. */
    deploy: (yaml: string) =>
      call.json({ method: 'POST', path: '/v1/manifests', yaml, limitMs, shape: DEPLOYED }),
    startSaga: (body: StartSagaBody) => post('/v1/sagas/start', STARTED, body),
    listSagas: (query: SagasQuery = {}) => get('/v1/sagas', SAGAS, { ...query }),
    listSteps: (query: StepsQuery) => get('/v1/sagas/steps', STEPS, { ...query }),
    showStep: (trace: string, span: string, query: InNamespace = {}) =>
      get(step(trace, span), STEP_SHOWN, { ...query }),
    pendingReviews: (query: PendingReviewsQuery = {}) =>
      get('/v1/sagas/pending-review', REVIEWS, { ...query }),
    /** `id`: `<trace_id>.<span_id>.<iteration>`. */
    showReview: (id: string, query: InNamespace = {}) =>
      get(`/v1/reviews/${encodeURIComponent(id)}`, REVIEW_SHOWN, { ...query }),
    decide: (trace: string, span: string, body: DecisionBody, query: InNamespace = {}) =>
      post(`${step(trace, span)}/decision`, ACCEPTED, body, query),
    approve: (trace: string, span: string, body: ApproveBody = {}, query: InNamespace = {}) =>
      post(`${step(trace, span)}/approve`, ACCEPTED, body, query),
    reject: (trace: string, span: string, body: RejectBody = {}, query: InNamespace = {}) =>
      post(`${step(trace, span)}/reject`, ACCEPTED, body, query),
    retry: (trace: string, span: string, body: RetryBody = {}, query: InNamespace = {}) =>
      post(`${step(trace, span)}/retry`, RETRIED, body, query),
    retryStep: (trace: string, span: string, body: RecoveryBody = {}, query: InNamespace = {}) =>
      post(`${step(trace, span)}/retry-step`, RECOVERED, body, query),
    retryCompensation: (trace: string, span: string, body: RecoveryBody = {}, query: InNamespace = {}) =>
      post(`${step(trace, span)}/retry-compensation`, RECOVERED, body, query),
    cancel: (trace: string, body: CancelBody = {}, query: InNamespace = {}) =>
      post(`${saga(trace)}/cancel`, CANCELLED, body, query),
    listDefinitions: <Type extends keyof DefinitionLists>(type: Type, query: DefinitionsQuery = {}) =>
      get<DefinitionLists[Type]>(`/v1/definitions/${type}s`, DEFINITIONS[type], { ...query }),
    /** One saga definition, of any namespace, by its id. */
    showSagaDefinition: (id: string) =>
      get(`/v1/definitions/sagas/${encodeURIComponent(id)}`, SAGA_DEFINITION),
    /** The OpenAPI 3.1 document of the interface. */
    openapi: () => get<{ openapi: string }>('/v1/openapi.json', { openapi: 'string' }),
    /** The answer itself: its body is one JSON entry a line, to be read as it comes. */
    exportLedger: (query: ExportQuery = {}): Promise<Response> =>
      call.begun({ method: 'GET', path: '/v1/ledger/export', query: { ...query }, limitMs, type: LINES }),
  };
}

/** The answer that says what is missing is an error to others, but not to whoever asks for readiness. */
async function readyOrNot(asked: Promise<Readiness>): Promise<Readiness> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 503) throw error;
    const { temporal, store, workers } = error.problem;
    const state = { ready: false, temporal, store, workers };
    if (isReadiness(state)) return state;
    throw error;
  }
}

function isReadiness(state: Record<keyof Readiness, unknown>): state is Readiness {
  return [state.temporal, state.store, state.workers].every(
    (part) => typeof part === 'object' && part !== null,
  );
}
