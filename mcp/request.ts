/**
 * One HTTP request to a tool server. Invariants: 1. It is written at most once: each has a connection of its
 * own, because on one that is kept open a request may meet the server's closing, and nobody could tell whether
 * it was read. 2. It rejects with `NotSent` exactly when no byte of it was handed to a connection. 3. The
 * connection is to an address that was judged (address.ts). 4. Redirects are not followed.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createLookup } from './address.ts';
import type { Mask } from './secrets.ts';
import { createMask } from './secrets.ts';
import type { Target } from './target.ts';
import { MESSAGE_LIMIT_BYTES, messageOf, NotExecuted, NotSent } from './transport.ts';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** Ends the request, and the reading of its answer. */
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Media type without parameters, in lower case; '' when there is none. */
  type: string;
  header(name: string): string | null;
  /** Must be read to its end or destroyed. */
  body: IncomingMessage;
  /** Takes out of a text what was secret in the request. */
  mask: Mask;
}

export type SendRequest = (request: HttpRequest) => Promise<HttpAnswer>;

/** By these the server says that it did not act; of others, 303 and 500 among them, that is not known. */
const NOT_EXECUTED: readonly number[] = [301, 302, 307, 308, 401, 403, 404, 405, 406, 413, 415, 421, 429];
const SHOWN_CHARACTERS = 300;
const ERROR_BODY_MS = 1_000;
const PROBE_MS = 30_000;

/** Requests with the headers of a target; a connection that takes longer than the limit was not made. */
export function createRequests(target: Target, connectTimeoutMs: number): SendRequest {
  const lookup = createLookup(target.allowPrivate);
  const mask = createMask(target.secrets);
  return async (request) => {
    const { method, url, body, signal } = request;
    const headers = { ...target.headers, 'accept-encoding': 'identity', ...request.headers };
    const start = url.protocol === 'https:' ? requestHttps : requestHttp;
    return await new Promise<HttpAnswer>((resolve, reject) => {
      if (signal.aborted) return reject(new NotSent('it was given up before'));
      let sent: ClientRequest;
      try {
        sent = start(url, { method, headers, lookup, signal, agent: false });
      } catch (error) {
        return reject(new NotSent(messageOf(error)));
      }
      const isConnected = watchConnection(sent, url.protocol === 'https:', connectTimeoutMs);
      sent.on('error', (error) => {
        const why = signal.aborted ? messageOf(signal.reason) : messageOf(error);
        reject(isConnected() ? new Error(why) : new NotSent(why));
      });
      sent.once('response', (message) => {
        signal.addEventListener('abort', () => message.destroy(), { once: true });
        resolve(answerOf(message, mask));
      });
      sent.end(body ?? undefined);
    });
  };
}

function watchConnection(sent: ClientRequest, secure: boolean, timeoutMs: number): () => boolean {
  let connected = false;
  const late = () => sent.destroy(new Error(`no connection was made within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  sent.once('socket', (socket) => {
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      connected = true;
      clearTimeout(timer);
      // A host that vanished says nothing; the system asks for it.
      socket.setKeepAlive(true, PROBE_MS);
    });
  });
  sent.once('close', () => clearTimeout(timer));
  return () => connected;
}

function answerOf(body: IncomingMessage, mask: Mask): HttpAnswer {
  const header = (name: string): string | null => {
    const value = body.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
  // Whoever reads it gets the error; a body that nobody reads any more must not end this process.
  body.on('error', () => undefined);
  const type = (header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return { status: body.statusCode ?? 0, type, header, body, mask };
}

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299;
}

/** The whole body. Rejects when it is cut, encoded, or longer than a message may be. */
export async function readText({ body, header }: HttpAnswer): Promise<string> {
  refuseEncoding(header('content-encoding'));
  const chunks: Buffer[] = [];
  let size = 0;
  const arriving: AsyncIterable<Buffer> = body;
  for await (const chunk of arriving) {
    size += chunk.length;
    if (size > MESSAGE_LIMIT_BYTES) throw new Error(tooLarge());
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** It was asked not to encode: what it sends all the same could unfold to any size. */
export function refuseEncoding(encoding: string | null): void {
  if (encoding === null || encoding === '' || encoding === 'identity') return;
  throw new Error(`the server encoded its answer as ${encoding}, although it was asked not to`);
}

export function tooLarge(): string {
  return `the server answered more than ${MESSAGE_LIMIT_BYTES} bytes`;
}

/** The error for an answer whose status is no success. Text of the server in it is clipped. */
export async function statusError(answer: HttpAnswer): Promise<Error> {
  const { status } = answer;
  const location = answer.header('location');
  const said = status >= 300 && status <= 399 ? '' : await beginning(answer);
  const redirect = location === null ? '' : ` and sends us elsewhere; redirects are not followed`;
  const message = `the server answered HTTP ${status}${redirect}${said === '' ? '' : `: ${said}`}`;
  return NOT_EXECUTED.includes(status) ? new NotExecuted(message) : new Error(message);
}

async function beginning({ body, mask }: HttpAnswer): Promise<string> {
  const timer = setTimeout(() => body.destroy(), ERROR_BODY_MS);
  let text = '';
  let cut = false;
  try {
    const arriving: AsyncIterable<Buffer> = body;
    for await (const chunk of arriving) {
      text += chunk.toString('utf8');
      if (text.length > SHOWN_CHARACTERS) break;
    }
  } catch {
    // What came is enough.
    cut = true;
  } finally {
    clearTimeout(timer);
  }
  cut ||= text.length > SHOWN_CHARACTERS;
  return mask(mask(text).slice(0, SHOWN_CHARACTERS), { cut }).replace(/\s+/g, ' ').trim();
}
