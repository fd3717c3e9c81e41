import type { Section } from './rule.ts';

export const LIFE_RULES: readonly Section[] = [
  {
    title: 'States',
    rules: {
      'LIFE-1': 'a saga that nothing disturbs is RUNNING, AWAITING_HUMAN at each hold, and then COMPLETED',
      'LIFE-2': 'a saga with something in scope to undo passes through COMPENSATING and ends COMPENSATED',
      'LIFE-3': 'a saga with nothing in scope to undo is FAILED at once',
      'LIFE-4':
        'all rows of the steps are there from the start, PENDING, with the span ids that position gives them',
      'LIFE-5': 'the started_at of a step is that of its saga until the step starts',
      'LIFE-6': 'a step whose "when" is false is SKIPPED',
      'LIFE-7': 'a step that the saga never reached is SKIPPED when it ends',
      'LIFE-8': 'a decided review leaves the lists at once, and the saga stays AWAITING_HUMAN until it wakes',
      'LIFE-9':
        'in_flight lists sagas that are PENDING, RUNNING, AWAITING_HUMAN or COMPENSATING, and no other',
    },
  },
  {
    title: 'One forward step',
    rules: {
      'STEP-1':
        'the "when" is judged before anything else of the step: no binding is resolved, no model asked',
      'STEP-2': 'bindings are resolved against the context before the agent runs',
      'STEP-3': 'the policy gate runs before the hold, and what it denies never becomes a review',
      'STEP-4': 'the review of a reason step is about its validated output, with its facts',
      'STEP-5': 'the review of a commit is about the resolved arguments, and shows what would be sent',
      'STEP-6': 'the tool of a held commit is not called before the approval',
      'STEP-7': 'the tool is called with exactly what was approved, by the hash that was shown',
      'STEP-8': 'the result of a commit is validated, and one that the schema refuses fails the step',
      'STEP-9': 'output and facts of a finished step are in the context under its id, for every later step',
      'STEP-10': 'what the model said on its way to its output does not enter the context',
      'STEP-11': 'each row has timing and usage, and neither enters the context',
    },
  },
];
