/**
 * The reason loop: model turns and tool calls until the model submits. It owns nothing but the order of things;
 * turns come from a model provider, effects go through `call`, and memory is the transcript.
 *
 * Each pass looks at the last turn of the transcript and does what is missing: the calls without a result, the
 * end of the step, or the next turn. A step resumed from any recorded prefix therefore goes on where it was.
 */
import type { ReasonStepDefinition, WorkerDefinition } from '../domain/definition.ts';
import type { StepFailed } from '../domain/failure.ts';
import { storable, storableText } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { notMade, performCall } from './calls.ts';
import { MAX_DEPTH, isTooDeep } from './clip.ts';
import { llmFailed, noSubmit, notAllowed, refusedSubmit } from './ends.ts';
import { ModelError } from './model.ts';
import type { Model, ModelTool, ModelTurn } from './model.ts';
import { conversation, renderPrompt } from './prompt.ts';
import { createModel } from './providers.ts';
import type { ModelRetry } from './retry.ts';
import { askModel } from './retry.ts';
import { SUBMIT, judgeSubmit, submitTool } from './submit.ts';
import { addEntry, callId, firstOpenCall, readTranscript } from './transcript.ts';
import type { Call, Entry, ModelEntry, Turn } from './transcript.ts';
import { totalUsage } from './usage.ts';

export interface AgentTool {
  name: string;
  description: string | null;
  inputSchema: JsonObject;
  readOnly: boolean;
}

export interface ToolAnswer {
  isError: boolean;
  data: JsonObject;
  text: string;
}

export interface AgentRun {
  step: ReasonStepDefinition;
  worker: WorkerDefinition;
  /** Resolved `with`, plus `_hitl_retry` when the iteration was asked for. */
  arguments: JsonObject;
  guidance: string | null;
  /** Allowed tools that the servers really have, in order of the allow list. */
  tools: readonly AgentTool[];
  /** Entries recorded by earlier attempts of this iteration, in order. */
  transcript: readonly Json[];
  /** Appends one entry; rejects when this attempt must stop: that passes through. */
  record(entry: JsonObject): Promise<void>;
  /** Rejects with an error named `ToolCallLost` or `ToolCallRefused` when there is no result. */
  call(tool: string, args: JsonObject, callId: string): Promise<ToolAnswer>;
  retry: ModelRetry;
  /** Keys that later bindings read from this step's output data. */
  wantedKeys: readonly string[];
  signal: AbortSignal;
}

export interface AgentResult {
  output: JsonObject;
  usage: JsonObject;
  usedWritingTool: boolean;
}

/**
 * Runs a reason step to its output. Throws StepFailed for every known failure, the signal's reason when that is
 * aborted, and lets through whatever `record` rejects with.
 */
export async function runReact(run: AgentRun): Promise<AgentResult> {
  const turns = readTranscript(run.transcript);
  const prompt = renderPrompt(run);
  const model = createModel(run);
  const tools = modelTools(run);
  for (;;) {
    run.signal.throwIfAborted();
    if (turns.length > 0) {
      const output = await finishTurn(run, turns);
      if (output !== null) {
        const usage = totalUsage(turns, run.worker.model_name);
        return { output, usage, usedWritingTool: turnsWrote(turns, run.tools) };
      }
      if (turns.length >= run.step.max_turns) throw outOfTurns(run.step, turns);
    }
    const turn = await nextTurn(run, { model, tools, prompt, turns });
    await record(run, turns, modelEntry(turn, turns.length + 1));
  }
}

/**
 * Whether a tool that is not read-only was called, or may have been: the first call without a result can be in
 * flight. Takes recorded entries, so that a step that was stopped can be judged as well.
 */
export function usedWritingTool(transcript: readonly Json[], tools: readonly AgentTool[]): boolean {
  return turnsWrote(readTranscript(transcript), tools);
}

function turnsWrote(turns: readonly Turn[], tools: readonly AgentTool[]): boolean {
  const harmless = new Set([SUBMIT, ...tools.filter((tool) => tool.readOnly).map((tool) => tool.name)]);
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
  const allowed = new Set([SUBMIT, ...run.step.tools.map((tool) => tool.name)]);
  const outside = turn.calls.map(({ tool }) => tool).filter((tool) => !allowed.has(tool));
  if (outside.length > 0) throw notAllowed(run.step, outside);
  for (let call = firstOpenCall(turn); call !== undefined; call = firstOpenCall(turn)) {
    if (call.tool === SUBMIT) {
      const verdict = judgeSubmit(call.arguments, run.step.output_schema);
      if (verdict.kind === 'taken') return verdict.output;
      await record(run, turns, notMade(call, verdict.message));
    } else {
      await record(run, turns, await performCall(run, call));
    }
  }
  return null;
}

function outOfTurns(step: ReasonStepDefinition, turns: readonly Turn[]): StepFailed {
  return refusedSubmit(step, turns) ?? noSubmit('max_turns_exceeded', step, turns);
}

interface Talk {
  model: Model;
  tools: readonly ModelTool[];
  prompt: string;
  turns: readonly Turn[];
}

async function nextTurn(run: AgentRun, { model, tools, prompt, turns }: Talk): Promise<ModelTurn> {
  const request = {
    system: run.worker.system_prompt,
    messages: conversation(prompt, turns),
    tools,
    temperature: run.worker.temperature,
    turn: turns.length,
    signal: run.signal,
  };
  try {
    return await askModel(model, request, run.retry);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // A script that ends with a submit that was refused failed because of that, not for want of a turn.
    const refused = error.kind === 'exhausted' ? refusedSubmit(run.step, turns) : null;
    throw refused ?? llmFailed(error, run.worker);
  }
}

function modelTools(run: AgentRun): ModelTool[] {
  const tools = run.tools
    .filter((tool) => tool.name !== SUBMIT)
    .map((tool) => {
      const allowance = run.step.tools.find(({ name }) => name === tool.name);
      return {
        name: tool.name,
        description: allowance?.description ?? tool.description,
        inputSchema: tool.inputSchema,
        strict: allowance?.strict_schema ?? false,
      };
    });
  return [...tools, submitTool(run.step.output_schema)];
}

function modelEntry({ text, calls, usage }: ModelTurn, turn: number): ModelEntry {
  const kept = calls.map(({ tool, arguments: args }, index): Call => ({
    id: callId(turn, index + 1),
    tool: storableText(tool),
    // Text in its place is refused as arguments, and the model is told.
    arguments: isTooDeep(args) ? `nested more than ${MAX_DEPTH} deep` : storable(args),
  }));
  return { kind: 'model', text: storableText(text), calls: kept, usage };
}

async function record(run: AgentRun, turns: Turn[], entry: Entry): Promise<void> {
  await run.record(entry);
  addEntry(turns, entry);
}
