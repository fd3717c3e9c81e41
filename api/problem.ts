/**
 * Errors as answers: RFC 9457 with `detail` also as one text, because clients print it, and `problems` as the list.
 * A validation error has the list in `detail`.
 */
import { randomUUID } from 'node:crypto';
import { isStoreAway } from '../store/away.ts';
import type { ProblemBody, ValidationProblem } from './contract-problem.ts';

const TITLES: Record<number, string> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  500: 'Internal error',
  503: 'Not available now',
};

const RETRY_AFTER_SECONDS = '2';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Thrown to answer with an error. It is what the client did or must wait for, never a fault of ours. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(body: ProblemBody, headers: Record<string, string> = {}) {
    super(typeof body.detail === 'string' ? body.detail : body.title);
    this.body = body;
    this.headers = headers;
  }
}

/** A refusal with one reason. `extra`: members of its own. */
export function refusal(
  status: number,
  detail: string,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Refusal {
  const title = TITLES[status] ?? 'Error';
  return new Refusal({ title, status, detail, problems: [{ message: detail }], ...extra }, headers);
}

/** 422: what is wrong, and where. */
export function invalid(problems: readonly ValidationProblem[]): Refusal {
  const list = [...problems];
  return new Refusal({ title: TITLES[422] ?? '', status: 422, detail: list, problems: list });
}

/** 503: nothing is wrong with the request, and asking again later may do. */
export function unavailable(detail: string, extra: Record<string, unknown> = {}): Refusal {
  return refusal(503, detail, extra, { 'retry-after': RETRY_AFTER_SECONDS });
}

/** What a thrown error is answered with. What nobody expected is logged under an id, and only the id is told. */
export function refusalOf(error: unknown, log: Log, about: { method: string; path: string }): Refusal {
  if (error instanceof Refusal) return error;
  if (isStoreAway(error)) {
    log.warn({ ...about, err: error }, 'the store could not be asked');
    return unavailable('the store cannot be reached now; nothing is known to have happened: ask again');
  }
  const id = randomUUID();
  log.error({ ...about, id, err: error }, 'unexpected error');
  return refusal(500, `an unexpected error happened; it is in the log of the server under ${id}`, { id });
}
