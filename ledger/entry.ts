/**
 * One ledger entry: its members, always all of them, and its place in a hash chain. The chain of a saga is
 * numbered from 1 without gaps; what belongs to no saga is in the chain of its namespace.
 */
import type { Json } from '../domain/json.ts';
import { digest } from './canonical.ts';

export interface Actor {
  subject: string;
  kind: 'person' | 'agent' | 'service';
  label?: string;
}

export const SYSTEM: Actor = { subject: 'system', kind: 'service' };

export type EntryType =
  | 'deploy'
  | 'start'
  | `step.${'in_progress' | 'awaiting_human' | 'completed' | 'failed' | 'timed_out' | 'skipped'}`
  | `policy.${'allowed' | 'denied' | 'errored'}`
  | 'hold'
  | `decision.${'approved' | 'rejected' | 'retried'}`
  | 'refusal'
  | `undo.${'compensating' | 'compensated' | 'failed'}`
  | `recovery.${string}`
  | 'cancel'
  | 'expiry'
  | 'end';

/** What an entry says, before it has a place. */
export interface Fact {
  type: EntryType;
  actor: Actor;
  span_id?: string;
  data?: Json;
}

/** The members that are hashed. */
export interface Entry {
  n: number;
  at: string;
  namespace: string;
  project: string | null;
  trace_id: string | null;
  span_id: string | null;
  type: string;
  actor: Actor;
  data_hash: string | null;
  prev_hash: string | null;
}

export interface SealedEntry extends Entry {
  seq: number;
  hash: string;
  data: Json;
}

export interface ChainHead {
  n: number;
  hash: string | null;
}

/** Places a fact at the end of a chain; `hash` is over the RFC 8785 JSON of the members. */
export function chainEntry(
  head: ChainHead,
  scope: { namespace: string; project: string | null; trace_id: string | null },
  at: Date,
  fact: Fact,
): { entry: Entry; hash: string; head: ChainHead } {
  const entry: Entry = {
    n: head.n + 1,
    at: at.toISOString(),
    ...scope,
    span_id: fact.span_id ?? null,
    type: fact.type,
    actor: fact.actor,
    data_hash: fact.data === undefined || fact.data === null ? null : digest(fact.data),
    prev_hash: head.hash,
  };
  const hash = digest(entry);
  return { entry, hash, head: { n: entry.n, hash } };
}
