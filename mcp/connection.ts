/**
 * One connection to one tool server, from the start of its process to its end.
 *
 * States: open → closed. It closes when the server goes away, when its pool closes it, or when it was abandoned
 * (a call on it was given up and it no longer answers a ping) and its last call has ended. A closed connection
 * is never opened again; the pool makes a new one.
 */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
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
import { drainLines } from './drain.ts';
import type { ToolResult } from './result.ts';
import { readResult } from './result.ts';
import type { Launch } from './source.ts';

/** The callers' signals end calls; this is the longest delay that a Node timer takes. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
const PING_TIMEOUT_MS = 5_000;
const MAX_PAGES = 100;
/** A killed process is gone at once, unless a child of its own holds its output open. */
const GONE_LIMIT_MS = 1_000;

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

/** Starts the server's process and shakes hands. */
export function connect(launch: Launch, options: ConnectionOptions): Started {
  const { cwd, ...program } = launch;
  const transport = new StdioClientTransport({
    ...program,
    ...(cwd === null ? {} : { cwd }),
    stderr: 'pipe',
  });
  if (transport.stderr instanceof Readable) drainLines(transport.stderr, options.onStderr);
  const client = new Client({ name: 'warden', version: '1' }, { capabilities: {} });
  let onGone = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    onGone = resolve;
  });
  const connection = overClient(client, options.timeoutMs, () => {
    onGone();
    options.onEnded();
  });
  const ready = client.connect(transport, { timeout: options.timeoutMs }).catch((error: unknown) => {
    throw new Error(connectError(error, options.timeoutMs));
  });
  return {
    connection: ready.then(() => connection),
    close: async () => {
      await client.close();
      await Promise.race([gone, delay(GONE_LIMIT_MS, undefined, { ref: false })]);
    },
  };
}

function connectError(error: unknown, timeoutMs: number): string {
  const code = error instanceof McpError ? error.code : null;
  if (code === Number(ErrorCode.ConnectionClosed)) {
    return 'the server process ended before it answered; what it printed is in the log of the worker process';
  }
  if (code === Number(ErrorCode.RequestTimeout)) {
    return `the server process did not answer within ${timeoutMs} ms; what it printed is in the log of the worker process`;
  }
  return `the server process could not be started: ${error instanceof Error ? error.message : String(error)}`;
}

function overClient(client: Client, timeoutMs: number, onEnded: () => void): Connection {
  let closed = false;
  let suspect = false;
  let retired = false;
  let pending = 0;
  let listing: Promise<readonly Tool[]> | null = null;

  client.onclose = () => {
    if (closed) return;
    closed = true;
    onEnded();
  };
  client.onerror = (error) => {
    // The server closed its input and will never read a request again.
    if ('code' in error && error.code === 'EPIPE') void client.close();
  };
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    listing = null;
  });

  async function call(name: string, args: JsonObject, { meta, signal }: CallOptions): Promise<ToolResult> {
    if (signal.aborted) throw new ToolCallLost(`the call of ${name} was given up: ${reasonOf(signal)}`);
    // An own controller per call: the client never takes its listener off the signal that it is given.
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    pending += 1;
    try {
      const request = { method: 'tools/call' as const, params: { name, arguments: args, _meta: meta } };
      const sent = { signal: stop.signal, timeout: NO_TIMEOUT_MS };
      return readResult(await client.request(request, CallToolResultSchema, sent));
    } catch (error) {
      if (signal.aborted) suspect = true;
      throw callError(name, error, { closed, signal });
    } finally {
      pending -= 1;
      signal.removeEventListener('abort', onAbort);
      if (retired && pending === 0) void client.close();
    }
  }

  async function isUsable(): Promise<boolean> {
    if (closed || retired) return false;
    if (!suspect) return true;
    try {
      await client.request({ method: 'ping' }, EmptyResultSchema, { timeout: PING_TIMEOUT_MS });
      suspect = false;
      return true;
    } catch {
      retired = true;
      if (pending === 0) void client.close();
      return false;
    }
  }

  async function tools(): Promise<readonly Tool[]> {
    const asked = (listing ??= listTools(client, timeoutMs));
    try {
      return await asked;
    } catch (error) {
      suspect = true;
      if (listing === asked) listing = null;
      throw error;
    }
  }

  return { tools, call, isUsable };
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

function callError(tool: string, error: unknown, end: { closed: boolean; signal: AbortSignal }): Error {
  const why = error instanceof Error ? error.message : String(error);
  if (end.signal.aborted)
    return new ToolCallLost(`the call of ${tool} was given up: ${reasonOf(end.signal)}`);
  if (end.closed) return new ToolCallLost(`the server went away during the call of ${tool}`);
  if (error instanceof McpError) return new ToolCallRefused(`the server refused the call of ${tool}: ${why}`);
  return new ToolCallLost(`the call of ${tool} ended without a readable result: ${why}`);
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}
