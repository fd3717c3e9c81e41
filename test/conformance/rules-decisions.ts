import type { Section } from './rule.ts';

export const DECISION_RULES: readonly Section[] = [
  {
    title: 'Decisions on reviews',
    rules: {
      'DECIDE-1': 'an approval with an edited output has later steps see the edit',
      'DECIDE-2': 'an approval with edited arguments has the tool called with the edit',
      'DECIDE-3':
        'an edit that the schema refuses is answered 422 with every problem, and the review stays open',
      'DECIDE-4': 'an edit that the policy denies is answered 422, and the review stays open',
      'DECIDE-5': 'the review keeps the diff of an edit and the hash of what was made of it',
      'DECIDE-6': 'an output for a commit, or arguments for a reason step, are answered 422',
      'DECIDE-7': "a rejection fails the step with HUMAN_REJECTED and the reviewer's members beside the code",
      'DECIDE-8': "a code of the reviewer's own is kept as reviewer_code",
      'DECIDE-9':
        'a retry runs the step again in a new iteration, with a review of its own, and closes the old one',
      'DECIDE-10': 'the guidance of a retry is shown to the model, with the attempt and the limit',
      'DECIDE-11': "without guidance in the request the step's own is taken",
      'DECIDE-12': 'guidance never goes to a tool',
      'DECIDE-13': 'the policy gate runs again after a retry',
      'DECIDE-14': 'a retry beyond hitl_max_retries is answered 409',
      'DECIDE-15': 'a step that does not wait for review cannot be decided: 409 names its state',
      'DECIDE-16': 'a review that expires is rejected with REVIEW_EXPIRED, by the actor "system"',
      'DECIDE-17':
        'a decision at or after the deadline is answered 409 and records the expiry, whatever the timer does',
      'DECIDE-18': 'a decision about another iteration than the one on hold is answered 409',
      'DECIDE-19': 'a decision about another payload than the one on hold is answered 409',
      'DECIDE-20': 'without an iteration the last review is meant where none is open',
      'DECIDE-21': 'the same decision again changes nothing and is answered already_queued with the same key',
      'DECIDE-22': 'another second decision is answered 409, names the winner, and is recorded',
      'DECIDE-23': 'the same verdict with another edit is another decision',
      'DECIDE-24': 'of opposite decisions at the same moment exactly one is accepted, and takes effect',
      'DECIDE-25': 'a decision that is accepted while no worker process runs takes effect later, once',
      'DECIDE-26': 'a decision that is superseded by terminating the workflow is recorded as that',
      'DECIDE-27':
        'the receipt of a review follows an approval to its effect: decided, delivered, consumed, done',
      'DECIDE-28': 'a reviewed step of another namespace is not found',
      'DECIDE-29': 'the resolved arguments of a step that was tried again show _hitl_retry',
      'DECIDE-30':
        'the effect of a rejection is in its receipt when what came before is undone, and not sooner',
      'DECIDE-31': 'the effect of a retry is in its receipt when the next iteration waits for review',
      'DECIDE-32': 'what keeps a decision from its effect is in its receipt, in words',
    },
  },
];

export const CANCEL_RULES: readonly Section[] = [
  {
    title: 'Cancelling and terminating',
    rules: {
      'CANCEL-1': 'a cancel closes the open review, fails its step with CANCELLED, and undoes what was done',
      'CANCEL-2':
        'a decision that was accepted before the cancel stands: the approved call is made, then undone',
      'CANCEL-3': 'a step that runs when the cancel comes is awaited, and its effect is undone',
      'CANCEL-4':
        'a react step stops after the turn in flight, and is undone itself when it called a tool that writes',
      'CANCEL-5': 'a saga that is cancelled during its last step is compensated, not completed',
      'CANCEL-6': 'a cancel typed in Temporal does the same as one over HTTP',
      'CANCEL-7': 'a cancel again is answered already_queued',
      'CANCEL-8': 'a cancel of a saga that has ended, or is undone for another reason, is answered 409',
      'CANCEL-9':
        'terminating the workflow undoes nothing: the saga is FAILED with TERMINATED and its review closed',
      'CANCEL-10': 'a forward row keeps its status when it is undone',
    },
  },
];
