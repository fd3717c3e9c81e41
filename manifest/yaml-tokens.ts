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

/** Where the tokens of a text are nested too deep; null when they are not. Keys are fewer than lexemes. */
export function excessOf(tokens: readonly CST.Token[]): Excess | null {
  const stack = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { token, depth } = next;
    if (token.type === 'document' && token.value) stack.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    if (depth === MAX_DEPTH) return tooDeep(token.offset);
    for (const item of token.items) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
  }
  return null;
}

function tooDeep(offset: number): Excess {
  return { offset, expected: `values nested at most ${MAX_DEPTH} deep`, found: 'deeper ones' };
}
