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
/** In all, of a tool that may be called again with the same key; as a commit does. */
const CALLS = 3;

const CALLED = { called: true, answered: true } as const;

/**
 * Makes a call and answers its result, an error result where there is none: whatever goes wrong with a tool goes
 * back to the model. A call whose result is lost is made again when its tool is idempotent. Rejects with the signal's reason when that is aborted and the call gave no result, and with
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
  const allowance = run.step.tools.find(({ name }) => name === call.tool);
  const idempotent = tool.idempotent || allowance?.idempotent === true;
  const made = await callUntilKnown(run, call, value, idempotent ? CALLS : 1);
  if ('answer' in made) return resultOf(call, checked(made.answer, allowance), CALLED);
  const { lost, why, calls } = made;
  const known = lost ? 'there is no result; it may have taken effect' : 'it had no effect';
  const times = calls === 1 ? '' : ` after ${calls} calls with one key`;
  return resultOf(call, errorAnswer(`${why}${times} (${known})`), { called: lost, answered: false });
}

type Made = { answer: ToolAnswer } | { lost: boolean; why: string; calls: number };

/** Makes a call whose result is lost again, under the same id, up to so many times in all. */
async function callUntilKnown(run: LoopRun, call: Call, args: JsonObject, most: number): Promise<Made> {
  for (let calls = 1; ; calls += 1) {
    try {
      return { answer: await run.call(call.tool, args, call.id) };
    } catch (error) {
      if (!isCallError(error)) throw error;
      run.signal.throwIfAborted();
      const lost = error.name === 'ToolCallLost';
      // One that was lost may have taken effect, whatever a later one says of itself.
      if (!lost || calls >= most) return { lost: lost || calls > 1, why: error.message, calls };
    }
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
