/** Messages of the protocol on their way to and from text. */
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import {
  CancelledNotificationSchema,
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  JSONRPCMessageSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { messageOf, NotSent } from './transport.ts';

/** Throws `NotSent` for what cannot be written as JSON. */
export function writeMessage(message: JSONRPCMessage): string {
  try {
    return JSON.stringify(message);
  } catch (error) {
    throw new NotSent(`it cannot be written as JSON: ${messageOf(error)}`);
  }
}

/** The messages in a text, which is one or a list; what is no message of the protocol is left out. */
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
    return parsed.success ? [parsed.data] : [];
  });
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
