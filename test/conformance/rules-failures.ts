import type { Section } from './rule.ts';

export const FAILURE_RULES: readonly Section[] = [
  {
    title: 'Failure and undo',
    rules: {
      'UNDO-1': 'a known failure undoes from the last completed step before the failed one',
      'UNDO-2': 'undos run last-in first-out, one at a time',
      'UNDO-3': 'a step without a compensation is passed over',
      'UNDO-4': 'each undo is a row of its own that names the span of its forward step',
      'UNDO-5': 'a commit that times out after its call began is TIMED_OUT, and its own undo runs first',
      'UNDO-6': 'a lost result of a tool that is not idempotent is SYSTEM_CRASH, and its own undo runs first',
      'UNDO-7': 'a lost result of an idempotent tool has it called again with the same key',
      'UNDO-8':
        'a reason step of which three attempts died without a turn is SYSTEM_CRASH, and counts as uncertain',
      'UNDO-9': 'the call of an undo that fails is made again, five times in all',
      'UNDO-10': 'a result with isError counts as a failed attempt of an undo',
      'UNDO-11': 'an undo that fails for good makes its row and the saga FAILED, and later undos do not run',
      'UNDO-12': 'a saga is never COMPENSATED while a declared undo has not succeeded',
      'UNDO-13': 'an uncertain step without a compensation is in scope and passed over: COMPENSATED',
      'UNDO-14': 'completed steps of which none declares a compensation end COMPENSATED',
      'UNDO-15': 'the bindings of an undo see _compensation, whole',
      'UNDO-16':
        'an undo of several tools is a loop of the model with the compensation prompt, and ends with its submit',
      'UNDO-17':
        "an undo of several tools fails with compensation_max_turns after the file's max_turns, else the step's",
      'UNDO-18': 'what a single-tool undo gave is in its output_payload',
      'UNDO-19':
        'the undo of an uncertain step carries the key of its call, so that the tool can refuse one that arrives late',
      'UNDO-20': 'an undo that succeeds after failed attempts is COMPENSATED, and its error is gone',
      'UNDO-21':
        'a worker process that dies during the undo of an idempotent tool does not use up one of its attempts',
      'UNDO-22':
        'without a compensation prompt the model is told not to diagnose and not to do the forward work again',
      'UNDO-23':
        'an undo of several tools that the model says has failed is tried again; its turns count against no token limit',
    },
  },
  {
    title: 'Idempotency keys',
    rules: {
      'KEY-1':
        'the key of a commit is the trace id and its span, the same for every iteration and every attempt',
      'KEY-2': 'an undo has a key of its own',
      'KEY-3': 'the key is in the _meta of every call',
      'KEY-4': 'the key is among the arguments only where the tool declares warden_idempotency_key',
      'KEY-5': 'the reviewed hash covers the arguments without the key',
      'KEY-6': 'a tool is idempotent when it says so, or when its manifest entry does',
      'KEY-7': 'the review of a commit shows the key beside the arguments',
    },
  },
  {
    title: 'Model retries',
    rules: {
      'MODEL-1':
        'a transient error of the provider (408, 409, 429, 5xx, the network) is tried again inside the step',
      'MODEL-2': 'no try comes sooner than the provider said',
      'MODEL-3': 'after the last try the step fails with LLM_FAILED',
      'MODEL-4': 'another error of the 4xx kind fails at once',
      'MODEL-5': 'the wait for the provider is capped by the maximum',
      'MODEL-6': 'with retries switched off a transient error fails at once',
      'MODEL-7':
        'a react step whose worker process died goes on after its last recorded turn: what was done is not done again',
    },
  },
  {
    title: 'Failure codes',
    rules: {
      'CODE-1': 'error_details always has code, message, and the message again as error',
      'CODE-2': 'POLICY_REASON_DENIED and POLICY_COMMIT_DENIED: the gate said false',
      'CODE-3': 'POLICY_EVALUATION_FAILED: the gate erred or gave no boolean, and denies',
      'CODE-4': 'WHEN_EVALUATION_FAILED: the "when" erred',
      'CODE-5': 'PROMPT_RENDER_FAILED: the prompt took an attribute of nothing',
      'CODE-6': 'no_submit_call: the model ended with text, or its turns ran out, with what it last said',
      'CODE-7': 'empty_submit_result: nothing was submitted where no schema is declared',
      'CODE-8': 'structured_output_failed and empty_structured_result: a simple step without usable JSON',
      'CODE-9': 'OUTPUT_SCHEMA_VALIDATION_FAILED: the output is not what the schema wants',
      'CODE-10': 'STEP_TOKEN_LIMIT_EXCEEDED: with the tokens used and the limit',
      'CODE-11': "FACT_EXTRACTION_FAILED: a path of a fact matched nothing in the tool's result",
      'CODE-12': 'TOOL_NOT_ALLOWED: the agent called a tool outside its list',
      'CODE-13': 'TOOL_NOT_FOUND: no tool source has the tool',
      'CODE-14': "TOOL_ARGUMENTS_INVALID: the tool's schema refuses the arguments, before anyone is asked",
      'CODE-15': 'TOOL_INVOKE_FAILED: the server refused the call',
      'CODE-16': 'TOOL_OUTPUT_ERROR: the tool answered with an error',
      'CODE-17': 'MCP_UNAVAILABLE: a source is away, or a variable that it needs is not set',
      'CODE-18': 'MCP_SOURCES_REQUIRED: tools are allowed and the worker has no source',
      'CODE-19': 'STEP_TIMED_OUT: the step was over its limit',
      'CODE-20': 'LLM_FAILED: the provider gave no turn',
      'CODE-21':
        'RESOURCE_NOT_ALLOWED, RESOURCE_READ_FAILED and RESOURCE_URI_…: a resource outside of what the step allows',
      'CODE-22':
        'a tool call of an agent that fails is given back to the model, and with on_tool_error: fail it ends the step',
    },
  },
];
