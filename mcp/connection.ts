/**
 * One connection to one tool server, from its opening to its end.
 *
 * States: open → closed. It closes when the server goes away, when its pool closes it, or when it was retired
 * (the session ended, or something failed on it and it no longer answers a ping) and its last request has ended.
 * A closed connection is never opened again; the pool makes a new one. A call is written at most once, to one
 * server.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  EmptyResultSchema,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../domain/json.ts';
import type { CallOptions, Line } from './calls.ts';
import { callTool, closeWhenDone, readResource } from './calls.ts';
import type { Opening } from './opening.ts';
import type { ResourceText, ToolResult } from './result.ts';
import { createCleaner, createMask } from './secrets.ts';
import type { ServerTransport } from './transport.ts';
import { messageOf, NotSent } from './transport.ts';

const PING_TIMEOUT_MS = 5_000;
const MAX_PAGES = 100;
/** How long a tool list counts when the server has no way to say that it changed. */
const LIST_AGE_MS = 30_000;

export interface Connection {
  /** The server's tools; asked once, and again after they changed or may have changed. */
  tools(): Promise<readonly Tool[]>;
  /** Rejects with `ToolCallLost` or `ToolCallRefused`. */
  call(tool: string, args: JsonObject, options: CallOptions): Promise<ToolResult>;
  /** False when the server said that it has no resources at all. */
  hasResources(): boolean;
  /** Rejects with the reason why there is no text. */
  read(uri: string, signal: AbortSignal): Promise<ResourceText>;
  /** False when its server went away or no longer answers a ping; it then closes by itself. */
  isUsable(): Promise<boolean>;
}

export interface ConnectionOptions {
  /** Limit for the handshake, and for one page of the tool list. */
  timeoutMs: number;
  onStderr(line: string): void;
  /** The connection is closed; called once, also when the handshake never succeeded. */
  onEnded(): void;
}

/** A connection that is being opened. */
export interface Started {
  /** Rejects when the server cannot be reached or does not shake hands in time; what was started is then ended. */
  connection: Promise<Connection>;
  /** Ends it (a process: its input is closed, then it is terminated, then killed) and waits until it is gone. */
  close(): Promise<void>;
}

/** Starts the server's process, or connects to it, and shakes hands. */
export function connect(opening: Opening, options: ConnectionOptions): Started {
  const mask = createMask(opening.secrets);
  const clean = createCleaner(mask);
  let onGap = (): void => undefined;
  const transport = opening.transport({
    timeoutMs: options.timeoutMs,
    onStderr: (line) => options.onStderr(clean(line)),
    onGap: () => onGap(),
  });
  const client = new Client({ name: 'warden', version: '1' }, { capabilities: {} });
  const life = { closed: false, suspect: false, retired: false, pending: 0 };
  client.onclose = () => {
    life.closed = true;
    options.onEnded();
  };
  const list = createToolList(client, transport, options.timeoutMs);
  onGap = list.forget;
  const connection = overLine({ client, life, clean, mask }, transport, list);
  const ready = client.connect(transport, { timeout: options.timeoutMs }).catch((error: unknown) => {
    throw new Error(clean(connectError(error, opening.kind, options.timeoutMs)));
  });
  return { connection: ready.then(() => connection), close: () => transport.close() };
}

function connectError(error: unknown, kind: Opening['kind'], timeoutMs: number): string {
  const code = error instanceof McpError ? error.code : null;
  const closed = code === Number(ErrorCode.ConnectionClosed);
  const late = code === Number(ErrorCode.RequestTimeout);
  if (kind === 'address') {
    if (late) return `the server did not answer within ${timeoutMs} ms`;
    return closed ? 'the connection was closed before the server answered' : messageOf(error);
  }
  const log = 'what it printed is in the log of the worker process';
  if (closed || error instanceof NotSent) return `the server process ended before it answered; ${log}`;
  if (late) return `the server process did not answer within ${timeoutMs} ms; ${log}`;
  return `the server process could not be started: ${messageOf(error)}`;
}

function overLine(line: Line, transport: ServerTransport, list: ToolList): Connection {
  const { client, life, clean } = line;
  let proving: Promise<boolean> | null = null;

  async function tools(): Promise<readonly Tool[]> {
    try {
      return await list.read();
    } catch (error) {
      life.suspect = true;
      throw new Error(clean(`its tools cannot be listed: ${messageOf(error)}`));
    }
  }

  async function isUsable(): Promise<boolean> {
    if (life.closed || life.retired) return false;
    if (transport.isOpen() && !life.suspect && !transport.isDoubtful()) return true;
    // Many callers may ask at once: one ping serves them all.
    proving ??= answersPing(client).finally(() => {
      proving = null;
    });
    if (transport.isOpen() && (await proving) && transport.isOpen()) {
      life.suspect = false;
      return true;
    }
    life.retired = true;
    closeWhenDone(client, life);
    return false;
  }

  return {
    tools,
    call: (name, args, how) => callTool(line, { name, args, ...how }),
    hasResources: () => client.getServerCapabilities()?.resources !== undefined,
    read: (uri, signal) => readResource(line, uri, signal),
    isUsable,
  };
}

async function answersPing(client: Client): Promise<boolean> {
  try {
    await client.request({ method: 'ping' }, EmptyResultSchema, { timeout: PING_TIMEOUT_MS });
    return true;
  } catch (error) {
    // It does not know the question, and is there.
    return error instanceof McpError && error.code === Number(ErrorCode.MethodNotFound);
  }
}

interface ToolList {
  read(): Promise<readonly Tool[]>;
  forget(): void;
}

function createToolList(client: Client, transport: ServerTransport, timeoutMs: number): ToolList {
  let listing: { tools: Promise<readonly Tool[]>; askedAt: number } | null = null;
  const forget = (): void => {
    listing = null;
  };
  client.setNotificationHandler(ToolListChangedNotificationSchema, forget);

  async function read(): Promise<readonly Tool[]> {
    const now = performance.now();
    if (listing !== null && !transport.hearsChanges() && now - listing.askedAt > LIST_AGE_MS) listing = null;
    const asked = (listing ??= { tools: listTools(client, timeoutMs), askedAt: now });
    try {
      return await asked.tools;
    } catch (error) {
      if (listing === asked) listing = null;
      throw error;
    }
  }

  return { read, forget };
}

async function listTools(client: Client, timeout: number): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: 'tools/list', params }, ListToolsResultSchema, { timeout });
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) return tools;
  }
  throw new Error(`the tool list did not end after ${MAX_PAGES} pages`);
}
