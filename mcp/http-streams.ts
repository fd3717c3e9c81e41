/**
 * The streams of a server behind streamable HTTP: one for the answer to a request, and one for what the server
 * says by itself. A stream that is cut is read on by GET where it was; nothing is posted here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';
import type { StreamPosition } from './event-stream.ts';
import { readEvents } from './event-stream.ts';
import type { Session } from './http-session.ts';
import { ask } from './http-session.ts';
import { answeredIdOf, readMessages } from './messages.ts';
import type { HttpAnswer } from './request.ts';
import { isSuccess, refuseEncoding, statusError } from './request.ts';
import { MESSAGE_LIMIT_BYTES, messageOf, NotExecuted } from './transport.ts';

const RESUMES = 3;
const LISTEN_FAILURES = 5;
/** A stream that was open for longer ended for reasons of its own, such as the idle limit of a proxy. */
const LASTED_MS = 10_000;
const WAIT_MS = { first: 1_000, least: 100, most: 30_000 } as const;

/**
 * Reads the answer to a request that was posted. Rejects, never with an error that says the request was not sent
 * or not executed, when the stream ends without it and cannot be read on.
 */
export async function follow(
  session: Session,
  first: HttpAnswer,
  id: RequestId,
  signal: AbortSignal,
): Promise<void> {
  const position: StreamPosition = { lastId: null, retryMs: null };
  let answer: HttpAnswer | null = first;
  let cut = 'the stream of the server ended before the response';
  for (let failures = 0; failures <= RESUMES; failures += 1) {
    const from = position.lastId;
    try {
      answer ??= await resume(session, position, signal);
      if (await readStream(session, answer, position, id)) return;
    } catch (error) {
      cut = `the stream of the server was cut: ${messageOf(error)}`;
    } finally {
      answer?.body.destroy();
      answer = null;
    }
    if (position.lastId === null || signal.aborted) break;
    if (position.lastId !== from) failures = 0;
    await delay(waitMs(position, 0), undefined, { signal });
  }
  throw new Error(cut);
}

/** Holds a stream open for what the server says by itself, until the session ends. Never rejects. */
export async function listen(session: Session): Promise<void> {
  const position: StreamPosition = { lastId: null, retryMs: null };
  const stream = { wasOpen: false };
  for (let failures = 0; session.state === 'open' && failures < LISTEN_FAILURES; failures += 1) {
    const began = performance.now();
    try {
      await session.exchanges.run(null, null, async (signal) => {
        const answer = await resume(session, position, signal);
        if (stream.wasOpen) session.hooks.onGap();
        stream.wasOpen = true;
        session.listening = true;
        await readStream(session, answer, position, null);
      });
    } catch (error) {
      // Many servers have no such stream; then there is nothing to hear.
      if (!stream.wasOpen) return;
      if (error instanceof NotExecuted) break;
    } finally {
      session.listening = false;
    }
    if (performance.now() - began > LASTED_MS) failures = 0;
    session.heardAt = -Infinity;
    session.hooks.onGap();
    await delay(waitMs(position, failures), undefined, { ref: false });
  }
  if (session.state === 'open') session.state = 'lost';
}

async function resume(session: Session, position: StreamPosition, signal: AbortSignal): Promise<HttpAnswer> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (position.lastId !== null) headers['last-event-id'] = position.lastId;
  const answer = await ask(session, { method: 'GET', headers, body: null, signal });
  if (isSuccess(answer) && answer.type === 'text/event-stream') return answer;
  const error = isSuccess(answer) ? new Error('the server offers no stream') : await statusError(answer);
  answer.body.destroy();
  throw error;
}

/** True when the answer to the request came; false when the stream ended without it. */
async function readStream(
  session: Session,
  { body, header }: HttpAnswer,
  position: StreamPosition,
  id: RequestId | null,
): Promise<boolean> {
  refuseEncoding(header('content-encoding'));
  for await (const { name, data } of readEvents(body, position, MESSAGE_LIMIT_BYTES)) {
    session.heardAt = performance.now();
    if (name !== 'message') continue;
    for (const message of readMessages(data)) {
      session.onMessage(message);
      if (id !== null && answeredIdOf(message) === id) return true;
    }
  }
  return false;
}

function waitMs({ retryMs }: StreamPosition, failures: number): number {
  const wait = retryMs ?? WAIT_MS.first * 2 ** failures;
  return Math.min(Math.max(wait, WAIT_MS.least), WAIT_MS.most);
}
