/**
 * What all ways to a tool server have in common: a transport of the MCP client, and what is known of a message
 * that failed on it.
 */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** A server that answers more than this in one message is not listened to any further. */
export const MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024;

/** The message was not handed to the server, not even in part. */
export class NotSent extends Error {
  override name = 'NotSent';
}

/** The server said by its HTTP status that it did not act on the message. */
export class NotExecuted extends Error {
  override name = 'NotExecuted';
}

export interface ServerTransport extends Transport {
  /** False as soon as it is known that nothing can be sent any more. */
  isOpen(): boolean;
  /** True when the server may have forgotten us since it was last heard: it should answer a ping first. */
  isDoubtful(): boolean;
  /** False when the server has no way to say that its tools changed. */
  hearsChanges(): boolean;
}

export interface TransportHooks {
  /** Limit for a connection to the server, and for everything that is not a request. */
  timeoutMs: number;
  /** A line that the server's process printed. */
  onStderr(line: string): void;
  /** What the server said of itself may have been missed for a while. */
  onGap(): void;
}

/** Message of an error; of several attempts to connect, all of them. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
