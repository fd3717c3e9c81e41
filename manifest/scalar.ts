/** Single values as manifests write them. Each reader reports what does not fit and answers null then. */
import { coerce } from '../expression/coerce.ts';
import { shown } from './problem.ts';
import { complain, describe } from './tree.ts';
import type { At } from './tree.ts';

export interface TextRule {
  /** What is expected, in words. */
  expected: string;
  max: number;
  pattern?: RegExp;
  empty?: boolean;
}

export interface NumberRule {
  expected: string;
  integer: boolean;
  min: number;
  max: number;
}

export const ANY_TEXT: TextRule = { expected: 'a text', max: Number.MAX_SAFE_INTEGER, empty: true };

/** A text that fits the rule. A number is never read as one. */
export function readText(at: At, rule: TextRule): string | null {
  const { tree } = at;
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
    const quotes = tree.kind === 'scalar' && tree.value !== null;
    const hint = quotes ? { hint: `put it in quotes: "${tree.written}"` } : {};
    complain(at, { expected: rule.expected, found: describe(tree), ...hint });
    return null;
  }
  const text = tree.value;
  if (text.length > rule.max) {
    complain(at, { expected: `${rule.expected} of at most ${rule.max} characters`, found: `${text.length}` });
    return null;
  }
  if ((text === '' && rule.empty !== true) || (rule.pattern && !rule.pattern.test(text))) {
    complain(at, { expected: rule.expected, found: text === '' ? 'an empty text' : shown(text) });
    return null;
  }
  return text;
}

/** A number, or a text that is unambiguously one. */
export function readNumber(at: At, rule: NumberRule): number | null {
  const value = scalarAs(at, rule.integer ? 'integer' : 'number');
  const fits =
    typeof value === 'number' &&
    value >= rule.min &&
    value <= rule.max &&
    (!rule.integer || Number.isSafeInteger(value));
  if (fits) return value;
  complain(at, { expected: rule.expected, found: describe(at.tree) });
  return null;
}

/** A boolean, or the text `true` or `false`. */
export function readBoolean(at: At): boolean | null {
  const value = scalarAs(at, 'boolean');
  if (typeof value === 'boolean') return value;
  complain(at, { expected: 'true or false', found: describe(at.tree) });
  return null;
}

function scalarAs(at: At, type: 'integer' | 'number' | 'boolean'): unknown {
  if (at.tree.kind !== 'scalar') return undefined;
  const { value } = at.tree;
  return typeof value === 'string' ? coerce(value, new Set([type])) : value;
}

/** One of a few words. */
export function readWord<Word extends string>(at: At, words: readonly Word[]): Word | null {
  const { tree } = at;
  const word = tree.kind === 'scalar' ? words.find((candidate) => candidate === tree.value) : undefined;
  if (word !== undefined) return word;
  complain(at, { expected: words.join(' or '), found: describe(tree) });
  return null;
}
