/** What the model is shown: the rendered prompt, a reviewer's guidance, and the conversation so far. */
import type { ReasonStepDefinition } from '../domain/definition.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError } from '../expression/error.ts';
import { compileTemplate } from '../expression/template.ts';
import { clip } from './clip.ts';
import { failed } from './failed.ts';
import type { Message } from './model.ts';
import type { Turn } from './transcript.ts';

/** Name of the argument that a retry adds: for the model only, never for a tool. */
export const RETRY_ARGUMENT = '_hitl_retry';

export interface PromptInput {
  step: ReasonStepDefinition;
  arguments: JsonObject;
  guidance: string | null;
}

/**
 * The prompt with the step's arguments, `allowed_tools` (their names) and `_hitl_retry` in it; the guidance of a
 * retry is added as text, whether the template shows it or not. Throws StepFailed `PROMPT_RENDER_FAILED`.
 */
export function renderPrompt({ step, arguments: bound, guidance }: PromptInput): string {
  const variables = { allowed_tools: step.tools.map((tool) => tool.name), ...bound };
  try {
    const text = compileTemplate(step.prompt.template).render(variables);
    return `${text}${retryText(bound[RETRY_ARGUMENT], guidance)}`;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const place = error.line === undefined ? '' : ` line ${error.line}`;
    throw failed(
      'PROMPT_RENDER_FAILED',
      `the prompt ${step.prompt.ref}${place} cannot be rendered: ${error.message}`,
      { prompt: step.prompt.ref, line: error.line ?? null, variables: Object.keys(variables) },
    );
  }
}

function retryText(retry: Json | undefined, guidance: string | null): string {
  const { attempt, max_retries: limit } = isJsonObject(retry) ? retry : {};
  if (retry === undefined && guidance === null) return '';
  const which = typeof attempt === 'number' ? ` (retry ${attempt}${limitText(limit)})` : '';
  const asked = `\n\nA reviewer read the earlier answer and asked for another one${which}.`;
  return guidance === null ? asked : `${asked} Their guidance:\n${guidance}`;
}

function limitText(limit: Json | undefined): string {
  return typeof limit === 'number' ? ` of ${limit}` : '';
}

/**
 * Prompt, turns and results as messages; every call of every turn must have its result. Of a tool's text at most
 * `limit` characters are shown; 0: all.
 */
export function conversation(prompt: string, turns: readonly Turn[], limit: number): Message[] {
  return [{ role: 'user', text: prompt }, ...turns.flatMap((turn) => messagesOf(turn, limit))];
}

function messagesOf(turn: Turn, limit: number): Message[] {
  const results = [...turn.results.values()].map((result) => ({
    role: 'tool' as const,
    call: result.call,
    tool: result.tool,
    isError: result.is_error,
    text: limit === 0 ? result.text : clip(result.text, limit),
    data: result.data,
  }));
  const { text, calls, reasoning } = turn;
  return [{ role: 'assistant', text, calls, reasoning }, ...results];
}
