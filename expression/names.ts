/** What a CEL rule may name: the same list when it is compiled at deploy and when it is evaluated. */

/** Of a policy. */
export const POLICY_NAMES = [
  'phase',
  'input',
  'arguments',
  'output',
  'saga',
  'step',
  'worker',
  'tool',
] as const;

/** Of `when`: it is asked before the arguments are resolved, so they are not among them. */
export const WHEN_NAMES = ['input', 'steps', 'saga', 'step'] as const;
