import type { Section } from './rule.ts';

export const MANIFEST_STEP_RULES: readonly Section[] = [
  {
    title: 'Fields of steps',
    rules: {
      'MANIFEST-57': 'hitl_max_retries, hitl_retry_guidance and review need "hitl: true"',
      'MANIFEST-58': 'hitl_max_retries is 0 or more, and guidance has at most 4096 characters',
      'MANIFEST-59': 'an expiry is an ISO 8601 duration, or a number with s, m, h or d',
      'MANIFEST-60':
        'an output_schema is read as its $schema says: draft-07, or 2020-12 by default; no other',
      'MANIFEST-61': 'format does not validate, and unknown keywords mean nothing',
      'MANIFEST-62': 'a schema that is none is refused at deploy, at its place in its file',
      'MANIFEST-63': 'a step that takes longer than timeout_seconds is TIMED_OUT',
      'MANIFEST-64': 'a commit allows exactly one tool',
      'MANIFEST-65': 'a tool is allowed once, and none by the name of a tool of the agent itself',
      'MANIFEST-66': "the description of an allowed tool replaces the server's for the model",
      'MANIFEST-67': 'strict_schema has the provider asked for strict arguments, for that tool only',
      'MANIFEST-68': "the output_schema of an allowed tool checks that tool's results, in both kinds of step",
      'MANIFEST-69': 'max_turns is 1 to 200 and ends a react step that has not submitted by then',
      'MANIFEST-70': 'timeout_seconds is more than 0',
    },
  },
  {
    title: 'Bindings',
    rules: {
      'MANIFEST-71': 'a binding has a path or a value, not both and not neither',
      'MANIFEST-72': 'a value is bound as it is, whatever JSON it is, null included',
      'MANIFEST-73': 'a path that matches nothing binds null; of several matches the first is bound',
      'MANIFEST-74': 'paths are those of RFC 9535: filters, slices, wildcards, descendants, functions',
      'MANIFEST-75': "a shorthand name may have - and @, and .'x', .\"x\" and .[…] mean ['x'] and […]",
      'MANIFEST-76': 'a path that is none is refused at deploy, at the place in it',
    },
  },
  {
    title: 'When and policies',
    rules: {
      'MANIFEST-77': 'a "when" that errs, or gives no boolean, fails the step with WHEN_EVALUATION_FAILED',
      'MANIFEST-78': 'a "when" sees input, steps, saga and step',
      'MANIFEST-79':
        'every step is in the "steps" of a "when" from the start, empty until it has put out something',
      'MANIFEST-80': 'a policy sees phase, input, arguments, output, saga, step, worker and tool',
      'MANIFEST-81':
        'what a rule names and does not have is refused at deploy, and so is what does not compile',
      'MANIFEST-82': 'true passes and false denies, after a reason step and before a commit',
      'MANIFEST-83': 'what errs, or gives no boolean, stops the step as a denial does',
      'MANIFEST-84': 'integral numbers compare and add with the integers and the fractions of a rule',
      'MANIFEST-85': 'a policy that is named without extension is looked up as .yaml',
      'MANIFEST-86': 'a policy file has a rule, and may have a name and a version, which may be a number',
    },
  },
];
