/**
 * The failure catalogue: every code that a step, an undo or a saga can end with. What happens next follows from
 * where a failure occurs, never from the text of its message.
 */
import { storable, storableText, type JsonObject } from './json.ts';

export const FAILURE_CODES = [
  'POLICY_REASON_DENIED',
  'POLICY_COMMIT_DENIED',
  'POLICY_EVALUATION_FAILED',
  'WHEN_EVALUATION_FAILED',
  'BINDING_FAILED',
  'PROMPT_RENDER_FAILED',
  'HUMAN_REJECTED',
  'REVIEW_EXPIRED',
  'no_submit_call',
  'empty_submit_result',
  'structured_output_failed',
  'empty_structured_result',
  'OUTPUT_SCHEMA_VALIDATION_FAILED',
  'STEP_TOKEN_LIMIT_EXCEEDED',
  'FACT_EXTRACTION_FAILED',
  'TOOL_NOT_ALLOWED',
  'TOOL_NOT_FOUND',
  'TOOL_ARGUMENTS_INVALID',
  'TOOL_INVOKE_FAILED',
  'TOOL_OUTPUT_ERROR',
  'MCP_UNAVAILABLE',
  'MCP_SOURCES_REQUIRED',
  'RESOURCE_NOT_ALLOWED',
  'RESOURCE_READ_FAILED',
  'RESOURCE_URI_TRAVERSAL',
  'RESOURCE_URI_CONTROL_CHARACTERS',
  'RESOURCE_URI_PLACEHOLDER_MISSING',
  'RESOURCE_URI_PLACEHOLDER_MISMATCH',
  'compensation_max_turns',
  'LLM_FAILED',
  'STEP_TIMED_OUT',
  'SYSTEM_CRASH',
  'COMPENSATION_FAILED',
  'CANCELLED',
  'TERMINATED',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** A known failure of a step: it goes into `error_details`, and the saga undoes what came before. */
export interface Failure {
  code: FailureCode;
  message: string;
  details?: JsonObject;
}

/**
 * Thrown inside a step to end it with a known failure. Anything else that is thrown is a fault of the
 * surroundings (store away, a bug) and is retried by Temporal.
 */
export class StepFailed extends Error {
  override name = 'StepFailed';
  readonly failure: Failure;
  constructor(code: FailureCode, message: string, details?: JsonObject) {
    super(`${code}: ${message}`);
    this.failure = details ? { code, message, details } : { code, message };
  }
}

/**
 * `error_details` of a step row: code, message, and the context of the failure; `error` for older clients. Messages
 * quote what tools and people wrote, so what no store can hold is taken out: the failure must be written.
 */
export function errorDetails(failure: Failure): JsonObject {
  const { code, message } = failure;
  return storable({ ...failure.details, code, message, error: message });
}

const SHOWN_LIMIT = 1000;

/** A failure's message as lists of sagas show it, cut to a bounded length; all of it is in the step's details. */
export function shownMessage(text: string): string {
  return storableText(text.slice(0, SHOWN_LIMIT));
}
