/**
 * The typed client of the HTTP interface: one method per route, over `fetch` alone. It owns addresses and errors;
 * what the answers mean is the contract's business.
 */
import type {
  Deployed,
  SagaDefinitionItem,
  SagaDefinitionList,
  WorkerDefinitionList,
} from './contract-definitions.ts';
import type { Health, Readiness } from './contract-health.ts';
import type { ProblemBody } from './contract-problem.ts';
import type {
  ApproveBody,
  DecisionAccepted,
  DecisionBody,
  PendingReviewList,
  RejectBody,
  RetryAccepted,
  RetryBody,
} from './contract-reviews.ts';
import type { ReviewShown } from './contract-review.ts';
import type { RecoveryAccepted, RecoveryBody } from './contract-recovery.ts';
import type { CancelAccepted, CancelBody, SagaList, SagaStarted, StartSagaBody } from './contract-sagas.ts';
import type { StepList, StepShown } from './contract-steps.ts';

type QueryValue = string | number | boolean | readonly string[] | null | undefined;

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

interface DefinitionLists {
  saga: SagaDefinitionList;
  worker: WorkerDefinitionList;
}

export interface ExportQuery extends InNamespace {
  trace_id?: string | undefined;
  after_seq?: number | undefined;
}

/** The server answered with an error. The message is what it said, one problem per line. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    super(describe(problem));
    this.status = problem.status;
    this.problem = problem;
  }
}

/** The server could not be asked, or what answered is not Warden. */
export class ApiUnreachable extends Error {
  override name = 'ApiUnreachable';
}

export type ApiClient = ReturnType<typeof createApiClient>;

/**
 * A client of the server at `baseUrl` (such as `http://127.0.0.1:8000`).
 * Every method rejects with {@link ApiError} for an error answer and {@link ApiUnreachable} without an answer.
 */
export function createApiClient(baseUrl: string) {
  const call = createCall(baseUrl);
  const step = (trace: string, span: string): string =>
    `/v1/sagas/${encodeURIComponent(trace)}/steps/${encodeURIComponent(span)}`;
  return {
    health: () => call.json<Health>('GET', '/v1/health'),
    /** Answers also when the server is not ready: `ready` is false then. */
    ready: () => readyOrNot(call.json<Readiness>('GET', '/v1/ready')),
    /** Deploys a manifest written in YAML or JSON. */
    deploy: (text: string) => call.json<Deployed>('POST', '/v1/manifests', {}, { yaml: text }),
    startSaga: (body: StartSagaBody) => call.json<SagaStarted>('POST', '/v1/sagas/start', {}, { json: body }),
    listSagas: (query: SagasQuery = {}) => call.json<SagaList>('GET', '/v1/sagas', { ...query }),
    listSteps: (query: StepsQuery) => call.json<StepList>('GET', '/v1/sagas/steps', { ...query }),
    showStep: (trace: string, span: string, query: InNamespace = {}) =>
      call.json<StepShown>('GET', step(trace, span), { ...query }),
    pendingReviews: (query: PendingReviewsQuery = {}) =>
      call.json<PendingReviewList>('GET', '/v1/sagas/pending-review', { ...query }),
    /** `id`: `<trace_id>.<span_id>.<iteration>`. */
    showReview: (id: string, query: InNamespace = {}) =>
      call.json<ReviewShown>('GET', `/v1/reviews/${encodeURIComponent(id)}`, { ...query }),
    decide: (trace: string, span: string, body: DecisionBody, query: InNamespace = {}) =>
      call.json<DecisionAccepted>('POST', `${step(trace, span)}/decision`, { ...query }, { json: body }),
    approve: (trace: string, span: string, body: ApproveBody = {}, query: InNamespace = {}) =>
      call.json<DecisionAccepted>('POST', `${step(trace, span)}/approve`, { ...query }, { json: body }),
    reject: (trace: string, span: string, body: RejectBody = {}, query: InNamespace = {}) =>
      call.json<DecisionAccepted>('POST', `${step(trace, span)}/reject`, { ...query }, { json: body }),
    retry: (trace: string, span: string, body: RetryBody = {}, query: InNamespace = {}) =>
      call.json<RetryAccepted>('POST', `${step(trace, span)}/retry`, { ...query }, { json: body }),
    retryStep: (trace: string, span: string, body: RecoveryBody = {}, query: InNamespace = {}) =>
      call.json<RecoveryAccepted>('POST', `${step(trace, span)}/retry-step`, { ...query }, { json: body }),
    retryCompensation: (trace: string, span: string, body: RecoveryBody = {}, query: InNamespace = {}) =>
      call.json<RecoveryAccepted>(
        'POST',
        `${step(trace, span)}/retry-compensation`,
        { ...query },
        { json: body },
      ),
    cancel: (trace: string, body: CancelBody = {}, query: InNamespace = {}) =>
      call.json<CancelAccepted>(
        'POST',
        `/v1/sagas/${encodeURIComponent(trace)}/cancel`,
        { ...query },
        { json: body },
      ),
    listDefinitions: <Type extends keyof DefinitionLists>(type: Type, query: DefinitionsQuery = {}) =>
      call.json<DefinitionLists[Type]>('GET', `/v1/definitions/${type}s`, { ...query }),
    /** One saga definition, of any namespace, by its id. */
    showSagaDefinition: (id: string) =>
      call.json<SagaDefinitionItem>('GET', `/v1/definitions/sagas/${encodeURIComponent(id)}`),
    /** The OpenAPI 3.1 document of the interface. */
    openapi: () => call.json<{ openapi: string }>('GET', '/v1/openapi.json'),
    /** The answer itself: its body is one JSON entry a line, to be read as it comes. */
    exportLedger: (query: ExportQuery = {}): Promise<Response> =>
      call.raw('GET', '/v1/ledger/export', { ...query }),
  };
}

