/**
 * One request of the client and its answer: sent once, within a limit of time, and held to what Warden answers.
 * Whatever else comes back is an error that says what came from which address.
 */
import { misfitOf, type Shape } from './client-shape.ts';
import type { ProblemBody } from './contract-problem.ts';

export type QueryValue = string | number | boolean | readonly string[] | null | undefined;

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

/**
 * There is no answer of Warden. `away`: nobody is there; `late`: no answer came in time; `foreign`: what answered
 * is not Warden.
 */
export class ApiUnreachable extends Error {
  override name = 'ApiUnreachable';
  readonly why: 'away' | 'late' | 'foreign';

  constructor(message: string, options: { why?: ApiUnreachable['why']; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.why = options.why ?? 'away';
  }
}

interface Request {
  method: 'GET' | 'POST';
  path: string;
  query?: Readonly<Record<string, QueryValue>>;
  json?: unknown;
  yaml?: string;
  /** For what takes its time; left out: the limit of every request. */
  limitMs?: number;
}

const SHOWN_CHARACTERS = 120;
const PROBLEM: Shape<ProblemBody> = { title: 'string', detail: 'JSON' };

/** @param limitMs for the whole of a request and its answer */
export function createCall(baseUrl: string, limitMs: number) {
  const base = baseUrl.replace(/\/+$/, '');

  /** The parsed answer. Rejects with {@link ApiError} or {@link ApiUnreachable}. */
  async function json<Answer>(asked: Request & { shape: Shape<Answer> }): Promise<Answer> {
    const { response, text } = await within(base, { limitMs, ...asked }, async (sent) => ({
      response: sent,
      text: await sent.text(),
    }));
    const answer = parse(text);
    if (!response.ok) throw errorOf(`${base}${asked.path}`, response, text);
    if (fits(answer, asked.shape)) return answer;
    const misfit = answer === undefined ? null : misfitOf(answer, asked.shape);
    throw foreign(`${base}${asked.path}`, misfit ?? `JSON, found ${shown(response, text)}`);
  }

  /** The answer once it has begun, to be read as it comes; the limit is for its beginning. */
  async function begun(asked: Request & { type: string }): Promise<Response> {
    return await within(base, { limitMs, ...asked }, async (response) => {
      const { ok, headers } = response;
      if (ok && (headers.get('content-type') ?? '').startsWith(asked.type)) return response;
      const address = `${base}${asked.path}`;
      if (!ok) throw errorOf(address, response, await response.text());
      await response.body?.cancel();
      throw foreign(address, `${asked.type}, found ${shown(response, null)}`);
    });
  }

  return { json, begun };
}

async function within<Result>(
  base: string,
  asked: Request & { limitMs: number },
  read: (response: Response) => Promise<Result>,
): Promise<Result> {
  const { method, path, limitMs } = asked;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limitMs);
  try {
    return await read(
      await fetch(`${base}${path}${queryText(asked.query ?? {})}`, requestOf(asked, stop.signal)),
    );
  } catch (cause) {
    if (cause instanceof ApiError || cause instanceof ApiUnreachable) throw cause;
    const unknown = method === 'POST' ? '; whether it was done is not known' : '';
    if (stop.signal.aborted) {
      const message = `no answer from ${base}${path} within ${limitMs / 1000} s${unknown}`;
      throw new ApiUnreachable(message, { why: 'late', cause });
    }
    throw new ApiUnreachable(`no answer from ${base}: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Redirects are not followed: Warden makes none, and a decision must not arrive anywhere else. */
function requestOf({ method, json, yaml }: Request, signal: AbortSignal): RequestInit {
  const body = yaml ?? (json === undefined ? null : JSON.stringify(json));
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== null) headers['content-type'] = yaml === undefined ? 'application/json' : 'application/yaml';
  return { method, headers, body, signal, redirect: 'manual' };
}

/** `fetch` says only "fetch failed"; what happened is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : error.message;
}

function queryText(query: Readonly<Record<string, QueryValue>>): string {
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

function fits<Answer>(value: unknown, shape: Shape<Answer>): value is Answer {
  return misfitOf(value, shape) === null;
}

/** Every error of Warden is a problem; any other is somebody else's. */
function errorOf(address: string, response: Response, text: string): ApiError | ApiUnreachable {
  const body = parse(text);
  if (fits(body, PROBLEM) && isDetail(body.detail)) return new ApiError({ ...body, status: response.status });
  return foreign(address, `an answer or a problem, found ${shown(response, text)}`);
}

function isDetail(detail: unknown): boolean {
  return (
    typeof detail === 'string' || misfitOf({ detail }, { detail: [{ msg: 'string', loc: 'list' }] }) === null
  );
}

function foreign(address: string, expectation: string): ApiUnreachable {
  const message = `what answers at ${address} is not Warden: expected ${expectation}`;
  return new ApiUnreachable(message, { why: 'foreign' });
}

/** Status, type and beginning of an answer. */
function shown({ status, statusText, headers }: Response, text: string | null): string {
  const type = headers.get('content-type') ?? 'no content type';
  const to = headers.get('location');
  const head = [`${status}`, statusText, ...(to === null ? [] : [`to ${cut(to)}`]), `(${type})`];
  const said =
    text === '' ? ['without a body'] : text === null ? [] : [`that begins with ${JSON.stringify(cut(text))}`];
  return [...head, ...said].filter((part) => part !== '').join(' ');
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function describe({ title, detail }: ProblemBody): string {
  if (typeof detail === 'string') return detail === '' ? title : detail;
  return detail
    .map(({ loc, msg }) => `${loc.slice(1).join('.') || String(loc[0] ?? 'request')}: ${msg}`)
    .join('\n');
}
