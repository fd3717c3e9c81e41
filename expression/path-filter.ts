/** The filters of a JSONPath, evaluated for one value (RFC 9535, 2.3.5). */
import { jsonpath } from 'json-p3';
import { isJsonObject } from '../domain/json.ts';
import type { Json } from '../domain/json.ts';
import { search, spend } from './path-search.ts';
import type { Search } from './path-search.ts';

const { BooleanLiteral, NullLiteral, NumberLiteral, StringLiteral } = jsonpath.expressions;
const { FilterQuery, FunctionExtension, InfixExpression, LogicalExpression, PrefixExpression, RootQuery } =
  jsonpath.expressions;

type Expression = jsonpath.expressions.FilterExpression;

/** What a comparison takes in the time of one visit. */
const COMPARED_PER_VISIT = 256;
const COUNTED_PER_VISIT = 16;

/** Whether the filter keeps this value. Throws `RangeError` when the search has no visits left. */
export function holds(within: Search, expression: Expression, current: Json): boolean {
  spend(within, 1);
  if (expression instanceof LogicalExpression) return holds(within, expression.expression, current);
  if (expression instanceof PrefixExpression) return !holds(within, expression.right, current);
  if (expression instanceof FilterQuery)
    return search(within, expression.path, startOf(within, expression, current), () => true);
  if (!(expression instanceof InfixExpression)) {
    const value = operand(within, expression, current);
    return value !== undefined && value !== false;
  }
  const { left, operator, right } = expression;
  if (operator === '&&') return holds(within, left, current) && holds(within, right, current);
  if (operator === '||') return holds(within, left, current) || holds(within, right, current);
  return compare(within, operand(within, left, current), operator, operand(within, right, current));
}

function startOf({ root }: Search, query: jsonpath.expressions.FilterQuery, current: Json): Json {
  return query instanceof RootQuery ? root : current;
}

/** undefined is the RFC's Nothing: there is no value. */
function operand(within: Search, expression: Expression, current: Json): Json | undefined {
  if (expression instanceof NullLiteral) return null;
  if (
    expression instanceof StringLiteral ||
    expression instanceof NumberLiteral ||
    expression instanceof BooleanLiteral
  ) {
    return expression.value;
  }
  if (expression instanceof FilterQuery) return matchesOf(within, expression, current).first;
  if (expression instanceof FunctionExtension) return call(within, expression, current);
  return holds(within, expression, current);
}

function matchesOf(
  within: Search,
  query: jsonpath.expressions.FilterQuery,
  current: Json,
): { count: number; first: Json | undefined } {
  const found: { count: number; first: Json | undefined } = { count: 0, first: undefined };
  search(within, query.path, startOf(within, query, current), (match) => {
    found.count += 1;
    if (found.count === 1) found.first = match;
    return false;
  });
  return found;
}

function call(
  within: Search,
  { name, args }: jsonpath.expressions.FunctionExtension,
  current: Json,
): Json | undefined {
  const [argument] = args;
  if (argument === undefined) throw new Error(`expected an argument of ${name}, found none`);
  if (name === 'length') return lengthOf(within, operand(within, argument, current));
  if (!(argument instanceof FilterQuery)) throw new Error(`expected a query as argument of ${name}`);
  const { count, first } = matchesOf(within, argument, current);
  if (name === 'count') return count;
  if (name === 'value') return count === 1 ? first : undefined;
  throw new Error(`expected count, length or value, found ${name}`);
}

/** Of a text: its Unicode scalar values. */
function lengthOf(within: Search, value: Json | undefined): number | undefined {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') {
    spend(within, value.length / COUNTED_PER_VISIT);
    let length = 0;
    for (const _ of value) length += 1;
    return length;
  }
  if (value === undefined || !isJsonObject(value)) return undefined;
  const { length } = Object.keys(value);
  spend(within, length);
  return length;
}

function compare(within: Search, left: Json | undefined, operator: string, right: Json | undefined): boolean {
  switch (operator) {
    case '==':
      return equal(within, left, right);
    case '!=':
      return !equal(within, left, right);
    case '<':
      return less(within, left, right);
    case '>':
      return less(within, right, left);
    case '<=':
      return less(within, left, right) || equal(within, left, right);
    case '>=':
      return less(within, right, left) || equal(within, left, right);
    default:
      throw new Error(`expected a comparison, found ${operator}`);
  }
}

function less(within: Search, left: Json | undefined, right: Json | undefined): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left !== 'string' || typeof right !== 'string') return false;
  spend(within, Math.min(left.length, right.length) / COMPARED_PER_VISIT);
  return left < right;
}

function equal(within: Search, left: Json | undefined, right: Json | undefined): boolean {
  spend(within, 1);
  if (typeof left === 'string' && typeof right === 'string') {
    if (left.length !== right.length) return false;
    spend(within, left.length / COMPARED_PER_VISIT);
    return left === right;
  }
  if (left === undefined || right === undefined || left === right) return left === right;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equal(within, item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const [names, others] = [Object.keys(left), Object.keys(right)];
  spend(within, names.length + others.length);
  if (names.length !== others.length) return false;
  return names.every((name) => Object.hasOwn(right, name) && equal(within, left[name], right[name]));
}
