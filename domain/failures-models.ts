/** Failures of what a model made of its task: a reason step that has no output. */
import { KNOWN, NEVER, type FailureMeaning } from './failure-meaning.ts';

const LAST = {
  last_assistant_content: 'the last text of the model, cut',
  last_tool_errors: 'the last tool calls that failed, at most 5: `{tool, preview}`',
} as const;

const TURNS = {
  turns_used: 'model turns that were made',
  max_turns: 'the limit of the step',
} as const;

const RESPONSE = { response_preview: 'the beginning of what the model answered' } as const;

const IN_TURNS =
  'The step never. Inside it the model is told and may mend it in its next turn, until its turns are used up.';

const READ_TURNS =
  'Read the turns of the model in `error_details` and the prompt. Say in the prompt what is expected, or correct the ' +
  'schema; deploy, and start a new saga. A reviewed step can also be retried with guidance while it is on hold.';

export const MODEL_FAILURES = {
  no_submit_call: {
    means:
      'The model ended a react step without handing in a result: with text alone, or with its last turn.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried: 'The step never. An undo as any failed attempt.',
    todo: `${READ_TURNS} Raise \`max_turns\` when it was on its way.`,
    details: {
      reason: '`model_text_exit` or `max_turns_exceeded`',
      ...TURNS,
      ...LAST,
    },
  },
  compensation_max_turns: {
    means:
      'The model that carries out an undo of several tools used all its turns and did not submit that it is done.',
    effect: { kind: 'saga', then: 'It is the failure of an undo, never of a step.' },
    inUndo: 'attempt',
    retried: 'As any failed attempt of an undo; each begins with a fresh conversation.',
    todo:
      'Read the last errors of its tools, and repair what they complain of; then `warden saga retry-compensation`. For later ' +
      'sagas raise `max_turns` of the compensation file (on a commit also that of the step), or say more in `compensation_prompt`.',
    details: { ...TURNS, ...LAST },
  },
  empty_submit_result: {
    means: 'The model handed in nothing, or no object, in a react step without `output_schema`.',
    effect: KNOWN,
    retried: IN_TURNS,
    todo: READ_TURNS,
    details: { problems: 'what is wrong with it: `{path, message}`', ...TURNS },
  },
  structured_output_failed: {
    means: 'The answer of the model, in a step with the adapter `simple`, was no JSON object.',
    effect: KNOWN,
    retried: NEVER,
    todo: READ_TURNS,
    details: RESPONSE,
  },
  empty_structured_result: {
    means:
      'The answer of the model, in a step with the adapter `simple`, was empty, or had no `summary` where the step has no `output_schema`.',
    effect: KNOWN,
    retried: NEVER,
    todo: READ_TURNS,
    details: RESPONSE,
  },
  OUTPUT_SCHEMA_VALIDATION_FAILED: {
    means:
      'The output of a reason step does not satisfy its `output_schema`; or the result of a commit’s tool does not satisfy ' +
      'the schema of the step or of the tool. Results of tools are never bent to fit.',
    effect: { kind: 'depends', when: 'an earlier call of the commit had been lost' },
    retried: `${IN_TURNS} A commit never.`,
    todo:
      `${READ_TURNS} Of a commit the tool was called and answered, so it may have acted, and its undo does not run: look at ` +
      'the tool’s own record, and undo it by hand if need be.',
    details: {
      problems: 'what is wrong with it',
      ...TURNS,
      ...RESPONSE,
      tool: 'of a commit: the tool that answered',
    },
  },
  STEP_TOKEN_LIMIT_EXCEEDED: {
    means:
      'The model turns of the step used more tokens than `max_step_tokens` (or `WARDEN_MAX_STEP_TOKENS`) allows.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Raise the limit, or give the model less to read: shorter results of tools, fewer turns.',
    details: {
      tokens_used: 'in all',
      max_step_tokens: 'the limit',
      prompt_tokens: 'of them, what the model read',
      completion_tokens: 'of them, what it wrote',
    },
  },
  LLM_FAILED: {
    means: 'The provider of the model gave no turn.',
    effect: KNOWN,
    inUndo: 'attempt',
    retried:
      'Status 408, 409, 429, 5xx and network errors as `WARDEN_LLM_RETRY_MAX_ATTEMPTS` says, with growing pauses; any other 4xx not at all.',
    todo: 'Read the status: 401 and 403 are the key, 404 the name of the model, 429 the quota. Mend it, and start a new saga.',
    details: {
      provider: 'of the worker',
      model: 'its name',
      status: 'of the last answer; null without one',
      attempts: 'how often it was asked',
    },
  },
  FACT_EXTRACTION_FAILED: {
    means:
      'A fact is read from the result of a tool, and its path found nothing there, or every call of the tool had failed.',
    effect: KNOWN,
    retried: NEVER,
    todo: 'Compare the path with the result that is shown. Correct `facts` in the manifest, deploy, and start a new saga.',
    details: {
      tool: 'whose result is read',
      into: 'the name of the fact',
      field: 'the member of it that is missing; null when every call failed',
      path: 'of that member; null when every call failed',
      tool_result_preview: 'the beginning of the result',
    },
  },
} as const satisfies Record<string, FailureMeaning>;
