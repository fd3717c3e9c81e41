/** Failures of tools and of resources: not allowed, not there, not answering, or answering with an error. */
import { KNOWN, NEVER, type Effect, type FailureMeaning } from './failure-meaning.ts';

const CALL = {
  call: 'of a reason step: the id of the model’s call',
  called: 'of a reason step: whether the tool was reached',
  tool_result_preview: 'of a reason step: the beginning of what came back',
} as const;

const SOURCES = {
  missing_tools: 'tools of the step that no source has',
  source_failures:
    'sources that could not be reached: `{name, url, error}`; a variable that is missing is named in `error`',
} as const;

const AFTER_LOST: Effect = { kind: 'depends', when: 'an earlier call with the same key was lost' };

const RETURNED =
  'The step never. With `on_tool_error: return`, which is the default, a failed call of a reason step goes back to the ' +
  'model and does not end the step.';

const BOUND =
  'Correct the resources or `with` of the step, or say in the prompt what may be read; deploy, and start a new saga.';

export const TOOL_FAILURES = {
  TOOL_NOT_ALLOWED: {
    means: 'The model called a tool that its step does not allow. No call of that turn was made.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: 'Allow the tool in `tools.allow` when the step may use it; else say in the prompt what it may use. A model that read hostile text may have been led: look at what it read.',
    details: {
      tool: 'the first of them',
      allowed_tools: 'what the step allows',
      disallowed_tools: 'all that were called and are not allowed',
    },
  },
  TOOL_NOT_FOUND: {
    means: 'No tool source of the worker has the tool, and all of them answered.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: 'Compare the name with what the tool server offers, which the message lists. Correct the manifest or the server.',
    details: SOURCES,
  },
  TOOL_ARGUMENTS_INVALID: {
    means: 'The arguments do not satisfy the input schema of the tool. It was not called.',
    effect: KNOWN,
    inUndo: 'final',
    retried: NEVER,
    todo: 'Correct `with` of the step, or what the step before it gives. Deploy, and start a new saga.',
    details: { tool: 'the tool', problems: 'what is wrong with them, one text each' },
  },
  TOOL_INVOKE_FAILED: {
    means: 'The tool server refused the call, or gave no result, so nothing was done as far as is known.',
    effect: AFTER_LOST,
    inUndo: 'attempt',
    retried: RETURNED,
    todo: 'Read the message and the log of the tool server; repair it, and start a new saga.',
    details: { tool: 'the tool', ...CALL },
  },
  TOOL_OUTPUT_ERROR: {
    means: 'The tool answered with an error (`isError`), which means that it did not act.',
    effect: AFTER_LOST,
    inUndo: 'attempt',
    retried: RETURNED,
    todo: 'Read what the tool said; correct the arguments or what it works on, and start a new saga.',
    details: { tool: 'the tool', preview: 'of a commit or an undo: the beginning of what it said', ...CALL },
  },
  MCP_UNAVAILABLE: {
    means: 'A tool source could not be reached, so tools of the step are missing.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: 'The step never.',
    todo: 'Start the tool server, or set the variable that is named, where the worker process runs. Then start a new saga.',
    details: SOURCES,
  },
  MCP_SOURCES_REQUIRED: {
    means: 'The step may call tools, and its worker names no tool source.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: 'Name a tool source in the manifest of the worker, deploy, and start a new saga.',
    details: { missing_tools: SOURCES.missing_tools },
  },
  RESOURCE_NOT_ALLOWED: {
    means: 'The model asked for a resource that its step does not allow. No call of that turn was made.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: BOUND,
    details: { uri: 'what it asked for, cut', allowed_resources: 'what the step allows' },
  },
  RESOURCE_READ_FAILED: {
    means: 'A resource could not be read, in a step with `on_tool_error: fail`.',
    effect: KNOWN,
    retried: RETURNED,
    todo: 'Read the message; repair the server of the resource, or use `on_tool_error: return`.',
    details: { tool: '`_read_resource`', ...CALL },
  },
  RESOURCE_URI_TRAVERSAL: {
    means: 'The URI of a resource has `..` in it. Nothing was read.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: `${BOUND} Look at where the value came from: it may be an attack.`,
    details: { uri: 'the URI, cut', template: 'the URI of the manifest, when a value of `with` led there' },
  },
  RESOURCE_URI_CONTROL_CHARACTERS: {
    means: 'The URI of a resource has control characters in it. Nothing was read.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: `${BOUND} Look at where the value came from: it may be an attack.`,
    details: { uri: 'the URI, cut', template: 'the URI of the manifest, when a value of `with` led there' },
  },
  RESOURCE_URI_PLACEHOLDER_MISSING: {
    means:
      'A placeholder in the URI of a resource has no value in `with`, or one that is neither text nor number.',
    effect: KNOWN,
    inUndo: 'final',
    retried: NEVER,
    todo: BOUND,
    details: { uri: 'the URI of the manifest', placeholder: 'its name' },
  },
  RESOURCE_URI_PLACEHOLDER_MISMATCH: {
    means:
      'The model asked for a resource of the step with another value in a placeholder than `with` gives.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: NEVER,
    todo: BOUND,
    details: {
      uri: 'what it asked for, cut',
      template: 'the URI of the manifest',
      expected: 'the URI with the values of `with`',
    },
  },
} as const satisfies Record<string, FailureMeaning>;
