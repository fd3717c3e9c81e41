/**
 * A definition: what a deployed manifest is frozen to. Every file that the manifest named (prompt, policy,
 * schema, compensation, mock script) is inside it, so what was deployed is what runs. Field names are those of
 * the manifest.
 */
import type { Json, JsonObject } from './json.ts';
import type { StepKind } from './status.ts';

export type Definition = WorkerDefinition | SagaDefinition;

export interface Identity {
  namespace: string;
  name: string;
  version: string;
}

export const PROVIDERS = ['openai', 'anthropic', 'local', 'mock'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface WorkerDefinition extends Identity {
  kind: 'worker';
  description: string | null;
  provider: Provider;
  model_name: string;
  /** The mock model's script, frozen, when `model_name` names one. */
  mock_script: MockScript | null;
  temperature: number;
  system_prompt: string;
  /** The system message of undos of several tools; null: the built-in one. */
  compensation_prompt: string | null;
  /** The word of older manifests: stored, and without effect. */
  adapter: string;
  tool_sources: ToolSource[];
}

export type ToolSource = StdioSource | HttpSource;

export interface StdioSource {
  name: string;
  transport: 'stdio';
  command: string;
  args: string[];
  cwd: string | null;
  /** Values may hold `${ENV:NAME}` or `${NAME}`: resolved in the worker process when the connection opens. */
  env: Record<string, string>;
  env_inherit: string[];
}

export interface HttpSource {
  name: string;
  /** `http` is streamable HTTP. */
  transport: 'sse' | 'http';
  /** As `headers`, but only after the `?`. */
  url: string;
  /** As `env` of a stdio source: secrets stay unresolved here. */
  headers: Record<string, string>;
}

export interface MockScript {
  steps: Record<string, MockTurn[]>;
}

export type MockTurn =
  | { calls: { tool: string; arguments: JsonObject }[] }
  | { submit: JsonObject }
  | { text: string }
  | { fail: { status: number; retry_after: number | null } };

export interface SagaDefinition extends Identity {
  kind: 'saga';
  description: string;
  steps: StepDefinition[];
}

export type StepDefinition = ReasonStepDefinition | CommitStepDefinition;

interface StepFields {
  id: string;
  name: string;
  kind: StepKind;
  worker: string;
  worker_version: string;
  with: Record<string, Binding>;
  /** CEL; null: the step always runs. */
  when: string | null;
  policy: PolicyDefinition | null;
  hitl: boolean;
  /** null: unlimited. */
  hitl_max_retries: number | null;
  hitl_retry_guidance: string | null;
  review: { expires_ms: number | null };
  compensation: CompensationDefinition | null;
  /** A JSON Schema that reason output, or a commit's result, must satisfy. */
  output_schema: JsonObject | null;
  timeout_seconds: number;
  tools: ToolAllowance[];
  max_turns: number;
  /** MCP resources that a react step may read; `{name}` in a URI equals the step's resolved `with.name`. */
  resources: ResourceAllowance[];
}

export interface ResourceAllowance {
  uri: string;
  description: string | null;
}

export interface ReasonStepDefinition extends StepFields {
  kind: 'reason';
  prompt: { ref: string; template: string };
  agent_adapter: 'react' | 'simple';
  on_tool_error: 'return' | 'fail';
  /** null: the setting WARDEN_MAX_STEP_TOKENS, and without it no limit. */
  max_step_tokens: number | null;
  facts: FactDefinition[];
}

/** What is read from the data of a tool's last successful result into `facts.<into>`. */
export interface FactDefinition {
  tool: string;
  into: string;
  /** Name to JSONPath. */
  fields: Record<string, string>;
}

export interface CommitStepDefinition extends StepFields {
  kind: 'commit';
}

/** Exactly one of the two: a JSONPath (RFC 9535) into the context, or a literal. */
export type Binding = { from: string } | { value: Json };

export interface PolicyDefinition {
  name: string;
  version: string | null;
  cel: string;
}

export interface ToolAllowance {
  name: string;
  description: string | null;
  strict_schema: boolean;
  output_schema: JsonObject | null;
  /** True when the manifest vouches for it; the tool's own `idempotentHint` counts as well. */
  idempotent: boolean;
}

/** The declared undo of a step: of one tool a single call, of several what a model makes of them. */
export interface CompensationDefinition {
  worker: string;
  worker_version: string;
  with: Record<string, Binding>;
  /** At least one. */
  tools: ToolAllowance[];
  /** Resources and turns are of undos of several tools only. */
  resources: ResourceAllowance[];
  max_turns: number;
  timeout_seconds: number;
}
