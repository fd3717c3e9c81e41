/**
 * The react loop: model turns and tool calls until the model submits. It owns nothing but the order of things;
 * turns come from a model provider, effects go through `call`, and memory is the transcript.
 *
 * Each pass looks at the last turn of the transcript and does what is missing: the calls without a result, the
 * end of the task, or the next turn. A task resumed from any recorded prefix therefore goes on where it was.
 */
import type { StepFailed } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { notMade, performCall, performRead } from './calls.ts';
import { failedCall, llmFailed, noSubmit, notAllowed } from './ends.ts';
import { ModelError } from './model.ts';
import type { Model, ModelTool } from './model.ts';
import { conversation } from './prompt.ts';
import { READ_RESOURCE, refusedUri, resourceTool } from './resources.ts';
import type { LoopRun } from './run.ts';
import { SUBMIT, judgeSubmit, submitTool } from './submit.ts';
import type { AgentTask } from './task.ts';
import { firstOpenCall, readTranscript } from './transcript.ts';
import type { Call, Turn } from './transcript.ts';
import { checkTokens, measured, record, takeTurn } from './turn.ts';

/** What a loop is for. All of it depends on the turns alone, so that a resumed loop judges alike. */
export interface Goal {
  /** What the model is asked first. */
  prompt: string;
  /** Why an output that satisfies the schema is not taken yet, for the model to read; null: it is taken. */
  objection(output: JsonObject, turns: readonly Turn[]): string | null;
  /** The failure when the last turn's submit was refused and no further turn comes; null when it did not submit. */
  refused(turns: readonly Turn[]): StepFailed | null;
  outOfTurns(turns: readonly Turn[]): StepFailed;
}

/**
 * Runs to the output that is taken. Throws StepFailed for every known failure, the signal's reason when that is
 * aborted, and lets through whatever `record` and `call` reject with.
 */
export async function runLoop(run: LoopRun, goal: Goal): Promise<{ output: JsonObject; turns: Turn[] }> {
  const turns = readTranscript(run.transcript);
  const model = run.models.modelOf(run);
  const tools = modelTools(run);
  for (;;) {
    run.signal.throwIfAborted();
    if (turns.length > 0) {
      checkTokens(run, turns);
      const output = await finishTurn(run, goal, turns);
      if (output !== null) return { output, turns };
      if (turns.length >= run.step.max_turns) throw goal.outOfTurns(turns);
    }
    await nextTurn(run, goal, { model, tools, turns });
  }
}

/** Makes what calls of the last turn are missing; the output when one of them is a submit that is taken. */
async function finishTurn(run: LoopRun, goal: Goal, turns: Turn[]): Promise<JsonObject | null> {
  const turn = turns.at(-1);
  if (turn === undefined || turn.calls.length === 0) throw noSubmit('model_text_exit', run.step, turns);
  const refused = refusedTurn(run, turn);
  if (refused !== null) throw refused;
  for (let call = firstOpenCall(turn); call !== undefined; call = firstOpenCall(turn)) {
    stopAtFailure(run.step, turn);
    if (call.tool === SUBMIT) {
      const verdict = judgeSubmit(call.arguments, run.step.output_schema);
      const why = verdict.kind === 'taken' ? goal.objection(verdict.output, turns) : verdict.message;
      if (verdict.kind === 'taken' && why === null) return verdict.output;
      await record(run, turns, notMade(call, why ?? ''));
    } else {
      await perform(run, turns, call);
    }
  }
  stopAtFailure(run.step, turn);
  return null;
}

/** Why no call of the turn is made: one of them is not allowed. */
function refusedTurn({ step, resources }: LoopRun, turn: Turn): StepFailed | null {
  const readable = resources?.list ?? [];
  const allowed = new Set([SUBMIT, ...step.tools.map((tool) => tool.name)]);
  if (readable.length > 0) allowed.add(READ_RESOURCE);
  const outside = turn.calls.map(({ tool }) => tool).filter((tool) => !allowed.has(tool));
  if (outside.length > 0) return notAllowed(step, outside);
  return readable.length > 0 ? refusedUri(step, readable, turn.calls) : null;
}

function stopAtFailure(step: AgentTask, turn: Turn): void {
  const failure = step.on_tool_error === 'fail' ? failedCall(turn) : null;
  if (failure !== null) throw failure;
}

async function perform(run: LoopRun, turns: Turn[], call: Call): Promise<void> {
  const act = call.tool === READ_RESOURCE && readsResources(run) ? performRead : performCall;
  const { value: entry, ms } = await measured(run, () => act(run, call));
  await record(run, turns, { ...entry, ms });
}

function readsResources({ resources }: LoopRun): boolean {
  return resources !== null && resources.list.length > 0;
}

interface Talk {
  model: Model;
  tools: readonly ModelTool[];
  turns: Turn[];
}

async function nextTurn(run: LoopRun, goal: Goal, { model, tools, turns }: Talk): Promise<void> {
  const messages = conversation(goal.prompt, turns, run.toolMessageLimit);
  try {
    await takeTurn(run, turns, model, { messages, tools, outputSchema: null });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // A script that ends with a submit that was refused failed because of that, not for want of a turn.
    const refused = error.kind === 'exhausted' ? goal.refused(turns) : null;
    throw refused ?? llmFailed(error, run.worker);
  }
}

/** The virtual tools win over a server's of the same name. */
function modelTools(run: LoopRun): ModelTool[] {
  const virtual = [
    ...(run.resources !== null && readsResources(run) ? [resourceTool(run.resources.list)] : []),
    submitTool(run.step.output_schema),
  ];
  const tools = run.tools
    .filter((tool) => virtual.every(({ name }) => name !== tool.name))
    .map((tool) => {
      const allowance = run.step.tools.find(({ name }) => name === tool.name);
      return {
        name: tool.name,
        description: allowance?.description ?? tool.description,
        inputSchema: tool.inputSchema,
        strict: allowance?.strict_schema ?? false,
      };
    });
  return [...tools, ...virtual];
}
