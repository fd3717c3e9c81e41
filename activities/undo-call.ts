/** An undo of one tool: a single call, no model. */
import type { UndoAnswer } from '../domain/answers.ts';
import { StepFailed, type Failure } from '../domain/failure.ts';
import { storable, type JsonObject } from '../domain/json.ts';
import { sentArguments } from '../expression/arguments.ts';
import { ToolCallLost, ToolCallRefused } from '../mcp/call-errors.ts';
import { beginUndoCall, recordUndone } from '../store/undo.ts';
import { toolError } from './act.ts';
import { openTool, refuseInvalid, type OneTool } from './commit-call.ts';
import { persist } from './persist.ts';
import { lookAround, undoKey, type Undoing, type Way } from './undoing.ts';
import type { Watching } from './watch.ts';

export function undoByCall(undoing: Undoing): Way {
  let called: OneTool | null = null;
  return {
    work: (watching) => callOnce(undoing, watching, (tool) => (called = tool)),
    stands: () => ({
      called: called !== null,
      begun: called !== null,
      unknown: called !== null && !called.idempotent,
    }),
  };
}

async function callOnce(
  undoing: Undoing,
  { signal, ...watching }: Watching,
  onCall: (tool: OneTool) => void,
): Promise<UndoAnswer> {
  const { deps, input } = undoing;
  const call = await prepareUndo(undoing, signal);
  watching.calling();
  const begun = await begin(undoing, call);
  if (begun.kind === 'answer') return begun.answer;
  onCall(call.tool);
  const data = await callUndo(call, undoKey(input), signal);
  watching.answered();
  deps.crash('undo-not-recorded');
  return await persist(deps, 'the result of an undo', () =>
    recordUndone(deps.store, input, undoOutput(call.tool.name, data)),
  );
}

function undoOutput(tool: string, data: JsonObject): JsonObject {
  return {
    rollback_status: 'success',
    compensation_mode: 'single_tool',
    data,
    tool_results: [{ tool, data }],
  };
}

interface UndoCall {
  tool: OneTool;
  resolved: JsonObject;
  sent: JsonObject;
}

async function prepareUndo(undoing: Undoing, signal: AbortSignal): Promise<UndoCall> {
  const { deps, saga, compensation } = undoing;
  const { resolved } = await lookAround(undoing);
  const tool = await openTool(deps, saga, compensation, signal);
  const sent = sentArguments(resolved, tool.info.inputSchema);
  refuseInvalid(tool, sent);
  return { tool, resolved, sent };
}

/** A commit whose answer did not come may have been written: this process knows that it has not called yet. */
function begin(
  { deps, input, token }: Undoing,
  { tool: { name: tool, idempotent }, resolved }: UndoCall,
): ReturnType<typeof beginUndoCall> {
  let tries = 0;
  return persist(deps, 'the beginning of an undo', () => {
    tries += 1;
    return beginUndoCall(deps.store, input, { token, tool, idempotent, resolved, unmade: tries > 1 });
  });
}

async function callUndo(
  { tool, sent }: UndoCall,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  try {
    const answer = await tool.set.call(tool.name, sent, { idempotencyKey, signal });
    if (answer.isError) throw stepFailed(toolError(tool.name, answer.text));
    return storable(answer.data);
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ToolCallRefused) throw new StepFailed('TOOL_INVOKE_FAILED', error.message);
    if (!(error instanceof ToolCallLost)) throw error;
    const code = tool.idempotent ? 'TOOL_INVOKE_FAILED' : 'SYSTEM_CRASH';
    throw new StepFailed(code, `${error.message}: it may have taken effect`);
  }
}

function stepFailed({ code, message, details }: Failure): StepFailed {
  return new StepFailed(code, message, details);
}
