/**
 * One line of a ledger export: `{seq, …members, hash, data}`. Read strictly, because what is not covered by a
 * hash could be put there by anyone; so a checkpoint is refused for as long as nothing verifies it.
 */
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { digest } from './canonical.ts';
import type { Actor, SealedEntry } from './entry.ts';

export type ExportLine =
  | { kind: 'entry'; entry: SealedEntry; broken: BrokenEntry | null }
  | { kind: 'blank' }
  | { kind: 'unreadable'; broken: Broken };

/** What was expected of a line, and what stands there. */
export interface Broken {
  expected: string;
  found: string;
}

/** `data`: what the entry is about is gone; `changed`: it, or a member, is another than was hashed. */
export interface BrokenEntry extends Broken {
  kind: 'changed' | 'data';
}

/**
 * Reads a line and checks all that can be known from the line alone: its members, its hash, the hash of its
 * data. A `data` of null beside a `data_hash` needs an entry of the type `erasure`, and nothing writes one yet:
 * it was taken away. Never throws.
 */
export function readExportLine(text: string): ExportLine {
  if (text.trim() === '') return { kind: 'blank' };
  try {
    return readValue(text, JSON.parse(text));
  } catch (error) {
    // Not JSON, nested deeper than any entry can be, or text that is not Unicode.
    const why = error instanceof Error ? error.message : String(error);
    return unreadable('one JSON object', `text that cannot be read (${why})`);
  }
}

function readValue(text: string, value: unknown): ExportLine {
  if (!isJsonObject(value)) return unreadable('one JSON object', describe(value));
  if (Object.hasOwn(value, 'checkpoint') && Object.keys(value).length === 1) {
    return unreadable('an entry', 'a checkpoint: checkpoints are not supported yet');
  }
  const wrong = wrongMember(value);
  if (wrong !== null) return { kind: 'unreadable', broken: wrong };
  const entry = sealedEntry(value);
  if (entry === null) return unreadable('the members of an entry', describe(value));
  if (keysInText(text) !== keysOf(value)) return unreadable('each member once', 'one that is there twice');
  return { kind: 'entry', entry, broken: brokenHash(entry) };
}

/** The chain of an entry, as it is named in messages: a trace id, or `namespace:<name>`. */
export function chainOf(entry: SealedEntry): string {
  return entry.trace_id ?? `namespace:${entry.namespace}`;
}

function brokenHash(entry: SealedEntry): BrokenEntry | null {
  const { seq: _seq, hash, data, ...members } = entry;
  const real = digest(members);
  if (real !== hash) {
    return { kind: 'changed', expected: `hash ${real}, that of its members`, found: `hash ${hash}` };
  }
  if (data === null) {
    if (entry.data_hash === null) return null;
    return { kind: 'data', expected: `data with the hash ${entry.data_hash}`, found: 'null' };
  }
  const dataHash = digest(data);
  if (dataHash === entry.data_hash) return null;
  const expected = entry.data_hash === null ? 'no data' : `data with the hash ${entry.data_hash}`;
  return { kind: 'changed', expected, found: `data with the hash ${dataHash}` };
}

const isPlace = (value: Json): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const isText = (value: Json): boolean => typeof value === 'string';
const isTextOrNull = (value: Json): boolean => value === null || isText(value);
const isHash = (value: Json): boolean => typeof value === 'string' && /^[a-f0-9]{64}$/.test(value);
const isHashOrNull = (value: Json): boolean => value === null || isHash(value);

const MEMBERS = new Map<string, readonly [(value: Json) => boolean, string]>([
  ['seq', [isPlace, 'a whole number from 1']],
  ['n', [isPlace, 'a whole number from 1']],
  ['at', [isText, 'a time']],
  ['namespace', [isText, 'a string']],
  ['project', [isTextOrNull, 'a string or null']],
  ['trace_id', [isTextOrNull, 'a string or null']],
  ['span_id', [isTextOrNull, 'a string or null']],
  ['type', [isText, 'a string']],
  ['actor', [(value) => readActor(value) !== null, '{subject, kind, label?}']],
  ['data_hash', [isHashOrNull, '64 hexadecimal characters or null']],
  ['prev_hash', [isHashOrNull, '64 hexadecimal characters or null']],
  ['hash', [isHash, '64 hexadecimal characters']],
  ['data', [() => true, 'JSON']],
]);

function wrongMember(line: JsonObject): Broken | null {
  for (const name of Object.keys(line)) {
    if (!MEMBERS.has(name)) return { expected: 'the members of an entry', found: `also "${name}"` };
  }
  for (const [name, [fits, expected]] of MEMBERS) {
    const value = line[name];
    if (value === undefined) return { expected: `the member "${name}"`, found: 'none' };
    if (!fits(value)) return { expected: `${name}: ${expected}`, found: describe(value) };
  }
  return null;
}

function sealedEntry(line: JsonObject): SealedEntry | null {
  const { seq, n, at, namespace, type, hash } = line;
  const actor = readActor(line['actor'] ?? null);
  if (typeof seq !== 'number' || typeof n !== 'number' || actor === null) return null;
  if (typeof at !== 'string' || typeof namespace !== 'string') return null;
  if (typeof type !== 'string' || typeof hash !== 'string') return null;
  return {
    seq,
    n,
    at,
    namespace,
    project: textOrNull(line['project']),
    trace_id: textOrNull(line['trace_id']),
    span_id: textOrNull(line['span_id']),
    type,
    actor,
    data_hash: textOrNull(line['data_hash']),
    prev_hash: textOrNull(line['prev_hash']),
    hash,
    data: line['data'] ?? null,
  };
}

/** An actor with exactly its own members; null for anything else. */
function readActor(value: Json): Actor | null {
  if (!isJsonObject(value)) return null;
  const { subject, kind, label, ...others } = value;
  if (typeof subject !== 'string' || Object.keys(others).length > 0) return null;
  if (kind !== 'person' && kind !== 'agent' && kind !== 'service') return null;
  if (label === undefined) return { subject, kind };
  return typeof label === 'string' ? { subject, kind, label } : null;
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}

/** Two readers can see different values of a member that is there twice, and only the last one is hashed. */
function keysInText(text: string): number {
  let keys = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*(:)?/g))
    if (colon !== undefined) keys += 1;
  return keys;
}

function keysOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, item) => sum + keysOf(item), own);
}

function unreadable(expected: string, found: string): ExportLine {
  return { kind: 'unreadable', broken: { expected, found } };
}
