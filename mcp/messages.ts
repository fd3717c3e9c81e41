/** Messages of the protocol on their way to and from text. */
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import {
  CancelledNotificationSchema,
  ErrorCode,
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  JSONRPCMessageSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { isJsonObject } from '../domain/json.ts';
import { messageOf, NotSent } from './transport.ts';

/** Throws `NotSent` for what cannot be written as JSON. */
export function writeMessage(message: JSONRPCMessage): string {
  try {
    return JSON.stringify(message);
  } catch (error) {
    throw new NotSent(`it cannot be written as JSON: ${messageOf(error)}`);
  }
}

/**
 * The messages in a text, which is one or a list. A response that is none by its shape is an error of the request
 * that it names, which gets no other; anything else that is no message of the protocol is left out.
 */
export function readMessages(text: string): JSONRPCMessage[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return [];
  }
  const all: unknown[] = Array.isArray(read) ? read : [read];
  return all.flatMap((one) => {
    const parsed = JSONRPCMessageSchema.safeParse(one);
    return parsed.success ? [parsed.data] : misshapen(one);
  });
}

/** An internal error, because that says nothing about whether the request was executed. */
function misshapen(one: unknown): JSONRPCMessage[] {
  if (!isJsonObject(one) || 'method' in one) return [];
  const { id } = one;
  if (typeof id !== 'number' && typeof id !== 'string') return [];
  const message = 'its response has neither a result nor an error in the form of the protocol';
  return [{ jsonrpc: '2.0', id, error: { code: Number(ErrorCode.InternalError), message } }];
}

/** Id of a request; null for everything that is not answered. */
export function requestIdOf(message: JSONRPCMessage): RequestId | null {
  return isJSONRPCRequest(message) ? message.id : null;
}

/** Id of the request that a message answers; null when it answers none. */
export function answeredIdOf(message: JSONRPCMessage): RequestId | null {
  if (isJSONRPCResultResponse(message)) return message.id;
  return isJSONRPCErrorResponse(message) ? (message.id ?? null) : null;
}

/** Id of the request that a message of ours gives up; null when it gives up none. */
export function cancelledIdOf(message: JSONRPCMessage): RequestId | null {
  const cancelled = CancelledNotificationSchema.safeParse(message);
  return cancelled.success ? (cancelled.data.params.requestId ?? null) : null;
}
