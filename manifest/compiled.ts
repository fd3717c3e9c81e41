/** Expressions compiled at deploy: what cannot be compiled is a problem at its place in the file. */
import { ExpressionError, messageOf } from '../expression/error.ts';
import { complain, placeInside } from './tree.ts';
import type { At } from './tree.ts';

/**
 * The result of `compile`; null, with a problem, when it throws. Anything it throws counts: a library that
 * gives up on a hostile expression must not take the other problems with it.
 */
export function compiled<T>(at: At, expected: string, compile: () => T): T | null {
  try {
    return compile();
  } catch (error) {
    const place =
      error instanceof ExpressionError && error.line !== undefined
        ? placeInside(at, error.line, error.column ?? 1)
        : at.tree.place;
    const message = messageOf(error);
    complain(
      at,
      { expected, found: message.slice(0, 200), message: `expected ${expected}: ${message}` },
      place,
    );
    return null;
  }
}
