/**
 * Whether an operator reset this workflow. The event that a reset writes into the history brings a new random seed,
 * which the interceptor in identity.ts sees; a hold that waits then asks the judge what stands, because what decided
 * it may be behind the point to which it was reset.
 *
 * State of this module is state of one workflow: every workflow has its own copy of every module.
 */
let seen = 0;

export function noteReset(): void {
  seen += 1;
}

/** How often, so far. */
export function resets(): number {
  return seen;
}
