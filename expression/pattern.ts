/**
 * Regular expressions in linear time (RE2), for policies and schemas: no pattern that a manifest or a tool
 * server brings can stop the process. Look-around and back-references do not exist in them.
 */
import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { ExpressionError } from './error.ts';

export interface Pattern {
  /** True when some part of the text matches. */
  test(text: string): boolean;
}

const search = plan(celEnv(), parse('text.matches(pattern)'));

/** Throws {@link ExpressionError} for a pattern that RE2 does not have. */
export function compilePattern(source: string): Pattern {
  const pattern = source.replace(/(\\\\)|\\u([0-9a-fA-F]{4})/g, (whole, escaped, hex) =>
    escaped === undefined ? `\\x{${String(hex)}}` : whole,
  );
  const test = (text: string): boolean => {
    const found = search({ text, pattern });
    if (isCelError(found)) {
      throw new ExpressionError(
        `expected a regular expression of RE2 (no look-around, no back-references), found ${JSON.stringify(source)}: ${found.message}`,
      );
    }
    return found === true;
  };
  test('');
  return { test };
}

const PART = /\\[pP]\{[^}]*\}|\\[^]|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[^]/g;
const MAX_SIZE = 1_000_000;

/** The states that a pattern becomes, roughly, and rather too many: what it takes to look at one character. */
export function patternSize(source: string): number {
  const groups = [{ before: 0, last: 0 }];
  for (const [part, least, most] of source.matchAll(PART)) {
    const group = groups.at(-1);
    if (group === undefined) break;
    if (part === '(') groups.push({ before: 0, last: 0 });
    else if (part === ')' && groups.length > 1) {
      groups.pop();
      append(groups.at(-1), group.before + group.last + 1);
    } else if (least !== undefined) {
      group.last = Math.min(group.last * Math.max(Number(least), Number(most ?? 0), 1), MAX_SIZE);
    } else append(group, 1);
  }
  return Math.min(
    groups.reduce((size, { before, last }) => size + before + last, 0),
    MAX_SIZE,
  );
}

function append(group: { before: number; last: number } | undefined, size: number): void {
  if (group === undefined) return;
  group.before += group.last;
  group.last = size;
}
