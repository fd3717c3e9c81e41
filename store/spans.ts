/** Span ids, derived from a saga's trace id and a step's position, so that every process knows them at once. */
import { sha256 } from '../ledger/canonical.ts';

export function spanOf(traceId: string, orderIndex: number): string {
  return sha256(`${traceId}:${orderIndex}`).slice(0, 16);
}

export function undoSpanOf(traceId: string, orderIndex: number): string {
  return sha256(`${traceId}:${orderIndex}:undo`).slice(0, 16);
}
