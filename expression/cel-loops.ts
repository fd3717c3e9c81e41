/**
 * The loops of a parsed CEL expression made to pay for what they are about to do: the range of each is passed to a
 * function that spends one step for each part of the body, times the items.
 */
import { CelScalar, celFunc, isCelList, isCelMap, parse } from '@bufbuild/cel';
import type { CelFunc } from '@bufbuild/cel';
import { spend } from './cel-work.ts';

type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

/** No expression can name it. */
const PAID = '@paid';
/** A function finds its overload and makes its result: several times what an operator takes. */
const CALL = 4;

const { DYN, INT } = CelScalar;

/** What the ranges of loops go through, as a function of the environment. */
export function paidRange(): CelFunc {
  const paid = celFunc(PAID, [DYN, INT], DYN, (range) => range);
  // In its own call, because an error that an implementation throws becomes a value that the expression may absorb.
  paid.call = (_id, _target, [range, weight]) => {
    if (range === undefined || typeof weight !== 'bigint') return undefined;
    if (isCelList(range) || isCelMap(range)) spend(range.size * Number(weight));
    return range;
  };
  return paid;
}

/** Changes the expression. Answers what it takes to evaluate it once, loops aside. */
export function makeLoopsPay(expr: Expr | undefined): number {
  if (expr === undefined) return 0;
  const kind = expr.exprKind;
  switch (kind.case) {
    case 'selectExpr':
      return 1 + makeLoopsPay(kind.value.operand);
    case 'callExpr':
      return CALL + sum([kind.value.target, ...kind.value.args]);
    case 'listExpr':
      return 1 + sum(kind.value.elements);
    case 'structExpr':
      return kind.value.entries.reduce((total, { keyKind, value }) => {
        const key = keyKind.case === 'mapKey' ? keyKind.value : undefined;
        return total + sum([key, value]);
      }, CALL);
    case 'comprehensionExpr': {
      const loop = kind.value;
      const once = CALL + sum([loop.iterRange, loop.accuInit, loop.result]);
      const each = sum([loop.loopCondition, loop.loopStep]);
      if (loop.iterRange !== undefined) loop.iterRange = paidFor(loop.iterRange, each);
      return once;
    }
    default:
      return 1;
  }
}

function sum(parts: readonly (Expr | undefined)[]): number {
  return parts.reduce((total, part) => total + makeLoopsPay(part), 0);
}

function paidFor(range: Expr, weight: number): Expr {
  const { expr } = parse(`paid(0, ${weight})`);
  if (expr.exprKind.case !== 'callExpr') throw new Error('expected a call');
  const call = expr.exprKind.value;
  call.function = PAID;
  call.args = [range, ...call.args.slice(1)];
  return expr;
}
