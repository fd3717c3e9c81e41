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
