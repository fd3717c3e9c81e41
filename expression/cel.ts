/** CEL: compiled at deploy, evaluated at run. An evaluation never throws and an error is never truthy. */
import { CelScalar, celFunc, isCelError, mapType, parse, plan } from '@bufbuild/cel';
import type { JsonObject } from '../domain/json.ts';
import { checkCel } from './cel-check.ts';
import { pricedEnv } from './cel-functions.ts';
import { makeLoopsPay } from './cel-loops.ts';
import { createConverter, fromCel } from './cel-values.ts';
import { withBudget } from './cel-work.ts';
import { ExpressionError, messageOf } from './error.ts';

export type CelOutcome = { kind: 'value'; value: unknown } | { kind: 'error'; message: string };

export interface CompiledCel {
  /** Never throws. `bindings` are the values of the names given to {@link compileCel}; others are not seen. */
  evaluate(bindings: JsonObject): CelOutcome;
}

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar;

/** Long expressions nest deeply in the parser. */
const MAX_SOURCE = 16_384;

// What authors of JSON expect and the standard lacks: int and double in one sum, and a null member is present.
const env = pricedEnv([
  celFunc('_+_', [INT, DOUBLE], DOUBLE, (left, right) => Number(left) + right),
  celFunc('_+_', [DOUBLE, INT], DOUBLE, (left, right) => left + Number(right)),
  celFunc('_-_', [INT, DOUBLE], DOUBLE, (left, right) => Number(left) - right),
  celFunc('_-_', [DOUBLE, INT], DOUBLE, (left, right) => left - Number(right)),
  celFunc('_*_', [INT, DOUBLE], DOUBLE, (left, right) => Number(left) * right),
  celFunc('_*_', [DOUBLE, INT], DOUBLE, (left, right) => left * Number(right)),
  celFunc('_/_', [INT, DOUBLE], DOUBLE, (left, right) => Number(left) / right),
  celFunc('_/_', [DOUBLE, INT], DOUBLE, (left, right) => left / Number(right)),
  celFunc('@in', [STRING, mapType(DYN, DYN)], BOOL, (key, map) => map.get(key) !== undefined),
]);

/**
 * Compiles an expression whose free names are all in `names`. Throws {@link ExpressionError} with line and
 * column for a syntax error, an unknown name, an unknown function or a bad constant pattern.
 */
export function compileCel(source: string, names: readonly string[]): CompiledCel {
  if (source.length > MAX_SOURCE) {
    throw new ExpressionError(
      `expected at most ${MAX_SOURCE} characters of expression, found ${source.length}`,
    );
  }
  const parsed = parseCel(source);
  try {
    const used = checkCel(source, parsed, env, names);
    makeLoopsPay(parsed.expr);
    const planned = plan(env, parsed);
    return { evaluate: (bindings) => evaluate(planned, used, bindings) };
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    throw new ExpressionError(`the expression is nested too deep or cannot be planned: ${messageOf(error)}`);
  }
}

function parseCel(source: string): ReturnType<typeof parse> {
  try {
    return parse(source);
  } catch (error) {
    throw new ExpressionError(`not a CEL expression: ${syntaxMessage(error)}`, syntaxPlace(error));
  }
}

function syntaxMessage(error: unknown): string {
  return messageOf(error)
    .replace(/^<input>:\d+:\d+: /, '')
    .slice(0, 300);
}

function syntaxPlace(error: unknown): { line?: number; column?: number } {
  const found = /^<input>:(\d+):(\d+): /.exec(messageOf(error));
  return found ? { line: Number(found[1]), column: Number(found[2]) } : {};
}

function evaluate(
  planned: ReturnType<typeof plan>,
  names: readonly string[],
  bindings: JsonObject,
): CelOutcome {
  try {
    const convert = createConverter();
    const bound = Object.fromEntries(
      names.flatMap((name) => {
        const value = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
        return value === undefined ? [] : [[name, convert(value)]];
      }),
    );
    const result = withBudget(() => planned(bound));
    if (isCelError(result)) return { kind: 'error', message: result.message };
    return { kind: 'value', value: fromCel(result) };
  } catch (error) {
    return { kind: 'error', message: messageOf(error) };
  }
}
