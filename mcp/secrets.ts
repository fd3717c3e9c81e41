/**
 * Text that a tool server wrote, on its way into a log, a message or the store: without the values of the
 * variables that it was given, without what no store can hold, and not longer than a person reads.
 */
import { isJsonObject, storableText } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';

/** Shorter values ("1", "true") are no secrets and would spoil every line. */
const SHORTEST = 6;
/** Less of a secret at the end of a text tells nothing, and may be chance. */
const SHORTEST_BEGINNING = 3;
const TEXT_LIMIT = 2_000;
const SHOWN = '[secret]';

/** Takes the secrets out of a text. `cut`: it ends too early, perhaps in the middle of one. */
export type Mask = (text: string, how?: { cut: boolean }) => string;

/**
 * A mask for one server. A value of several lines is taken out line by line, as it is printed, and each also as
 * JSON and addresses write it.
 */
export function createMask(secrets: readonly string[]): Mask {
  const lines = secrets.flatMap((secret) => [secret, ...secret.split('\n').map((line) => line.trim())]);
  const parts = [...new Set(lines.flatMap((line) => [line, ...written(line)]))]
    .filter((part) => part.length >= SHORTEST)
    // The longest first: one value may be a part of another.
    .sort((a, b) => b.length - a.length);
  return (text, { cut } = { cut: false }) => {
    let masked = text;
    for (const part of parts) masked = masked.replaceAll(part, SHOWN);
    if (!cut) return masked;
    const begun = Math.max(0, ...parts.map((part) => beginningAtEnd(masked, part)));
    return begun === 0 ? masked : `${masked.slice(0, masked.length - begun)}${SHOWN}`;
  };
}

function written(line: string): string[] {
  return [JSON.stringify(line).slice(1, -1), encodeURIComponent(storableText(line))];
}

/** How many characters at the end of the text are the beginning of a part that was cut. */
function beginningAtEnd(text: string, part: string): number {
  for (let length = Math.min(part.length - 1, text.length); length >= SHORTEST_BEGINNING; length -= 1) {
    if (text.endsWith(part.slice(0, length))) return length;
  }
  return 0;
}

/** A cleaner for one server: masked, fit for the store, and cut when it is long. */
export function createCleaner(mask: Mask): (text: string) => string {
  return (text) => {
    const masked = mask(text);
    const cut = masked.length > TEXT_LIMIT;
    return storableText(cut ? `${masked.slice(0, TEXT_LIMIT)} … (cut)` : masked);
  };
}

/** The object with every text in it masked. */
export function maskObject(object: JsonObject, mask: Mask): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [mask(name), maskValue(value, mask)]),
  );
}

function maskValue(value: Json, mask: Mask): Json {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((each) => maskValue(each, mask));
  return isJsonObject(value) ? maskObject(value, mask) : value;
}