interface Content {
  json?: unknown;
  yaml?: string;
}

function createCall(baseUrl: string) {
  const base = baseUrl.replace(/\/+$/, '');

  async function raw(
    method: 'GET' | 'POST',
    path: string,
    query: Record<string, QueryValue>,
    content: Content = {},
  ): Promise<Response> {
    const response = await send(base, `${path}${queryText(query)}`, method, content);
    if (response.ok) return response;
    throw new ApiError(readProblem(response, await response.text()));
  }

  async function json<Answer>(
    method: 'GET' | 'POST',
    path: string,
    query: Record<string, QueryValue> = {},
    content: Content = {},
  ): Promise<Answer> {
    const text = await (await raw(method, path, query, content)).text();
    const answer = parse(text);
    if (isAnswer<Answer>(answer)) return answer;
    throw new ApiUnreachable(`expected JSON from ${base}${path}, got something else; is it Warden?`);
  }

  return { raw, json };
}

async function send(base: string, target: string, method: string, content: Content): Promise<Response> {
  const body = content.yaml ?? (content.json === undefined ? undefined : JSON.stringify(content.json));
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined)
    headers['content-type'] = content.yaml === undefined ? 'application/json' : 'application/yaml';
  try {
    return await fetch(`${base}${target}`, { method, headers, ...(body === undefined ? {} : { body }) });
  } catch (cause) {
    throw new ApiUnreachable(`no answer from ${base}: ${reasonOf(cause)}`, { cause });
  }
}

/** `fetch` says only "fetch failed"; what happened is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : error.message;
}

function queryText(query: Record<string, QueryValue>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    for (const each of typeof value === 'object' ? value : [value]) search.append(key, String(each));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The JSON of a text; undefined when it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server's own contract says what an answer looks like; here only what is not from such a server is told apart. */
function isAnswer<Answer>(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null;
}

function readProblem(response: Response, text: string): ProblemBody {
  const plain = {
    title: response.statusText,
    status: response.status,
    detail: text.slice(0, 2000),
    problems: [],
  };
  const body = parse(text);
  return isAnswer<ProblemBody>(body) ? { ...plain, ...body, status: response.status } : plain;
}

function describe({ title, detail }: ProblemBody): string {
  if (typeof detail === 'string') return detail === '' ? title : detail;
  return detail
    .map(({ loc, msg }) => `${loc.slice(1).join('.') || String(loc[0] ?? 'request')}: ${msg}`)
    .join('\n');
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
