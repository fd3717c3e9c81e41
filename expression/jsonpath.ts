/**
 * JSONPath (RFC 9535) with what existing manifests use beyond it: `-` and `@` in shorthand names, and `.'x'`,
 * `."x"`, `.[…]` for `['x']`, `[…]`.
 */
import { JSONPathEnvironment, JSONPathError } from 'json-p3';
import type { JSONPathNode, JSONPathQuery } from 'json-p3';
import type { Json } from '../domain/json.ts';
import { ExpressionError, messageOf } from './error.ts';

export interface CompiledPath {
  /** The first match; null when nothing matches. */
  first(doc: Json): Json;
  /** All matches. Both throw {@link ExpressionError} for a `..` into a document nested too deep. */
  all(doc: Json): Json[];
}

const MAX_SOURCE = 4_096;

/** Throws {@link ExpressionError} with the column. `match` and `search` are refused: their time has no bound. */
export function compilePath(source: string): CompiledPath {
  if (source.length > MAX_SOURCE) {
    throw new ExpressionError(`expected at most ${MAX_SOURCE} characters of path, found ${source.length}`);
  }
  const query = parsePath(source);
  return {
    first: (doc) =>
      searched(() => {
        for (const node of query.lazyQuery(doc)) return json(node.value);
        return null;
      }),
    all: (doc) => searched(() => query.query(doc).values().map(json)),
  };
}

function searched<T>(search: () => T): T {
  try {
    return search();
  } catch (error) {
    throw new ExpressionError(`the path cannot be followed in this document: ${messageOf(error)}`);
  }
}

function json(value: JSONPathNode['value']): Json {
  return isJson(value) ? value : null;
}

/** Matches are parts of the JSON that was searched: only the library's own type allows `undefined`. */
function isJson(value: JSONPathNode['value']): value is Json {
  return value !== undefined;
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
