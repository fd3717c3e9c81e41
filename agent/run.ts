/** One iteration of a reason step as an agent gets it, and what comes of it. */
import type { ReasonStepDefinition, ResourceAllowance, WorkerDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Models } from './model.ts';
import { runReact } from './react.ts';
import type { ModelRetry } from './retry.ts';
import { runSimple } from './simple.ts';
import type { AgentTask } from './task.ts';
import type { LostTurn } from './usage.ts';

export interface AgentTool {
  name: string;
  description: string | null;
  inputSchema: JsonObject;
  readOnly: boolean;
  /** By its server's word; what is read-only is so as well. */
  idempotent: boolean;
}

export interface ToolAnswer {
  isError: boolean;
  data: JsonObject;
  text: string;
}

export interface AgentResources {
  /** What may be read, placeholders filled (`resolveResources`). */
  list: readonly ResourceAllowance[];
  /** Rejects with an error named `ResourceNotRead` when it cannot be read. */
  read(uri: string): Promise<{ text: string }>;
}

export interface AgentRun extends LoopRun {
  step: ReasonStepDefinition;
}

/** A reason step, or an undo of several tools. */
export interface LoopRun {
  step: AgentTask;
  worker: WorkerDefinition;
  models: Models;
  /** Resolved `with`, plus `_hitl_retry` when the iteration was asked for. */
  arguments: JsonObject;
  guidance: string | null;
  /** Allowed tools that the servers really have, in order of the allow list. */
  tools: readonly AgentTool[];
  /** null: the step may read none. */
  resources: AgentResources | null;
  /** Entries recorded by earlier attempts of this iteration, in order. */
  transcript: readonly Json[];
  /** Appends one entry; rejects when this attempt must stop: that passes through. */
  record(entry: JsonObject): Promise<void>;
  /** Is told of each turn that gave nothing to record: it took time, and may have cost tokens. */
  lost?: (turn: LostTurn) => void;
  /** Rejects with an error named `ToolCallLost` or `ToolCallRefused` when there is no result. */
  call(tool: string, args: JsonObject, callId: string): Promise<ToolAnswer>;
  retry: ModelRetry;
  /** Total tokens of a step whose definition has no limit; null: none. */
  maxStepTokens: number | null;
  /** Characters of a tool's text that the model is shown; 0: all. */
  toolMessageLimit: number;
  /** Keys that later bindings read from this step's output data. */
  wantedKeys: readonly string[];
  signal: AbortSignal;
  /** Milliseconds, to measure with; left out: the clock of this process. */
  now?: () => number;
}

export interface AgentResult {
  output: JsonObject;
  /** By `into`; null when the step declares none. */
  facts: JsonObject | null;
  /** http.md, usage, without the outer `worker`. */
  usage: JsonObject;
  /** Of all attempts of this iteration: waiting for the model, its retries included, and for tools. */
  timing: { llm_ms: number; tool_ms: number };
  usedWritingTool: boolean;
}

/**
 * Runs a reason step to its output with the adapter that it names. Throws StepFailed for every known failure, the
 * signal's reason when that is aborted, and lets through whatever `record` rejects with.
 */
export function runAgent(run: AgentRun): Promise<AgentResult> {
  switch (run.step.agent_adapter) {
    case 'react':
      return runReact(run);
    case 'simple':
      return runSimple(run);
  }
}
