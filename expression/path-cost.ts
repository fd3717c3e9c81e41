/** What a JSONPath would cost by its form alone, refused at deploy: the rest is counted when it is followed. */
import { jsonpath } from 'json-p3';
import type { JSONPathQuery } from 'json-p3';
import { ExpressionError } from './error.ts';
import { descends } from './path-search.ts';

const { FilterSelector } = jsonpath.selectors;
const { FilterQuery, FunctionExtension, InfixExpression, LogicalExpression, PrefixExpression, RootQuery } =
  jsonpath.expressions;

/** Each one more multiplies what the ones before it found. */
const MAX_DESCENTS = 3;

/** Throws {@link ExpressionError} for a `$..` inside a filter, and for more than a few `..`. */
export function refuseCostly(query: JSONPathQuery): void {
  const descents = query.segments.filter(descends).length;
  if (descents > MAX_DESCENTS) {
    throw new ExpressionError(
      `expected at most ${MAX_DESCENTS} times .. in a path, found ${descents}: name the members on the way`,
    );
  }
  for (const filter of filtersOf(query)) refuseDescents(filter);
}

function filtersOf({ segments }: JSONPathQuery): jsonpath.expressions.FilterExpression[] {
  return segments.flatMap(({ selectors }) =>
    selectors.flatMap((selector) => (selector instanceof FilterSelector ? [selector.expression] : [])),
  );
}

function refuseDescents(expression: jsonpath.expressions.FilterExpression): void {
  if (expression instanceof FilterQuery) {
    if (expression instanceof RootQuery && expression.path.segments.some(descends)) {
      throw new ExpressionError(
        'a $.. inside a filter searches the whole document again for every value: begin it with @, or name the members',
        { line: 1, column: expression.token.index + 1 },
      );
    }
    filtersOf(expression.path).forEach(refuseDescents);
  } else if (expression instanceof LogicalExpression) refuseDescents(expression.expression);
  else if (expression instanceof PrefixExpression) refuseDescents(expression.right);
  else if (expression instanceof FunctionExtension) expression.args.forEach(refuseDescents);
  else if (expression instanceof InfixExpression) [expression.left, expression.right].forEach(refuseDescents);
}
