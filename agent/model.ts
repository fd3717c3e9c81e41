/**
 * What a model provider is to the reason loop: a provider is one small file that answers one turn at a time.
 * It keeps nothing between turns; all it may know is in the request.
 */
import type { WorkerDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { AgentTask } from './task.ts';
import type { Call, Reasoning, TokenUsage } from './transcript.ts';

/** Made by the process entry from its settings (`createModels`). */
export interface Models {
  /** The model that the worker's definition names. What it lacks (a key) is found in its first turn. */
  modelOf(input: ModelInput): Model;
}

/** What a model is made for; only the mock reads more of it than the worker. */
export interface ModelInput {
  step: AgentTask;
  worker: WorkerDefinition;
  arguments: JsonObject;
  guidance: string | null;
  wantedKeys: readonly string[];
}

export interface Model {
  /** One turn of the model. Rejects with {@link ModelError} when the provider gives none. */
  turn(request: ModelRequest): Promise<ModelTurn>;
}

export interface ModelRequest {
  system: string;
  /** Begins with the user's prompt. */
  messages: readonly Message[];
  /** `_submit` is the last; empty for a structured completion. */
  tools: readonly ModelTool[];
  /** Asks for one JSON object of this schema as the text; null: no such completion is wanted. */
  outputSchema: JsonObject | null;
  temperature: number;
  /** Model turns of this iteration before this one. */
  turn: number;
  /** From 1; counts within the turn. */
  attempt: number;
  signal: AbortSignal;
}

export interface ModelTool {
  name: string;
  description: string | null;
  inputSchema: JsonObject;
  /** Asks the provider for arguments that satisfy the schema strictly. */
  strict: boolean;
}

export type Message =
  | { role: 'user'; text: string }
  | { role: 'assistant'; text: string; calls: readonly Call[]; reasoning: readonly Reasoning[] }
  /** `text` is what a model is shown, clipped; `data` is all of it. */
  | { role: 'tool'; call: string; tool: string; isError: boolean; text: string; data: JsonObject };

export interface ModelTurn {
  text: string;
  /** Arguments that are no JSON come as the text that they are. */
  calls: { tool: string; arguments: Json; metadata: JsonObject | null }[];
  reasoning: Reasoning[];
  usage: TokenUsage;
  /** The model that the provider says it used. */
  modelId: string | null;
}

/**
 * `transient`: the same request may succeed later. `refused`: it never will. `exhausted`: the provider (a script)
 * has no further turn.
 */
export type ModelErrorKind = 'transient' | 'refused' | 'exhausted';

export class ModelError extends Error {
  override name = 'ModelError';
  readonly kind: ModelErrorKind;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** How long the provider asks to wait. */
  readonly waitMs: number | null;
  /** What the turn that cannot be used cost; null: the provider did not say. */
  readonly usage: TokenUsage | null;
  /** Requests made, this one included. */
  attempts = 1;
  constructor(
    kind: ModelErrorKind,
    message: string,
    answer: { status?: number | null; waitMs?: number | null; usage?: TokenUsage | null } = {},
  ) {
    super(message);
    this.kind = kind;
    this.status = answer.status ?? null;
    this.waitMs = answer.waitMs ?? null;
    this.usage = answer.usage ?? null;
  }
}

/** Whether a request that was answered with this status may be made again; null: it was not answered. */
export function isTransient(status: number | null): boolean {
  return status === null || status >= 500 || status === 408 || status === 409 || status === 429;
}
