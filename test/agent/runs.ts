/** Runs of the reason loop for tests: a step, a worker with a script, and a transcript in memory. */
import type { AgentRun, AgentTool, ToolAnswer } from '../../agent/run.ts';
import { createModels } from '../../agent/providers.ts';
import type { LlmSettings } from '../../agent/providers.ts';
import type {
  MockScript,
  MockTurn,
  ReasonStepDefinition,
  ToolAllowance,
  WorkerDefinition,
} from '../../domain/definition.ts';
import { StepFailed } from '../../domain/failure.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { JsonObject } from '../../domain/json.ts';

/** No key, and nothing that listens. */
export const NO_PROVIDERS: LlmSettings = {
  localBaseUrl: 'http://127.0.0.1:11/v1',
  localApiKey: null,
  openaiApiKey: null,
  openaiBaseUrl: null,
  anthropicApiKey: null,
  anthropicBaseUrl: null,
};

export function allowance(name: string, more: Partial<ToolAllowance> = {}): ToolAllowance {
  return { name, description: null, strict_schema: false, output_schema: null, idempotent: false, ...more };
}

export function reasonStep(more: Partial<ReasonStepDefinition> = {}): ReasonStepDefinition {
  return {
    id: 'draft',
    name: 'Draft',
    kind: 'reason',
    worker: 'writer',
    worker_version: '1',
    with: {},
    when: null,
    policy: null,
    hitl: false,
    hitl_max_retries: null,
    hitl_retry_guidance: null,
    review: { expires_ms: null },
    compensation: null,
    output_schema: null,
    timeout_seconds: 600,
    tools: [],
    max_turns: 10,
    resources: [],
    agent_adapter: 'react',
    on_tool_error: 'return',
    max_step_tokens: null,
    facts: [],
    prompt: { ref: 'draft.md', template: 'Write about {{ topic }}.' },
    ...more,
  };
}

export function mockWorker(
  script: MockScript | null,
  more: Partial<WorkerDefinition> = {},
): WorkerDefinition {
  return {
    kind: 'worker',
    namespace: 'default',
    name: 'writer',
    version: '1',
    description: null,
    provider: 'mock',
    model_name: script === null ? 'schema' : 'draft.yaml',
    mock_script: script,
    temperature: 0,
    system_prompt: 'You write.',
    compensation_prompt: null,
    adapter: 'langchain',
    tool_sources: [],
    ...more,
  };
}

export interface Recorded {
  run: AgentRun;
  /** Everything recorded, earlier attempts included. */
  entries: JsonObject[];
  /** Calls that were made, as `<tool> <call id> <arguments>`. */
  calls: string[];
}

/** A run without a script answers from schemas; `script` has the turns of the step `draft`. */
export function recordedRun(script: MockTurn[] | null, more: Partial<AgentRun> = {}): Recorded {
  const entries: JsonObject[] = [];
  const calls: string[] = [];
  for (const entry of more.transcript ?? []) if (isJsonObject(entry)) entries.push(structuredClone(entry));
  const call = more.call ?? (() => Promise.reject(new Error('this run calls no tool')));
  const run: AgentRun = {
    step: reasonStep(),
    worker: mockWorker(script === null ? null : { steps: { draft: script } }),
    arguments: { topic: 'bees' },
    guidance: null,
    models: createModels(NO_PROVIDERS),
    tools: [],
    resources: null,
    transcript: [],
    record: (entry) => {
      entries.push(structuredClone(entry));
      return Promise.resolve();
    },
    retry: { enabled: true, maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 5 },
    maxStepTokens: null,
    toolMessageLimit: 8_000,
    wantedKeys: [],
    now: () => 0,
    signal: new AbortController().signal,
    ...more,
    call: (tool, args, id) => {
      calls.push(`${tool} ${id} ${JSON.stringify(args)}`);
      return call(tool, args, id);
    },
  };
  return { run, entries, calls };
}

/** An allowed tool that answers in this process with the call that it got. */
export function echoTool(name: string, inputSchema: JsonObject = { type: 'object' }): AgentTool {
  return { name, description: `says ${name}`, inputSchema, readOnly: true, idempotent: true };
}

export function echo(tool: string, args: JsonObject, id: string): Promise<ToolAnswer> {
  const data = { tool, args, id };
  return Promise.resolve({ isError: false, data, text: JSON.stringify(data) });
}

/** The failure that a promise of the loop rejects with. */
export async function failureOf(result: Promise<unknown>): Promise<StepFailed['failure']> {
  try {
    const value = await result;
    throw new Error(`expected the step to fail, but it answered ${JSON.stringify(value)}`);
  } catch (error) {
    if (error instanceof StepFailed) return error.failure;
    throw error;
  }
}

export function object(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`expected an object, found ${JSON.stringify(value)}`);
}

export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`expected a text, found ${JSON.stringify(value)}`);
}
