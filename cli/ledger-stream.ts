/** The ledger as the server sends it. */
import { ReadableStream } from 'node:stream/web';
import type { ApiClient } from '../api/client.ts';
import { Refusal } from './refusal.ts';

export type LedgerQuery = Parameters<ApiClient['exportLedger']>[0];

/**
 * The bytes of an export, as they come.
 * @throws {Refusal} when the answer is cut off before its end
 */
export async function* ledgerBytes(client: ApiClient, query: LedgerQuery): AsyncGenerator<Uint8Array> {
  const body: unknown = (await client.exportLedger(query)).body;
  if (!(body instanceof ReadableStream)) return;
  try {
    for await (const piece of body) if (piece instanceof Uint8Array) yield piece;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refusal(`the export was cut off before its end: ${why}`, 'run the command again');
  }
}
