/** The session with a server behind streamable HTTP: what both sides know of each other, and one request in it. */
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { Exchanges } from './exchanges.ts';
import { createExchanges } from './exchanges.ts';
import type { HttpAnswer, HttpRequest, SendRequest } from './request.ts';
import { createRequests, isSuccess } from './request.ts';
import type { Target } from './target.ts';
import type { TransportHooks } from './transport.ts';

export interface Session {
  url: URL;
  requests: SendRequest;
  exchanges: Exchanges;
  hooks: TransportHooks;
  onMessage(message: JSONRPCMessage): void;
  /** null: the server keeps no sessions, or there was no handshake yet. */
  id: string | null;
  /** Of the protocol, as agreed. */
  version: string | null;
  /** When the server last answered, by `performance.now()`. */
  heardAt: number;
  /** The stream of what the server says by itself is open. */
  listening: boolean;
  /** `lost`: the server no longer knows the session. */
  state: 'open' | 'lost' | 'closed';
}

export function createSession(
  target: Target,
  hooks: TransportHooks,
  onMessage: (message: JSONRPCMessage) => void,
): Session {
  return {
    url: target.url,
    requests: createRequests(target, hooks.timeoutMs),
    exchanges: createExchanges(),
    hooks,
    onMessage,
    id: null,
    version: null,
    heardAt: -Infinity,
    listening: false,
    state: 'open',
  };
}

/** One request in the session. Rejects as `SendRequest` does. */
export async function ask(session: Session, request: Omit<HttpRequest, 'url'>): Promise<HttpAnswer> {
  const headers = {
    ...request.headers,
    ...(session.id === null ? {} : { 'mcp-session-id': session.id }),
    ...(session.version === null ? {} : { 'mcp-protocol-version': session.version }),
  };
  const answer = await session.requests({ ...request, url: session.url, headers });
  if (isSuccess(answer)) session.heardAt = performance.now();
  return answer;
}
