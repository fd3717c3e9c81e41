/**
 * The budget of one evaluation of CEL: the library counts nothing, and whoever evaluates answers nobody meanwhile.
 * An evaluation is synchronous, so there is one at a time.
 */

/** One is a tenth of a microsecond or so; all of them half a second or so. */
const MAX_WORK = 5_000_000;

let left = MAX_WORK;

/** Throws `RangeError` when the evaluation has spent its budget, then and at each further call. */
export function spend(work: number): void {
  left -= work;
  if (left < 0) throw overrun();
}

/** Throws `RangeError` also where the expression made something of the error: what was not looked at is not known. */
export function withBudget<T>(evaluate: () => T): T {
  left = MAX_WORK;
  const result = evaluate();
  if (left < 0) throw overrun();
  return result;
}

function overrun(): RangeError {
  return new RangeError(
    `expected the loops, texts and comparisons of an expression to take at most ${MAX_WORK} steps, found more`,
  );
}
