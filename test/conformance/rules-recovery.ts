import type { Section } from './rule.ts';

export const RECOVERY_RULES: readonly Section[] = [
  {
    title: 'Operator recovery',
    rules: {
      'REPAIR-1':
        'retry-step of a step whose execution is alive is answered claim_active, and nothing happens',
      'REPAIR-2': 'retry-step of a step that is queued or in back-off is answered requeued, and it runs now',
      'REPAIR-3': 'retry-step with force on a commit needs allow_destructive, else 409',
      'REPAIR-4': 'retry-step with force ends the execution and runs the step again with the same key',
      'REPAIR-5':
        'retry-step of a step that is not in progress, or of a saga that does not run, is answered 409',
      'REPAIR-6': 'retry-step of an undo is answered 409',
      'REPAIR-7': 'retry-compensation takes a failed undo up again, and the undos that remained run after it',
      'REPAIR-8': 'retry-compensation of a forward step is answered 409',
      'REPAIR-9':
        'both answer with status, idempotency_key, worker_command_key and recovery_token (8 to 128 characters)',
      'REPAIR-10':
        'the same recovery token with the same parameters is answered as the first time, and does nothing',
      'REPAIR-11': 'the same recovery token with other parameters is answered 409',
      'REPAIR-12': 'the reason of a recovery is in the ledger, with who asked for it',
      'REPAIR-13':
        'a result that the forced execution comes to all the same stands: there is no second effect',
      'REPAIR-14': 'retry-step with force on a reason step needs nothing more',
      'REPAIR-15': 'retry-compensation of an undo in back-off makes it due now',
      'REPAIR-16': 'retry-compensation of an undo that is done is answered 409',
    },
  },
];
