import type { Section } from './rule.ts';

export const MANIFEST_RUN_RULES: readonly Section[] = [
  {
    title: 'Reason steps',
    rules: {
      'MANIFEST-87': 'a reason step has a prompt, and it is no empty file',
      'MANIFEST-88': 'a prompt without {{ or {% is sent as it is',
      'MANIFEST-89':
        'a plain name of a prompt is bound by "with", is allowed_tools or _hitl_retry, or is set in the template',
      'MANIFEST-90': 'what is undefined prints empty, and an attribute of it fails the step',
      'MANIFEST-91': 'what the template library lacks is refused at deploy, and what to use instead is named',
      'MANIFEST-92': 'react is turns and calls until _submit; simple is one structured completion',
      'MANIFEST-93': 'a simple step with tools, resources or facts is refused',
      'MANIFEST-94':
        'a tool call that fails goes back to the model, or fails the step where on_tool_error says so',
      'MANIFEST-95': 'a step over max_step_tokens fails, with the tokens that it used',
      'MANIFEST-96': 'without max_step_tokens the limit of the worker process holds',
      'MANIFEST-97': 'without output_schema a react step submits an object that is not empty',
      'MANIFEST-98': 'without output_schema a simple step answers an object with a text "summary"',
    },
  },
  {
    title: 'Admission of model JSON',
    rules: {
      'MANIFEST-99':
        'a submit is admitted two levels deep: lists and objects as text, numbers and booleans as text, "null" and "none"',
      'MANIFEST-100': 'structured output and the arguments of tools are admitted alike',
      'MANIFEST-101': 'what the schema calls a string is never parsed',
      'MANIFEST-102': 'what is deeper, or is not unambiguous, is left for validation to refuse',
      'MANIFEST-103': 'the result of a commit is never coerced',
    },
  },
  {
    title: 'Calling a tool',
    rules: {
      'MANIFEST-104':
        'an unknown tool, a server that is away, or arguments that the tool refuses fail a held commit before anyone is asked',
      'MANIFEST-105':
        'what is sent leaves out nulls at the top, and members that the schema of the tool does not declare',
      'MANIFEST-106': 'undeclared members are sent where the tool says additionalProperties: true',
      'MANIFEST-107': 'what is sent has unambiguous texts as the declared type',
      'MANIFEST-108': 'the review of a commit shows what was resolved beside what would be sent',
      'MANIFEST-109':
        'the data of a result is the object in its text, else its structured content, else its text',
      'MANIFEST-110': 'the text of a tool is clipped for the model only, and facts read all of it',
      'MANIFEST-111': 'a limit of 0 clips nothing',
    },
  },
  {
    title: 'Facts and resources',
    rules: {
      'MANIFEST-112': "facts are read from the data of a tool's last successful result",
      'MANIFEST-113': 'several matches bind the list, and one match binds itself',
      'MANIFEST-114': 'a tool that was never called has no facts, and the step succeeds',
      'MANIFEST-115': 'a path that matches nothing in the result of a called tool fails the step',
      'MANIFEST-116': 'facts have a tool that is allowed, a name of their own, and paths that are paths',
      'MANIFEST-117':
        'a react step reads the resources that it allows, with their placeholders filled from "with"',
      'MANIFEST-118': 'another resource, or another value in a placeholder, fails the step and is not read',
      'MANIFEST-119':
        'a placeholder that "with" does not bind, a ".." and a control character are refused at deploy',
      'MANIFEST-120': 'a value that would lead out of the resource, or is none, fails the step',
    },
  },
  {
    title: 'Compensation files',
    rules: {
      'MANIFEST-121':
        'a compensation file names a worker, its version and at least one tool, and nothing unknown',
      'MANIFEST-122': 'one tool is one call, without a model',
    },
  },
];
