/** What the CEL library finds only at evaluation, found at deploy: unknown names, unknown functions, bad patterns. */
import type { CelEnv, parse } from '@bufbuild/cel';
import { ExpressionError, messageOf, placeOf } from './error.ts';
import { compilePattern } from './pattern.ts';

type Parsed = ReturnType<typeof parse>;
type Expr = Parsed['expr'];
type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];

/** Planned by the library itself; every other operator is in its table of functions. */
const OPERATORS = new Set(['_[_]', '_?_:_', '_&&_', '_||_', '@not_strictly_false', '__not_strictly_false__']);
const TYPES = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

interface Check {
  source: string;
  positions: Readonly<Record<string, number>>;
  env: CelEnv;
  names: readonly string[];
  used: Set<string>;
}

/**
 * Throws {@link ExpressionError} at the first name, function or pattern that evaluation could only fail on.
 * Answers those of `names` that the expression uses.
 */
export function checkCel(source: string, parsed: Parsed, env: CelEnv, names: readonly string[]): string[] {
  const used = new Set<string>();
  const check = { source, positions: parsed.sourceInfo?.positions ?? {}, env, names, used };
  visit(check, parsed.expr, new Set([...names, ...TYPES]));
  return names.filter((name) => used.has(name));
}

function visit(check: Check, expr: Expr | undefined, known: ReadonlySet<string>): void {
  if (expr === undefined) return;
  const kind = expr.exprKind;
  switch (kind.case) {
    case 'identExpr':
      if (!known.has(kind.value.name)) unknownName(check, expr, kind.value.name);
      check.used.add(kind.value.name);
      return;
    case 'selectExpr':
      return visit(check, kind.value.operand, known);
    case 'callExpr':
      return visitCall(check, expr, kind.value, known);
    case 'listExpr':
      return kind.value.elements.forEach((element) => visit(check, element, known));
    case 'structExpr':
      if (kind.value.messageName !== '') fail(check, expr, `unknown type ${kind.value.messageName}`);
      for (const entry of kind.value.entries) {
        if (entry.keyKind.case === 'mapKey') visit(check, entry.keyKind.value, known);
        visit(check, entry.value, known);
      }
      return;
    case 'comprehensionExpr': {
      const { accuVar, iterVar, iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
      visit(check, iterRange, known);
      visit(check, accuInit, known);
      const inner = new Set([...known, accuVar, iterVar]);
      for (const part of [loopCondition, loopStep, result]) visit(check, part, inner);
      return;
    }
    default:
      return;
  }
}

function visitCall(check: Check, expr: Expr, call: Call, known: ReadonlySet<string>): void {
  hyphen(check, expr, call, known);
  visit(check, call.target, known);
  if (!OPERATORS.has(call.function)) {
    const shapes = [...check.env.funcs].filter((candidate) => candidate.name === call.function);
    const fits = shapes.some(
      (shape) =>
        (shape.target === undefined) === (call.target === undefined) &&
        shape.arguments.length === call.args.length,
    );
    if (!fits) unknownFunction(check, expr, call, shapes.length > 0);
  }
  call.args.forEach((argument) => visit(check, argument, known));
  if (call.function === 'matches') pattern(check, expr, call.args[0]);
}

function unknownFunction(check: Check, expr: Expr, call: Call, exists: boolean): never {
  const how = call.target === undefined ? 'a function' : 'a method';
  const shape = exists ? `is not ${how} of ${call.args.length} arguments` : 'is not known';
  return fail(check, expr, `the function ${call.function} ${shape}`);
}

function pattern(check: Check, expr: Expr, argument: Expr | undefined): void {
  if (argument?.exprKind.case !== 'constExpr') return;
  const constant = argument.exprKind.value.constantKind;
  if (constant.case !== 'stringValue') return;
  try {
    compilePattern(constant.value);
  } catch (error) {
    fail(check, expr, messageOf(error));
  }
}

/** `steps.post-comment.output` parses as a subtraction: say what was meant. */
function hyphen(check: Check, expr: Expr, call: Call, known: ReadonlySet<string>): void {
  if (call.function !== '_-_') return;
  const [left, right] = call.args;
  if (left?.exprKind.case !== 'selectExpr' || right === undefined) return;
  const name = leftmost(right);
  if (name === null || known.has(name)) return;
  const member = `${left.exprKind.value.field}-${name}`;
  fail(check, expr, `"${member}" is read as a subtraction: write ["${member}"] for a member of that name`);
}

function leftmost(expr: Expr): string | null {
  const kind = expr.exprKind;
  if (kind.case === 'identExpr') return kind.value.name;
  if (kind.case === 'selectExpr' && kind.value.operand) return leftmost(kind.value.operand);
  if (kind.case === 'callExpr') {
    const first = kind.value.target ?? kind.value.args[0];
    return first ? leftmost(first) : null;
  }
  return null;
}

function unknownName(check: Check, expr: Expr, name: string): never {
  return fail(check, expr, `expected one of the names ${check.names.join(', ')}, found ${name}`);
}

function fail(check: Check, expr: Expr, message: string): never {
  const offset = check.positions[String(expr.id)];
  throw new ExpressionError(message, offset === undefined ? {} : placeOf(check.source, offset));
}
