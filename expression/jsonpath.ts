/**
 * JSONPath (RFC 9535) with what existing manifests use beyond it: `-` and `@` in shorthand names, and `.'x'`,
 * `."x"`, `.[…]` for `['x']`, `[…]`.
 */
import { JSONPathEnvironment, JSONPathError } from 'json-p3';
import type { JSONPathQuery } from 'json-p3';
import type { Json } from '../domain/json.ts';
import { ExpressionError, messageOf } from './error.ts';
import { refuseCostly } from './path-cost.ts';
import { beginSearch, listMatches, search } from './path-search.ts';

export interface CompiledPath {
  /** The first match; null when nothing matches. */
  first(doc: Json): Json;
  /**
   * All matches. Both throw {@link ExpressionError} for a `..` into a document nested too deep, and for a search or a
   * list of matches that is too large for this process to stand still for.
   */
  all(doc: Json): Json[];
}

const MAX_SOURCE = 4_096;

/**
 * Throws {@link ExpressionError} with the column. What has no bound is refused: `match` and `search`, and searches
 * inside searches.
 */
export function compilePath(source: string): CompiledPath {
  if (source.length > MAX_SOURCE) {
    throw new ExpressionError(`expected at most ${MAX_SOURCE} characters of path, found ${source.length}`);
  }
  const query = parsePath(source);
  refuseCostly(query);
  return {
    first: (doc) =>
      searched(() => {
        let first: Json = null;
        search(beginSearch(doc), query, doc, (match) => {
          first = match;
          return true;
        });
        return first;
      }),
    all: (doc) => searched(() => listMatches(beginSearch(doc), query)),
  };
}

function searched<T>(follow: () => T): T {
  try {
    return follow();
  } catch (error) {
    throw new ExpressionError(`the path cannot be followed in this document: ${messageOf(error)}`);
  }
}

function parsePath(source: string): JSONPathQuery {
  if (!source.startsWith('$')) {
    throw new ExpressionError(`expected a JSONPath that starts with $, found ${JSON.stringify(source)}`, {
      line: 1,
      column: 1,
    });
  }
  const environment = new JSONPathEnvironment({ maxRecursionDepth: 256 });
  for (const slow of ['match', 'search']) {
    environment.functionRegister.delete(slow);
    if (new RegExp(`\\b${slow}\\s*\\(`).test(withoutStrings(source))) {
      throw new ExpressionError(`the filter function ${slow} is not available in paths: use a CEL policy`);
    }
  }
  try {
    return environment.compile(standardPath(source));
  } catch (error) {
    const column = error instanceof JSONPathError ? error.token.index + 1 : undefined;
    throw new ExpressionError(
      `not a JSONPath: ${messageOf(error)}`,
      column === undefined ? {} : { line: 1, column },
    );
  }
}

const STRINGS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/gs;

function withoutStrings(source: string): string {
  return source.replace(STRINGS, '""');
}

/** Strings first, so that nothing inside one is touched; then each dot that RFC 9535 does not have. */
const EXTENSIONS =
  /(\.\.?)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\.\.?)(\[)|(\.\.?)([A-Za-z_@\u0080-\uffff-][\w@\u0080-\uffff-]*)/gs;

/** The path as RFC 9535 writes it. */
export function standardPath(source: string): string {
  return source.replace(
    EXTENSIONS,
    (
      whole: string,
      quotedDots: string | undefined,
      quoted: string | undefined,
      bracketDots: string | undefined,
      bracket: string | undefined,
      nameDots: string | undefined,
      name: string,
      offset: number,
    ) => {
      if (quoted !== undefined) return quotedDots === undefined ? whole : `${deep(quotedDots)}[${quoted}]`;
      if (bracket !== undefined) return `${deep(bracketDots)}[`;
      const plain = /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*$/.test(name);
      // `..` before a filter's `@` cannot occur; a name is only rewritten where RFC 9535 would refuse it.
      return plain || offset === 0 ? whole : `${deep(nameDots)}[${JSON.stringify(name)}]`;
    },
  );
}

function deep(dots: string | undefined): string {
  return dots === '..' ? '..' : '';
}
