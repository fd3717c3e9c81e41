/** JSON as it comes out of `JSON.parse`: what contexts, payloads and manifests are made of. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The same JSON without what no store can hold: NUL characters are dropped, lone surrogates become U+FFFD, and
 * numbers too large for a double (`1e400` is JSON, and is read as infinite) become null.
 * For text that models and tools wrote; what clients send is refused instead.
 */
export function storable<T extends Json>(value: T): T;
export function storable(value: Json): Json {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => storable(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storable(item)]));
}

export function storableText(text: string): string {
  return text.replaceAll('\u0000', '').replace(LONE_SURROGATE, '\uFFFD');
}

/** Something in a value that no store can hold. Of a key that is such a text, the path ends with what is left of it. */
export interface Unstorable {
  path: (string | number)[];
  kind: 'text' | 'number';
}

/**
 * What {@link storable} would change: NUL characters, lone surrogates, and numbers that became infinite when they
 * were read; no more than `most`. Recurses: for values whose depth was limited when they were read.
 */
export function findUnstorable(value: unknown, most: number): Unstorable[] {
  const found: Unstorable[] = [];
  const look = (part: unknown, path: (string | number)[]): void => {
    if (found.length >= most) return;
    if (typeof part === 'string' && storableText(part) !== part) found.push({ path, kind: 'text' });
    else if (typeof part === 'number' && !Number.isFinite(part)) found.push({ path, kind: 'number' });
    else if (Array.isArray(part)) part.forEach((each, index) => look(each, [...path, index]));
    else if (isJsonObject(part)) {
      for (const [key, each] of Object.entries(part)) {
        const inside = [...path, storableText(key)];
        look(key, inside);
        look(each, inside);
      }
    }
  };
  look(value, []);
  return found;
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Whether objects and lists are nested more than `limit` levels deep. Never recurses, so that any depth is safe. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; ; depth += 1) {
    const next: unknown[] = [];
    let nested = false;
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      nested = true;
      for (const member of Object.values(each)) next.push(member);
    }
    if (!nested) return false;
    if (depth === limit) return true;
    level = next;
  }
}
