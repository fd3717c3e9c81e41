/** What goes wrong with a provider, classified by what happens next: asked again, or the end of the step. */
import { z } from 'zod';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { ModelError, isTransient } from './model.ts';

/** The SDK's error for an HTTP answer, or for none. */
const apiError = z.object({
  name: z.literal('AI_APICallError'),
  message: z.string(),
  statusCode: z.number().optional(),
  responseHeaders: z.record(z.string(), z.string()).optional(),
});

/** An answer that came and cannot be read: cut, garbled, or from something in between. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'AI_JSONParseError',
  'AI_TypeValidationError',
  'AI_InvalidResponseDataError',
  'AI_EmptyResponseBodyError',
  'AI_NoContentGeneratedError',
]);

/** An error in the middle of a stream, as providers write it. */
const streamError = z.object({
  message: z.string().optional(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
  statusCode: z.number().optional(),
});

/**
 * The error as one of ours. `now` is the time, for hints that name one; `secret` is kept out of the message, and
 * taken out before that is cut, so that no part of it stays either.
 */
export function asModelError(error: unknown, now: number, secret: string | null): ModelError {
  if (error instanceof ModelError) return error;
  const quote = (text: string, limit: number = PREVIEW_LIMIT): string =>
    clip(secret === null ? text : text.replaceAll(secret, '…'), limit);
  const answer = apiError.safeParse(error);
  if (answer.success) return fromAnswer(answer.data, now, quote);
  if (error instanceof Error) return fromError(error, quote);
  const part = streamError.safeParse(error);
  if (part.success) return fromStream(part.data, quote);
  return new ModelError('transient', `the provider broke off with ${quote(shown(error))}`);
}

type Quote = (text: string, limit?: number) => string;

function fromAnswer(
  { message, statusCode, responseHeaders }: z.infer<typeof apiError>,
  now: number,
  quote: Quote,
): ModelError {
  const said = quote(message);
  if (statusCode === undefined) return new ModelError('transient', said);
  if (statusCode < 300) {
    return new ModelError('transient', `the answer cannot be read: ${said}`, { status: statusCode });
  }
  const waitMs = hintMs(responseHeaders ?? {}, now);
  const kind = isTransient(statusCode) ? 'transient' : 'refused';
  return new ModelError(kind, `status ${statusCode}: ${said}`, { status: statusCode, waitMs });
}

function fromError(error: Error, quote: Quote): ModelError {
  const said = quote(error.message);
  if (UNREADABLE.has(error.name)) return new ModelError('transient', `the answer cannot be read: ${said}`);
  // The SDK did not send it: the same request never will be.
  if (error.name.startsWith('AI_')) return new ModelError('refused', `the request cannot be made: ${said}`);
  const cause = error.cause instanceof Error ? ` (${quote(error.cause.message)})` : '';
  return new ModelError('transient', `the connection broke: ${said}${cause}`);
}

function fromStream(
  { message, type, code, statusCode }: z.infer<typeof streamError>,
  quote: Quote,
): ModelError {
  const words = `${code ?? ''} ${type ?? ''}`.toLowerCase();
  const status = statusCode ?? (httpStatus(code) || statusOf(words));
  const name = [type, code].filter((each) => each !== null && each !== undefined).join(', ');
  const said = quote(message ?? 'without a message');
  return new ModelError(
    isTransient(status) ? 'transient' : 'refused',
    `the provider broke off its answer${name === '' ? '' : ` (${quote(name, 100)})`}: ${said}`,
    { status },
  );
}

function httpStatus(code: string | number | null | undefined): number | null {
  const status = Number(code ?? NaN);
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : null;
}

const STATUSES: readonly (readonly [string, number])[] = [
  ['rate_limit', 429],
  ['quota', 429],
  ['authentication', 401],
  ['permission', 403],
  ['not_found', 404],
  ['too_large', 413],
  ['context_length', 400],
  ['invalid', 400],
  ['bad_request', 400],
  ['overloaded', 529],
];

/** Its type or code in words; what is not known may be different the next time. */
function statusOf(words: string): number {
  return STATUSES.find(([word]) => words.includes(word))?.[1] ?? 500;
}

/** How long the provider asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110). */
export function hintMs(headers: Readonly<Record<string, string>>, now: number): number | null {
  const ms = positive(headers['retry-after-ms']);
  if (ms !== null) return ms;
  const after = headers['retry-after'];
  const seconds = positive(after);
  if (seconds !== null) return seconds * 1000;
  // `Date.parse` takes a mere number for a year.
  const date = /^\s*[A-Za-z]/.test(after ?? '') ? Date.parse(after ?? '') : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function positive(text: string | undefined): number | null {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : null;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : String(JSON.stringify(value));
}
