/** The adapter `simple`: one structured completion, without tools. Its one turn is recorded like any other. */
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { llmFailed } from './ends.ts';
import { failed } from './failed.ts';
import { parseJson } from './json-text.ts';
import { ModelError } from './model.ts';
import { conversation, renderPrompt } from './prompt.ts';
import type { AgentResult, AgentRun } from './run.ts';
import { admitObject, describeProblems } from './submit.ts';
import { readTranscript } from './transcript.ts';
import type { Turn } from './transcript.ts';
import { checkTokens, takeTurn } from './turn.ts';
import { totalTiming, totalUsage } from './usage.ts';

/** What is asked for without an output_schema. */
const SUMMARY: JsonObject = {
  type: 'object',
  required: ['summary'],
  properties: { summary: { type: 'string' } },
  additionalProperties: true,
};

/** As `runAgent`, of a step whose adapter is `simple`. */
export async function runSimple(run: AgentRun): Promise<AgentResult> {
  const turns = readTranscript(run.transcript);
  const { output_schema: schema } = run.step;
  run.signal.throwIfAborted();
  if (turns.length === 0) await complete(run, turns, schema ?? SUMMARY);
  checkTokens(run, turns);
  return {
    output: outputOf(turns.at(-1)?.text ?? '', schema),
    facts: null,
    usage: totalUsage(turns, run.worker.model_name),
    timing: totalTiming(turns),
    usedWritingTool: false,
  };
}

async function complete(run: AgentRun, turns: Turn[], outputSchema: JsonObject): Promise<void> {
  const messages = conversation(renderPrompt(run), [], run.toolMessageLimit);
  try {
    await takeTurn(run, turns, run.models.modelOf(run), { messages, tools: [], outputSchema });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw llmFailed(error, run.worker);
  }
}

/** What the text of the completion comes to; throws StepFailed for what cannot be taken. */
function outputOf(text: string, schema: JsonObject | null): JsonObject {
  const parsed = parseObject(text);
  if (parsed === undefined) {
    throw refused('structured_output_failed', 'expected the model to answer with a JSON object', text);
  }
  const { value, problems } = admitObject(parsed, schema ?? SUMMARY);
  if (value !== null && problems.length === 0) return value;
  if (parsed === null || (isJsonObject(parsed) && Object.keys(parsed).length === 0)) {
    throw refused(
      'empty_structured_result',
      'expected the model to answer with an object, not an empty one',
      text,
    );
  }
  if (value === null) {
    throw refused(
      'structured_output_failed',
      `expected an object; what came ${describeProblems(problems)}`,
      text,
    );
  }
  if (schema === null) {
    const expected = 'expected an object with a text "summary", because the step has no output_schema';
    throw refused('empty_structured_result', `${expected}; in what came ${describeProblems(problems)}`, text);
  }
  throw failed(
    'OUTPUT_SCHEMA_VALIDATION_FAILED',
    `the structured output does not satisfy output_schema: ${describeProblems(problems)}`,
    { problems, response_preview: clip(text, PREVIEW_LIMIT) },
  );
}

function refused(
  code: 'structured_output_failed' | 'empty_structured_result',
  message: string,
  text: string,
): Error {
  const found = text.trim() === '' ? 'nothing' : clip(text, 200);
  return failed(code, `${message}; found: ${found}`, { response_preview: clip(text, PREVIEW_LIMIT) });
}

/** Models wrap JSON in fences and words: what is between the outermost braces counts as well. */
function parseObject(text: string): Json | undefined {
  if (text.trim() === '') return null;
  const whole = parseJson(text);
  const [from, to] = [text.indexOf('{'), text.lastIndexOf('}')];
  return whole === undefined && from < to ? parseJson(text.slice(from, to + 1)) : whole;
}
