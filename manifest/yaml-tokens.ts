/**
 * The limits of a document, checked on its tokens: what composes them is recursive, and a stack that overflows
 * inside it can end the whole process.
 */
import type { CST } from 'yaml';

export const MAX_BYTES = 2 * 1024 * 1024;
export const MAX_DEPTH = 64;
export const MAX_KEYS = 100_000;

export interface Excess {
  offset: number;
  expected: string;
  found: string;
}

/** The first limit that the tokens of a text pass; null when they keep all. */
export function excessOf(tokens: readonly CST.Token[]): Excess | null {
  const stack = tokens.map((token) => ({ token, depth: 0 }));
  let keys = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { token, depth } = next;
    if (token.type === 'document' && token.value) stack.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    if (depth === MAX_DEPTH) return tooDeep(token.offset);
    for (const item of token.items) {
      if (item.key || item.sep) keys += 1;
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
    if (keys > MAX_KEYS) return tooMany(token.offset);
  }
  return null;
}

function tooDeep(offset: number): Excess {
  return { offset, expected: `values nested at most ${MAX_DEPTH} deep`, found: 'deeper ones' };
}

function tooMany(offset: number): Excess {
  return { offset, expected: `at most ${MAX_KEYS} keys`, found: 'more' };
}
