/** A string that is unambiguously the wanted number, boolean, list or object, read as such. */
import { isDeeperThan, isJsonObject, storable } from '../domain/json.ts';
import type { Json } from '../domain/json.ts';

/** Text that stands for something deeper stays text: whatever hashes, stores or sends it would fail. */
const DEPTH_LIMIT = 64;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The value that `text` stands for when one of `types` (JSON Schema names) is wanted; undefined when it is
 * not unambiguous. Where a string is allowed nothing else is ever read.
 */
export function coerce(text: string, types: ReadonlySet<string>): Json | undefined {
  if (types.has('string')) return undefined;
  const trimmed = text.trim();
  return readNumber(trimmed, types) ?? readBoolean(trimmed, types) ?? readStructure(trimmed, types);
}

function readNumber(text: string, types: ReadonlySet<string>): number | undefined {
  const integer = types.has('integer');
  if ((!integer && !types.has('number')) || !NUMBER.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  // A number that loses digits is another number.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  return Number.isInteger(value) || types.has('number') ? value : undefined;
}

function readBoolean(text: string, types: ReadonlySet<string>): boolean | undefined {
  if (!types.has('boolean')) return undefined;
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

function readStructure(text: string, types: ReadonlySet<string>): Json | undefined {
  const wanted = text.startsWith('[') ? 'array' : text.startsWith('{') ? 'object' : null;
  if (wanted === null || !types.has(wanted)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isDeeperThan(value, DEPTH_LIMIT)) return undefined;
    // Escapes in the text may have hidden what the store cannot hold.
    return isJsonObject(value) || isJsonList(value) ? storable(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Of what was parsed as JSON: its items are JSON too. */
function isJsonList(parsed: unknown): parsed is Json[] {
  return Array.isArray(parsed);
}
