/**
 * A tool server behind streamable HTTP (MCP 2025-06-18, Transports): every message is a POST, whose answer is
 * JSON or a stream; a GET is held open for what the server says by itself.
 *
 * States: open → lost → closed. It is lost when the server no longer knows our session; then nothing more is
 * sent, and what was sent may still be answered. Invariants: 1. A message is posted once; what is tried again is
 * only the reading of an answer, by GET. 2. `onclose` is called once. 3. `send` of a request ends when its
 * answer was handed on, and rejects when there will be none.
 */
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import { isInitializedNotification, isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import type { Session } from './http-session.ts';
import { ask, createSession } from './http-session.ts';
import { follow, listen } from './http-streams.ts';
import { answeredIdOf, cancelledIdOf, readMessages, requestIdOf, writeMessage } from './messages.ts';
import type { HttpAnswer } from './request.ts';
import { isSuccess, readText, statusError } from './request.ts';
import type { Target } from './target.ts';
import type { ServerTransport, TransportHooks } from './transport.ts';
import { NotSent } from './transport.ts';

/** A session that was not heard for longer is asked whether it still is; a server may have been restarted. */
const DOUBT_MS = 2_000;
const FAREWELL_MS = 1_000;
const SESSION_ID = /^[\x21-\x7e]{1,1000}$/;

/** A transport of the MCP client to one server. Nothing is sent before the first message. */
export function createHttpTransport(target: Target, hooks: TransportHooks): ServerTransport {
  const session = createSession(target, hooks, (message) => transport.onmessage?.(message));
  let ended: Promise<void> | null = null;
  const transport: ServerTransport = {
    start: async () => undefined,
    send: (message) => post(session, message),
    close: () => (ended ??= close(session, () => transport.onclose?.())),
    setProtocolVersion: (version) => {
      session.version = version;
    },
    isOpen: () => session.state === 'open',
    // Without a session there is nothing that the server could have forgotten.
    isDoubtful: () => session.id !== null && performance.now() - session.heardAt > DOUBT_MS,
    hearsChanges: () => session.listening,
  };
  return transport;
}

async function close(session: Session, onClosed: () => void): Promise<void> {
  const wasOpen = session.state === 'open';
  session.state = 'closed';
  onClosed();
  session.exchanges.endAll(new Error('the connection was closed'));
  if (session.id === null || !wasOpen) return;
  // The server may forget the session now; when it does not hear this, it does so by itself.
  const farewell = session.exchanges.run(null, FAREWELL_MS, async (signal) => {
    const answer = await ask(session, { method: 'DELETE', headers: {}, body: null, signal });
    answer.body.destroy();
  });
  await farewell.catch(() => undefined);
}

async function post(session: Session, message: JSONRPCMessage): Promise<void> {
  if (session.state !== 'open') throw new NotSent('the session with the server has ended');
  const body = writeMessage(message);
  const cancelled = cancelledIdOf(message);
  if (cancelled !== null) session.exchanges.end(cancelled);
  const id = requestIdOf(message);
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  await session.exchanges.run(id, id === null ? session.hooks.timeoutMs : null, async (signal) => {
    const answer = await ask(session, { method: 'POST', headers, body, signal });
    try {
      if (isInitializeRequest(message)) begin(session, answer);
      await accept(session, answer, id, signal);
    } finally {
      answer.body.destroy();
    }
  });
  if (isInitializedNotification(message)) void listen(session);
}

function begin(session: Session, answer: HttpAnswer): void {
  const id = answer.header('mcp-session-id');
  if (id === null || !isSuccess(answer)) return;
  if (!SESSION_ID.test(id)) throw new Error('the server gave a session id that cannot be sent back');
  session.id = id;
}

/** Hands on what a POST was answered with. Rejects when the answer to the request is not in it. */
async function accept(
  session: Session,
  answer: HttpAnswer,
  id: RequestId | null,
  signal: AbortSignal,
): Promise<void> {
  if (!isSuccess(answer)) {
    if (answer.status === 404 && session.id !== null && session.state === 'open') session.state = 'lost';
    throw await statusError(answer);
  }
  if (id === null) return;
  if (answer.type === 'text/event-stream') return await follow(session, answer, id, signal);
  if (answer.type !== 'application/json') {
    const got = `HTTP ${answer.status} with ${answer.type || 'no type'}`;
    throw new Error(`expected an answer of the type application/json or text/event-stream, got ${got}`);
  }
  const messages = readMessages(await readText(answer));
  for (const message of messages) session.onMessage(message);
  if (!messages.some((message) => answeredIdOf(message) === id)) {
    throw new Error('the server answered something else than a response to the request');
  }
}
