/**
 * The reason loop: model turns and tool calls until the model submits. It owns nothing but the order of things;
 * turns come from a model provider, effects go through `call`, and memory is the transcript.
 *
 * Each pass looks at the last turn of the transcript and does what is missing: the calls without a result, the
 * end of the step, or the next turn. A step resumed from any recorded prefix therefore goes on where it was.
 */
import type { ReasonStepDefinition } from '../domain/definition.ts';
import type { StepFailed } from '../domain/failure.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { notMade, performCall, performRead } from './calls.ts';
import { failedCall, llmFailed, noSubmit, notAllowed, refusedSubmit } from './ends.ts';
import { extractFacts } from './facts.ts';
import { ModelError } from './model.ts';
import type { Model, ModelTool } from './model.ts';
import { conversation, renderPrompt } from './prompt.ts';
import { READ_RESOURCE, refusedUri, resourceTool } from './resources.ts';
import type { AgentResult, AgentRun, AgentTool } from './run.ts';
import { SUBMIT, judgeSubmit, submitTool } from './submit.ts';
import { firstOpenCall, readTranscript } from './transcript.ts';
import type { Call, Turn } from './transcript.ts';
import { checkTokens, measured, record, takeTurn } from './turn.ts';
import { totalTiming, totalUsage } from './usage.ts';

export type { AgentResult, AgentRun, AgentTool, ToolAnswer } from './run.ts';

/** As `runAgent`, of a step whose adapter is `react`. */
export async function runReact(run: AgentRun): Promise<AgentResult> {
  const turns = readTranscript(run.transcript);
  const prompt = renderPrompt(run);
  const model = run.models.modelOf(run);
  const tools = modelTools(run);
  for (;;) {
    run.signal.throwIfAborted();
    if (turns.length > 0) {
      checkTokens(run, turns);
      const output = await finishTurn(run, turns);
      if (output !== null) return resultOf(run, turns, output);
      if (turns.length >= run.step.max_turns) throw outOfTurns(run.step, turns);
    }
    await nextTurn(run, { model, tools, prompt, turns });
  }
}

function resultOf(run: AgentRun, turns: readonly Turn[], output: JsonObject): AgentResult {
  return {
    output,
    facts: extractFacts(run.step.facts, turns),
    usage: totalUsage(turns, run.worker.model_name),
    timing: totalTiming(turns),
    usedWritingTool: turnsWrote(turns, run.tools),
  };
}

/**
 * Whether a tool that is not read-only was called, or may have been: the first call without a result can be in
 * flight. Takes recorded entries, so that a step that was stopped can be judged as well.
 */
export function usedWritingTool(transcript: readonly Json[], tools: readonly AgentTool[]): boolean {
  return turnsWrote(readTranscript(transcript), tools);
}

function turnsWrote(turns: readonly Turn[], tools: readonly AgentTool[]): boolean {
  const harmless = new Set([
    SUBMIT,
    READ_RESOURCE,
    ...tools.filter((tool) => tool.readOnly).map((tool) => tool.name),
  ]);
  return turns.some((turn) => {
    const made = [...turn.results.values()].filter((result) => result.called).map((result) => result.tool);
    const open = firstOpenCall(turn);
    return [...made, ...(open === undefined ? [] : [open.tool])].some((tool) => !harmless.has(tool));
  });
}

/** Makes what calls of the last turn are missing; the output when one of them is a submit that is taken. */
async function finishTurn(run: AgentRun, turns: Turn[]): Promise<JsonObject | null> {
  const turn = turns.at(-1);
  if (turn === undefined || turn.calls.length === 0) throw noSubmit('model_text_exit', run.step, turns);
  const refused = refusedTurn(run, turn);
  if (refused !== null) throw refused;
  for (let call = firstOpenCall(turn); call !== undefined; call = firstOpenCall(turn)) {
    stopAtFailure(run.step, turn);
    if (call.tool === SUBMIT) {
      const verdict = judgeSubmit(call.arguments, run.step.output_schema);
      if (verdict.kind === 'taken') return verdict.output;
      await record(run, turns, notMade(call, verdict.message));
    } else {
      await perform(run, turns, call);
    }
  }
  stopAtFailure(run.step, turn);
  return null;
}

/** Why no call of the turn is made: one of them is not allowed. */
function refusedTurn({ step, resources }: AgentRun, turn: Turn): StepFailed | null {
  const readable = resources?.list ?? [];
  const allowed = new Set([SUBMIT, ...step.tools.map((tool) => tool.name)]);
  if (readable.length > 0) allowed.add(READ_RESOURCE);
  const outside = turn.calls.map(({ tool }) => tool).filter((tool) => !allowed.has(tool));
  if (outside.length > 0) return notAllowed(step, outside);
  return readable.length > 0 ? refusedUri(step, readable, turn.calls) : null;
}

function stopAtFailure(step: ReasonStepDefinition, turn: Turn): void {
  const failure = step.on_tool_error === 'fail' ? failedCall(turn) : null;
  if (failure !== null) throw failure;
}

async function perform(run: AgentRun, turns: Turn[], call: Call): Promise<void> {
  const act = call.tool === READ_RESOURCE && readsResources(run) ? performRead : performCall;
  const { value: entry, ms } = await measured(run, () => act(run, call));
  await record(run, turns, { ...entry, ms });
}

function readsResources({ resources }: AgentRun): boolean {
  return resources !== null && resources.list.length > 0;
}

function outOfTurns(step: ReasonStepDefinition, turns: readonly Turn[]): StepFailed {
  return refusedSubmit(step, turns) ?? noSubmit('max_turns_exceeded', step, turns);
}

interface Talk {
  model: Model;
  tools: readonly ModelTool[];
  prompt: string;
  turns: Turn[];
}

async function nextTurn(run: AgentRun, { model, tools, prompt, turns }: Talk): Promise<void> {
  const messages = conversation(prompt, turns, run.toolMessageLimit);
  try {
    await takeTurn(run, turns, model, { messages, tools, outputSchema: null });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // A script that ends with a submit that was refused failed because of that, not for want of a turn.
    const refused = error.kind === 'exhausted' ? refusedSubmit(run.step, turns) : null;
    throw refused ?? llmFailed(error, run.worker);
  }
}

/** The virtual tools win over a server's of the same name. */
function modelTools(run: AgentRun): ModelTool[] {
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
