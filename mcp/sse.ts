/**
 * A tool server behind HTTP with SSE (MCP 2024-11-05, Transports): a stream is held open for all that the server
 * says, and names an address to which messages are posted.
 *
 * States: new → open → closed. It closes when the stream ends, because the session ends with it. Invariants:
 * 1. A message is posted once. 2. Messages are posted only to the origin of the stream. 3. `onclose` is called once.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { StreamEvent } from './event-stream.ts';
import { readEvents } from './event-stream.ts';
import type { Exchanges } from './exchanges.ts';
import { createExchanges } from './exchanges.ts';
import { answeredIdOf, cancelledIdOf, readMessages, requestIdOf, writeMessage } from './messages.ts';
import type { SendRequest } from './request.ts';
import { createRequests, isSuccess, refuseEncoding, statusError } from './request.ts';
import type { Target } from './target.ts';
import type { ServerTransport, TransportHooks } from './transport.ts';
import { MESSAGE_LIMIT_BYTES, NotSent } from './transport.ts';

interface Link {
  url: URL;
  requests: SendRequest;
  exchanges: Exchanges;
  hooks: TransportHooks;
  endpoint: URL | null;
  version: string | null;
  closed: boolean;
  onMessage(message: JSONRPCMessage): void;
}

/** A transport of the MCP client to one server. */
export function createSseTransport(target: Target, hooks: TransportHooks): ServerTransport {
  const link: Link = {
    url: target.url,
    requests: createRequests(target, hooks.timeoutMs),
    exchanges: createExchanges(),
    hooks,
    endpoint: null,
    version: null,
    closed: false,
    onMessage: (message) => transport.onmessage?.(message),
  };
  const close = async (): Promise<void> => {
    if (link.closed) return;
    link.closed = true;
    transport.onclose?.();
    link.exchanges.endAll(new Error('the connection was closed'));
  };
  const transport: ServerTransport = {
    start: () => open(link, close),
    send: (message) => post(link, message),
    close,
    setProtocolVersion: (version) => {
      link.version = version;
    },
    isOpen: () => link.endpoint !== null && !link.closed,
    // The session lives as long as the stream, whose end is heard.
    isDoubtful: () => false,
    hearsChanges: () => true,
  };
  return transport;
}

/** Opens the stream; resolves when the server named its address, and reads on until the end. */
async function open(link: Link, close: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timeoutMs = link.hooks.timeoutMs;
    const late = () => reject(new Error(`the server named no address for messages within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    const named = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const ended = (error: unknown): void => {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error(String(error)));
      void close();
    };
    const stream = link.exchanges.run(null, null, (signal) => readStream(link, signal, named));
    stream.then(() => ended(new Error('the stream of the server ended')), ended);
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
}

async function readStream(link: Link, signal: AbortSignal, named: () => void): Promise<void> {
  const { url } = link;
  const headers = { accept: 'text/event-stream' };
  const answer = await link.requests({ method: 'GET', url, headers, body: null, signal });
  try {
    if (!isSuccess(answer)) throw await statusError(answer);
    if (answer.type !== 'text/event-stream') {
      throw new Error(`expected an answer of the type text/event-stream, got ${answer.type || 'no type'}`);
    }
    refuseEncoding(answer.header('content-encoding'));
    const position = { lastId: null, retryMs: null };
    for await (const event of readEvents(answer.body, position, MESSAGE_LIMIT_BYTES)) {
      receive(link, event, named);
    }
  } finally {
    answer.body.destroy();
  }
}

function receive(link: Link, { name, data }: StreamEvent, named: () => void): void {
  if (name === 'endpoint' && link.endpoint === null) {
    link.endpoint = endpointOf(data, link.url);
    named();
  }
  if (name !== 'message') return;
  for (const message of readMessages(data)) {
    link.onMessage(message);
    const id = answeredIdOf(message);
    // What the POST itself is answered with no longer matters.
    if (id !== null) link.exchanges.end(id);
  }
}

function endpointOf(text: string, url: URL): URL {
  if (!URL.canParse(text, url.href))
    throw new Error('the server named something that is no address for messages');
  const endpoint = new URL(text, url);
  if (endpoint.origin !== url.origin) {
    throw new Error(
      `the server named an address for messages at ${endpoint.origin}; only ${url.origin} is posted to`,
    );
  }
  endpoint.username = url.username;
  endpoint.password = url.password;
  return endpoint;
}

async function post(link: Link, message: JSONRPCMessage): Promise<void> {
  const { endpoint } = link;
  if (endpoint === null || link.closed) throw new NotSent('the stream of the server has ended');
  const body = writeMessage(message);
  const cancelled = cancelledIdOf(message);
  if (cancelled !== null) link.exchanges.end(cancelled);
  const id = requestIdOf(message);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (link.version !== null) headers['mcp-protocol-version'] = link.version;
  await link.exchanges.run(id, id === null ? link.hooks.timeoutMs : null, async (signal) => {
    const answer = await link.requests({ method: 'POST', url: endpoint, headers, body, signal });
    try {
      if (!isSuccess(answer)) throw await statusError(answer);
    } finally {
      answer.body.destroy();
    }
  });
}
