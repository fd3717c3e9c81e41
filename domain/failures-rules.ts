/** Failures that follow from what a manifest says or a person decided, and the ends of a whole saga. */
import { KNOWN, NEVER, UNCERTAIN, type FailureMeaning } from './failure-meaning.ts';

const POLICY = {
  policy: 'the name of the policy',
  cel: 'its rule',
} as const;

const POLICY_TODO =
  'Read the rule and the values that it judged (`warden show step`). If the denial is right, nothing is to be done. If not, ' +
  'correct the policy, deploy, and start a new saga: a saga keeps the policy that it was started with.';

export const RULE_FAILURES = {
  POLICY_REASON_DENIED: {
    means: 'The policy of a reason step was false for its output, which was therefore not merged.',
    effect: KNOWN,
    retried: NEVER,
    todo: POLICY_TODO,
    details: POLICY,
  },
  POLICY_COMMIT_DENIED: {
    means:
      'The policy of a commit step was false, or the arguments about to be sent were not those that were approved. The tool ' +
      'was not called.',
    effect: {
      kind: 'depends',
      when: 'an earlier call of this step had begun before the arguments were found to differ',
    },
    retried: NEVER,
    todo: POLICY_TODO,
    details: { ...POLICY, status: 'of the review, when the arguments were not those that were approved' },
  },
  POLICY_EVALUATION_FAILED: {
    means: 'The policy could not be evaluated, or was neither true nor false. That counts as a denial.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Correct the rule: most often it reads a member that is not always there (`has(…)` asks for it). Deploy, and start a new saga.',
    details: { ...POLICY, phase: '`after_reason` or `before_commit`' },
  },
  WHEN_EVALUATION_FAILED: {
    means:
      'The `when` of a step could not be evaluated, or was neither true nor false. The step did not begin.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Correct `when`: most often it reads the output of a step that was skipped. Deploy, and start a new saga.',
    details: { cel: 'the rule' },
  },
  BINDING_FAILED: {
    means: 'A path of `with` found nothing, or too much, in the context of the saga.',
    effect: KNOWN,
    inUndo: 'final',
    retried: NEVER,
    todo:
      'The message names the binding and its path; compare it with the outputs of the earlier steps. Correct the manifest, ' +
      'deploy, and start a new saga. Of an undo: undo it by hand, since a saga keeps the definition that it was started with.',
    details: {},
  },
  PROMPT_RENDER_FAILED: {
    means: 'The template of the prompt could not be rendered. No model was asked.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Correct the template at the line that is named, or bind the variable that it misses. Deploy, and start a new saga.',
    details: {
      prompt: 'the file of the prompt',
      line: 'in it; null when it is not known',
      variables: 'the names that the template may use',
    },
  },
  HUMAN_REJECTED: {
    means: 'A reviewer rejected what the step had on hold. Nothing of it was merged or sent.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Nothing, when the rejection is right: what came before is undone. The review says who rejected it and why (`warden review show`).',
    details: {
      reviewer_code: 'the code that the reviewer gave',
      reviewer_message: 'the message that the reviewer gave, when it was no short text',
      reviewer_error: 'the error that the reviewer gave',
      '…': 'any other member that the reviewer gave, under its own name',
    },
  },
  REVIEW_EXPIRED: {
    means: 'Nobody decided before the deadline of the review, which is a rejection.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Start a new saga if it is still wanted; raise `review.expires` if the time was too short.',
    details: {},
  },
  STEP_TIMED_OUT: {
    means:
      'The step, or the undo, did not end within its `timeout_seconds`. Such a step is TIMED_OUT, such an undo FAILED.',
    effect: { kind: 'depends', when: 'it is a commit whose call had begun' },
    inUndo: {
      kind: 'depends',
      when: 'a call had begun whose tool is not idempotent (of several tools: nor read-only)',
    },
    retried: 'A forward step never. An undo as any failed attempt.',
    todo: 'Find out what took so long (timing in `warden show step`), then raise `timeout_seconds` or repair the tool, and start a new saga.',
    details: { timeout_seconds: 'the limit' },
  },
  SYSTEM_CRASH: {
    means:
      'A call began and its result was lost, on a tool that is not idempotent or three times on one that is; or three ' +
      'attempts at a reason step, or at an undo of several tools, died one after the other without recording a turn of the model.',
    effect: UNCERTAIN,
    inUndo: 'final',
    retried:
      'A lost call of an idempotent tool is made again with the same key, three times in all. Any other call is made once.',
    todo:
      'Look at the tool server’s own record under the idempotency key `<trace_id>:<span_id>`: it tells whether the call took ' +
      'effect. Declare a tool that honours the key as `idempotent: true`, and a lost call costs nothing.',
    details: {
      tool: 'the tool whose result was lost',
      calls: 'how often it was called',
      last_error: 'why the last result was lost, when the process that called lived',
    },
  },
  COMPENSATION_FAILED: {
    means:
      'An undo failed for good: five attempts failed, or one in a way that trying again cannot mend. It is the failure of ' +
      'the saga; the row of the undo has the failure of the undo itself. That is COMPENSATION_FAILED as well when the model ' +
      'that carries out an undo of several tools submits that it could not be done.',
    effect: {
      kind: 'saga',
      then: 'The saga is FAILED and stuck: later undos do not run, and it stays until a person acts.',
    },
    inUndo: 'attempt',
    retried: 'By a person only. Before it, each attempt of the undo 1 s to 60 s after the other.',
    todo:
      'Read why (`warden show step` with the span of the undo), repair the cause, and run `warden saga retry-compensation`: ' +
      'it takes up that undo again with five new attempts and goes on with the remaining ones. `warden list sagas --stuck` has the command.',
    details: {
      rollback_status: 'of an undo of several tools: what the model submitted',
      summary: 'its words',
    },
  },
  CANCELLED: {
    means: 'The saga was cancelled, over HTTP, by `warden saga cancel`, or in Temporal.',
    effect: { kind: 'depends', when: 'it is a react step that had called a tool that is not read-only' },
    retried: 'Never: it was asked for.',
    todo: 'Nothing. The ledger says who cancelled it and why.',
    details: {},
  },
  TERMINATED: {
    means:
      'The workflow of the saga was terminated in Temporal, or closed there by something else than the saga.',
    effect: {
      kind: 'saga',
      then: 'The saga is FAILED and nothing is undone: without its workflow nothing carries it out any more.',
    },
    retried: NEVER,
    todo: 'Undo by hand what the completed steps did (`warden list steps`), and start a new saga if it is still wanted. Cancel instead of terminating: a cancel undoes.',
    details: {},
  },
} as const satisfies Record<string, FailureMeaning>;
