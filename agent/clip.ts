/** Bounds on what models and tools write, so that nothing they send can break a store, a page or a stack. */
import { storableText } from '../domain/json.ts';
import type { Json } from '../domain/json.ts';

/** Deeper JSON is refused everywhere else as well; databases and libraries recurse over it. */
export const MAX_DEPTH = 64;

export const PREVIEW_LIMIT = 500;

/** At most `limit` characters; what is cut says so, and how long the whole was. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const note = ` … (cut, ${text.length} characters in all)`;
  // The cut may go through a surrogate pair.
  return storableText(text.slice(0, Math.max(0, limit - note.length))) + note;
}

/** Whether lists and objects nest deeper than {@link MAX_DEPTH}. Does not recurse. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}
