/**
 * One connection to one tool server, from the start of its process to its end.
 *
 * States: open → closed. It closes when the server goes away, when its pool closes it, or when it was abandoned
 * (a call on it was given up and it no longer answers a ping) and its last call has ended. A closed connection
 * is never opened again; the pool makes a new one. A call is written at most once, to one process.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CallToolResultSchema,
  EmptyResultSchema,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../domain/json.ts';
import { ToolCallLost, ToolCallRefused } from './call-errors.ts';
import type { ToolResult } from './result.ts';
import { readResult } from './result.ts';
import { createCleaner } from './secrets.ts';
import type { Launch } from './source.ts';
import type { StdioTransport } from './stdio.ts';
import { createStdioTransport, MESSAGE_LIMIT_BYTES, NotSent } from './stdio.ts';

/** The callers' signals end calls; this is the longest delay that a Node timer takes. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
const PING_TIMEOUT_MS = 5_000;
const MAX_PAGES = 100;
/** By JSON-RPC these say that the request was not executed; any other error may come after an effect. */
const NOT_EXECUTED: readonly number[] = [
  ErrorCode.ParseError,
  ErrorCode.InvalidRequest,
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
];

export interface Connection {
  /** The server's tools; asked once, and again after the server said that they changed. */
  tools(): Promise<readonly Tool[]>;
  /** Rejects with `ToolCallLost` or `ToolCallRefused`. */
  call(tool: string, args: JsonObject, options: CallOptions): Promise<ToolResult>;
  /** False when calls were given up on it and it does not answer a ping either; it then closes by itself. */
  isUsable(): Promise<boolean>;
}

export interface CallOptions {
  /** The request's `_meta`. */
  meta: Record<string, unknown>;
  signal: AbortSignal;
}

export interface ConnectionOptions {
  /** Limit for the handshake, and for one page of the tool list. */
  timeoutMs: number;
  onStderr(line: string): void;
  /** The server's process is gone; called once, also when the handshake never succeeded. */
  onEnded(): void;
}

/** A server's process that was started. */
export interface Started {
  /** Rejects when the process cannot be started or does not shake hands in time; the process is then ended. */
  connection: Promise<Connection>;
  /** Ends the process (its input is closed, then it is terminated, then killed) and waits until it is gone. */
  close(): Promise<void>;
}

/** Text of a server or about it, fit to be logged, stored and shown. */
type Clean = (text: string) => string;

/** Starts the server's process and shakes hands. */
export function connect(launch: Launch, options: ConnectionOptions): Started {
  const clean = createCleaner(launch.secrets);
  const transport = createStdioTransport(launch, (line) => options.onStderr(clean(line)));
  const client = new Client({ name: 'warden', version: '1' }, { capabilities: {} });
  const connection = overClient(client, transport, clean, options);
  const ready = client.connect(transport, { timeout: options.timeoutMs }).catch((error: unknown) => {
    throw new Error(clean(connectError(error, options.timeoutMs)));
  });
  return { connection: ready.then(() => connection), close: () => transport.close() };
}

function connectError(error: unknown, timeoutMs: number): string {
  const code = error instanceof McpError ? error.code : null;
  if (code === Number(ErrorCode.ConnectionClosed) || error instanceof NotSent) {
    return 'the server process ended before it answered; what it printed is in the log of the worker process';
  }
  if (code === Number(ErrorCode.RequestTimeout)) {
    return `the server process did not answer within ${timeoutMs} ms; what it printed is in the log of the worker process`;
  }
  return `the server process could not be started: ${messageOf(error)}`;
}

interface Life {
  closed: boolean;
  /** A call was given up, or the tools were not listed: it must answer a ping before it is used again. */
  suspect: boolean;
  /** It did not answer the ping. */
  retired: boolean;
  /** Calls that have not ended. */
  pending: number;
}

function overClient(
  client: Client,
  transport: StdioTransport,
  clean: Clean,
  options: ConnectionOptions,
): Connection {
  const life: Life = { closed: false, suspect: false, retired: false, pending: 0 };
  let listing: Promise<readonly Tool[]> | null = null;
  client.onclose = () => {
    life.closed = true;
    options.onEnded();
  };
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    listing = null;
  });

  async function tools(): Promise<readonly Tool[]> {
    const asked = (listing ??= listTools(client, options.timeoutMs));
    try {
      return await asked;
    } catch (error) {
      life.suspect = true;
      if (listing === asked) listing = null;
      throw new Error(clean(`its tools cannot be listed: ${messageOf(error)}`));
    }
  }

  return {
    tools,
    call: (name, args, how) => callTool(client, life, clean, { name, args, ...how }),
    isUsable: async () => transport.isOpen() && (await isUsable(client, life)),
  };
}

async function callTool(
  client: Client,
  life: Life,
  clean: Clean,
  { name, args, meta, signal }: CallOptions & { name: string; args: JsonObject },
): Promise<ToolResult> {
  if (signal.aborted) throw notSent(name, `it was given up before: ${reasonOf(signal)}`);
  if (life.closed) throw notSent(name, 'the server has gone away');
  // An own controller per call: the client never takes its listener off the signal that it is given.
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  life.pending += 1;
  try {
    const request = { method: 'tools/call' as const, params: { name, arguments: args, _meta: meta } };
    const sent = { signal: stop.signal, timeout: NO_TIMEOUT_MS };
    return readResult(await client.request(request, CallToolResultSchema, sent));
  } catch (error) {
    if (stop.signal.aborted) life.suspect = true;
    throw callError(name, error, { closed: life.closed, signal, clean });
  } finally {
    life.pending -= 1;
    signal.removeEventListener('abort', onAbort);
    if (life.retired && life.pending === 0) void client.close();
  }
}

async function isUsable(client: Client, life: Life): Promise<boolean> {
  if (life.closed || life.retired) return false;
  if (!life.suspect) return true;
  try {
    await client.request({ method: 'ping' }, EmptyResultSchema, { timeout: PING_TIMEOUT_MS });
    life.suspect = false;
    return true;
  } catch {
    life.retired = true;
    if (life.pending === 0) void client.close();
    return false;
  }
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

function callError(
  tool: string,
  error: unknown,
  end: { closed: boolean; signal: AbortSignal; clean: Clean },
): Error {
  if (error instanceof NotSent) return notSent(tool, error.message);
  if (end.signal.aborted) {
    return new ToolCallLost(`the call of ${tool} was given up: ${reasonOf(end.signal)}`);
  }
  if (end.closed) {
    return new ToolCallLost(
      `the server went away during the call of ${tool}, or answered more than ${MESSAGE_LIMIT_BYTES} bytes`,
    );
  }
  const why = end.clean(messageOf(error));
  if (error instanceof McpError && NOT_EXECUTED.includes(error.code)) {
    return new ToolCallRefused(`the server refused the call of ${tool}: ${why}`);
  }
  return new ToolCallLost(`the call of ${tool} ended without a readable result: ${why}`);
}

function notSent(tool: string, why: string): ToolCallRefused {
  return new ToolCallRefused(`the call of ${tool} was not sent: ${why}`);
}

function reasonOf(signal: AbortSignal): string {
  return messageOf(signal.reason);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
