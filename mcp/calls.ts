/**
 * Requests on one connection that a caller may give up: tool calls and readings of resources. A call is written
 * at most once; when it has no result, its error says whether it may have happened.
 */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CallToolResultSchema,
  ErrorCode,
  McpError,
  ReadResourceResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../domain/json.ts';
import { ToolCallLost, ToolCallRefused } from './call-errors.ts';
import type { ResourceText, ToolResult } from './result.ts';
import { readContents, readResult } from './result.ts';
import type { Mask } from './secrets.ts';
import { maskObject } from './secrets.ts';
import { MESSAGE_LIMIT_BYTES, messageOf, NotExecuted, NotSent } from './transport.ts';

/** The callers' signals end calls; this is the longest delay that a Node timer takes. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
/** By JSON-RPC these say that the request was not executed; any other error may come after an effect. */
const NOT_EXECUTED: readonly number[] = [
  ErrorCode.ParseError,
  ErrorCode.InvalidRequest,
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
];

export interface CallOptions {
  /** The request's `_meta`. */
  meta: Record<string, unknown>;
  signal: AbortSignal;
}

/** Text of a server or about it, fit to be logged, stored and shown. */
export type Clean = (text: string) => string;

/** What is known of a connection's server. */
export interface Life {
  closed: boolean;
  /** Something failed on it: it must answer a ping before it is used again. */
  suspect: boolean;
  /** It is not used again; it closes when nothing is pending. */
  retired: boolean;
  /** Requests that have not ended. */
  pending: number;
}

export interface Line {
  client: Client;
  life: Life;
  clean: Clean;
  mask: Mask;
}

/** Rejects with `ToolCallLost` or `ToolCallRefused`. */
export async function callTool(
  line: Line,
  { name, args, meta, signal }: CallOptions & { name: string; args: JsonObject },
): Promise<ToolResult> {
  if (signal.aborted) throw notSent(name, `it was given up before: ${messageOf(signal.reason)}`);
  if (line.life.closed) throw notSent(name, 'the server has gone away');
  try {
    const request = { method: 'tools/call' as const, params: { name, arguments: args, _meta: meta } };
    const result = readResult(
      await whileWanted(line, signal, (sent) => line.client.request(request, CallToolResultSchema, sent)),
    );
    // What went wrong is a message, in which servers repeat what they were given; anything else is data, as it is.
    if (!result.isError) return result;
    return { ...result, text: line.mask(result.text), data: maskObject(result.data, line.mask) };
  } catch (error) {
    throw callError(name, error, line, signal);
  }
}

/** Rejects with the server's error, the reason of the signal, or that of the connection's end. */
export async function readResource(line: Line, uri: string, signal: AbortSignal): Promise<ResourceText> {
  signal.throwIfAborted();
  if (line.life.closed) throw new Error('the server has gone away');
  try {
    const request = { method: 'resources/read' as const, params: { uri } };
    return readContents(
      await whileWanted(line, signal, (sent) => line.client.request(request, ReadResourceResultSchema, sent)),
    );
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(line.clean(messageOf(error)));
  }
}

/** Runs a request that ends with the caller's signal, and keeps the books of the connection. */
async function whileWanted<T>(
  { client, life }: Line,
  signal: AbortSignal,
  send: (options: { signal: AbortSignal; timeout: number }) => Promise<T>,
): Promise<T> {
  // An own controller per request: the client never takes its listener off the signal that it is given.
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  life.pending += 1;
  try {
    return await send({ signal: stop.signal, timeout: NO_TIMEOUT_MS });
  } catch (error) {
    // An error that the server answered shows that it is there.
    if (stop.signal.aborted || !(error instanceof McpError)) life.suspect = true;
    throw error;
  } finally {
    life.pending -= 1;
    signal.removeEventListener('abort', onAbort);
    closeWhenDone(client, life);
  }
}

/** Closes a retired connection as soon as nothing is pending on it. */
export function closeWhenDone(client: Client, life: Life): void {
  if (life.retired && life.pending === 0 && !life.closed) void client.close();
}

function callError(tool: string, error: unknown, { life, clean }: Line, signal: AbortSignal): Error {
  if (error instanceof NotSent) return notSent(tool, clean(error.message));
  if (signal.aborted) {
    return new ToolCallLost(`the call of ${tool} was given up: ${messageOf(signal.reason)}`);
  }
  if (life.closed) {
    return new ToolCallLost(
      `the server went away during the call of ${tool}, or answered more than ${MESSAGE_LIMIT_BYTES} bytes`,
    );
  }
  const why = clean(messageOf(error));
  const refused = error instanceof McpError && NOT_EXECUTED.includes(error.code);
  if (refused || error instanceof NotExecuted) {
    return new ToolCallRefused(`the server refused the call of ${tool}: ${why}`);
  }
  return new ToolCallLost(`the call of ${tool} ended without a readable result: ${why}`);
}

function notSent(tool: string, why: string): ToolCallRefused {
  return new ToolCallRefused(`the call of ${tool} was not sent: ${why}`);
}
