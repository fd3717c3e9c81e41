/** The known failures that end a reason step, with the context that each one reports. */
import type { WorkerDefinition } from '../domain/definition.ts';
import type { StepFailed } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { failed } from './failed.ts';
import type { ModelError } from './model.ts';
import { READ_RESOURCE } from './resources.ts';
import { SUBMIT, judgeSubmit } from './submit.ts';
import type { AgentTask } from './task.ts';
import type { Turn } from './transcript.ts';
import { tokensOf } from './usage.ts';

const ERRORS_SHOWN = 5;

/** The step ended without a result. */
export function noSubmit(
  reason: 'model_text_exit' | 'max_turns_exceeded',
  step: AgentTask,
  turns: readonly Turn[],
): StepFailed {
  const message =
    reason === 'model_text_exit'
      ? `expected the model to call a tool or ${SUBMIT}, but its turn ${turns.length} of at most ${step.max_turns} ` +
        `${turns.at(-1)?.text.trim() === '' ? 'is empty' : 'has text only'}; say in the prompt that the result goes to ${SUBMIT}`
      : `the model used all ${step.max_turns} turns without calling ${SUBMIT}; raise max_turns or ask for less`;
  return failed('no_submit_call', message, { reason, ...lastOf(step, turns) });
}

/** The turns of an undo were used up. */
export function undoOutOfTurns(step: AgentTask, turns: readonly Turn[]): StepFailed {
  const message =
    `the model used all ${step.max_turns} turns of the undo without submitting a result that was taken; ` +
    'raise max_turns of the compensation, or repair what its tools complain of';
  return failed('compensation_max_turns', message, lastOf(step, turns));
}

function lastOf(step: AgentTask, turns: readonly Turn[]): JsonObject {
  const errors = turns
    .flatMap((turn) => [...turn.results.values()])
    .filter((result) => result.is_error)
    .slice(-ERRORS_SHOWN);
  return {
    turns_used: turns.length,
    max_turns: step.max_turns,
    last_assistant_content: clip(turns.findLast(({ text }) => text !== '')?.text ?? '', PREVIEW_LIMIT),
    last_tool_errors: errors.map(({ tool, text }) => ({ tool, preview: clip(text, PREVIEW_LIMIT) })),
  };
}

/** Why the last turn's submit was not taken, as the failure of the step; null when it did not submit. */
export function refusedSubmit(step: AgentTask, turns: readonly Turn[]): StepFailed | null {
  const submit = turns.at(-1)?.calls.findLast(({ tool }) => tool === SUBMIT);
  if (submit === undefined) return null;
  const verdict = judgeSubmit(submit.arguments, step.output_schema);
  if (verdict.kind === 'taken') return null;
  return failed(verdict.code, verdict.message, {
    problems: verdict.problems,
    turns_used: turns.length,
    max_turns: step.max_turns,
  });
}

export function notAllowed(step: AgentTask, outside: readonly string[]): StepFailed {
  const allowed = step.tools.map((tool) => tool.name);
  const names = [...new Set(outside)].map((name) => clip(name, PREVIEW_LIMIT));
  const may = allowed.length === 0 ? `only ${SUBMIT}` : allowed.join(', ');
  return failed(
    'TOOL_NOT_ALLOWED',
    `the model called ${names.join(', ')}, which this step does not allow (it allows ${may}); ` +
      'no call of that turn was made',
    { tool: names[0] ?? '', allowed_tools: allowed, disallowed_tools: names },
  );
}

/** The first failed call of a turn, of a step that a failed call ends; null when none failed. */
export function failedCall(turn: Turn): StepFailed | null {
  const result = [...turn.results.values()].find((each) => each.is_error && each.tool !== SUBMIT);
  if (result === undefined) return null;
  const read = result.tool === READ_RESOURCE;
  const answered = read ? 'could not be used' : 'answered with an error';
  const what = result.answered ? answered : 'has no result';
  const code = read ? 'RESOURCE_READ_FAILED' : result.answered ? 'TOOL_OUTPUT_ERROR' : 'TOOL_INVOKE_FAILED';
  return failed(code, `the call ${result.call} of ${result.tool} ${what}: ${result.text}`, {
    tool: result.tool,
    call: result.call,
    called: result.called,
    tool_result_preview: clip(result.text, PREVIEW_LIMIT),
  });
}

/** Why the tokens of the turns so far end the step; null when they are within its limit. */
export function overTokens(limit: number | null, turns: readonly Turn[]): StepFailed | null {
  const { prompt, completion } = tokensOf(turns);
  const used = prompt + completion;
  if (limit === null || used <= limit) return null;
  return failed(
    'STEP_TOKEN_LIMIT_EXCEEDED',
    `the step used ${used} tokens in ${turns.length} model turns, and max_step_tokens is ${limit}`,
    {
      tokens_used: used,
      max_step_tokens: limit,
      prompt_tokens: prompt,
      completion_tokens: completion,
    },
  );
}

export function llmFailed(error: ModelError, worker: WorkerDefinition): StepFailed {
  const tries = error.attempts === 1 ? '1 attempt' : `${error.attempts} attempts`;
  return failed(
    'LLM_FAILED',
    `the model ${worker.model_name} (${worker.provider}) gave no turn in ${tries}: ${error.message}`,
    {
      provider: worker.provider,
      model: worker.model_name,
      status: error.status,
      attempts: error.attempts,
    },
  );
}
