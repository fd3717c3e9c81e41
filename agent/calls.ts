/** One call of a tool that the model asked for: admitted, checked, made, and turned into an entry. */
import type { ToolAllowance } from '../domain/definition.ts';
import { storable, storableText } from '../domain/json.ts';
import type { JsonObject } from '../domain/json.ts';
import { ExpressionError } from '../expression/error.ts';
import { compileSchema } from '../expression/schema.ts';
import { MAX_DEPTH, isTooDeep } from './clip.ts';
import { READ_RESOURCE, uriOf } from './resources.ts';
import type { LoopRun, AgentTool, ToolAnswer } from './run.ts';
import { admitObject, describeProblems } from './submit.ts';
import type { Call, ToolEntry } from './transcript.ts';

/** A larger result is not taken: it would be read again at every resume. */
const RESULT_LIMIT = 8 * 1024 * 1024;

/**
 * Makes a call and answers its result, an error result where there is none: whatever goes wrong with a tool goes
 * back to the model. Rejects with the signal's reason when that is aborted and the call gave no result, and with
 * every error that is not about the call.
 */
export async function performCall(run: LoopRun, call: Call): Promise<ToolEntry> {
  const tool = run.tools.find(({ name }) => name === call.tool);
  if (tool === undefined) return notMade(call, `no tool source of this worker has a tool ${call.tool}`);
  const { value, problems } = admitObject(call.arguments, inputSchema(tool));
  if (value === null || problems.length > 0) {
    return notMade(call, `the arguments of ${call.tool} were refused: ${describeProblems(problems)}`);
  }
  run.signal.throwIfAborted();
  try {
    const answer = await run.call(call.tool, value, call.id);
    const allowance = run.step.tools.find(({ name }) => name === call.tool);
    return resultOf(call, checked(answer, allowance), { called: true, answered: true });
  } catch (error) {
    if (!isCallError(error)) throw error;
    run.signal.throwIfAborted();
    const made = error.name === 'ToolCallLost';
    const known = made ? 'there is no result; it may have taken effect' : 'it had no effect';
    return resultOf(call, errorAnswer(`${error.message} (${known})`), { called: made, answered: false });
  }
}

/** A call that was not made, and why. */
export function notMade(call: Call, why: string): ToolEntry {
  return resultOf(call, errorAnswer(why), { called: false, answered: false });
}

/** Reads a resource that the step allows; an error result where it cannot be read. Rejects as {@link performCall}. */
export async function performRead(run: LoopRun, call: Call): Promise<ToolEntry> {
  const uri = uriOf(call);
  if (uri === null) return notMade(call, `expected ${READ_RESOURCE} to be called with {uri: <text>}`);
  run.signal.throwIfAborted();
  try {
    const text = await readResource(run, uri);
    return resultOf(call, checked({ isError: false, data: { text }, text }, undefined), CALLED);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ResourceNotRead') throw error;
    run.signal.throwIfAborted();
    return resultOf(call, errorAnswer(error.message), CALLED);
  }
}

const CALLED = { called: true, answered: true } as const;

async function readResource({ resources }: LoopRun, uri: string): Promise<string> {
  if (resources === null) throw new Error('this step reads no resources');
  const { text } = await resources.read(uri);
  return text;
}

/** The server checks its own arguments: a schema that cannot be compiled here leaves it to that. */
function inputSchema(tool: AgentTool): JsonObject {
  try {
    compileSchema(tool.inputSchema);
    return tool.inputSchema;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { type: 'object' };
  }
}

function checked(answer: ToolAnswer, allowance: ToolAllowance | undefined): ToolAnswer {
  if (isTooDeep(answer.data)) {
    return errorAnswer(`the call was made, but its result is nested more than ${MAX_DEPTH} deep`);
  }
  const size = Math.max(answer.text.length, JSON.stringify(answer.data).length);
  if (size > RESULT_LIMIT) {
    return errorAnswer(
      `the call was made, but its result of ${size} characters is over the limit of ${RESULT_LIMIT}`,
    );
  }
  if (answer.isError || !allowance?.output_schema) return answer;
  const problems = admissible(answer.data, allowance.output_schema);
  if (problems === '') return answer;
  return errorAnswer(`the call was made, but its result does not satisfy its output_schema: ${problems}`);
}

function admissible(data: JsonObject, schema: JsonObject): string {
  try {
    return describeProblems(compileSchema(schema)(data).slice(0, 20));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return error.message;
  }
}

function errorAnswer(text: string): ToolAnswer {
  return { isError: true, data: { text }, text };
}

function resultOf(
  call: Call,
  answer: ToolAnswer,
  { called, answered }: { called: boolean; answered: boolean },
): ToolEntry {
  return {
    kind: 'tool',
    call: call.id,
    tool: call.tool,
    called,
    answered,
    is_error: answer.isError,
    text: storableText(answer.text),
    data: storable(answer.data),
    ms: 0,
  };
}

function isCallError(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'ToolCallLost' || error.name === 'ToolCallRefused');
}
