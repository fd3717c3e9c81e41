/** What a commit's tool will be called with: bound, reduced to what the tool declares, checked, and gated. */
import type { StepRef } from '../domain/answers.ts';
import type { Binding, CommitStepDefinition, ToolAllowance } from '../domain/definition.ts';
import { StepFailed } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import { argumentProblems, sentArguments } from '../expression/arguments.ts';
import { resolveBindings } from '../expression/bindings.ts';
import { ExpressionError } from '../expression/error.ts';
import { compileSchema } from '../expression/schema.ts';
import type { ToolInfo } from '../mcp/servers.ts';
import type { RunningSaga } from '../store/context.ts';
import type { ActivityDeps } from './deps.ts';
import type { Gate, Passed } from './gate.ts';
import type { Stopwatch } from './stopwatch.ts';
import { openTools, type AllowedTools } from './tools.ts';

export interface CommitCall {
  resolved: JsonObject;
  sent: JsonObject;
  passed: Passed | null;
  tool: OneTool;
}

export interface OneTool extends AllowedTools {
  name: string;
  info: ToolInfo;
  idempotent: boolean;
}

/** Resolves, checks and gates the call of a commit. Throws `StepFailed`; nothing was called then. */
export async function prepareCall(
  deps: ActivityDeps,
  gate: Gate,
  at: { ref: StepRef; saga: RunningSaga; step: CommitStepDefinition; stopwatch: Stopwatch },
  context: JsonObject,
  signal: AbortSignal,
): Promise<CommitCall> {
  const { ref, saga, step, stopwatch } = at;
  const resolved = bind(step.with, context);
  const tool = await stopwatch.time('setup_ms', () => openTool(deps, saga, step, signal));
  const sent = sentArguments(resolved, tool.info.inputSchema);
  refuseInvalid(tool, sent);
  const input = context['input'] ?? {};
  const gated = { saga, step, span: ref.span, input, arguments: resolved, output: {} };
  const passed = await stopwatch.time('policy_ms', () => gate(gated));
  return { resolved, sent, passed, tool };
}

/** Throws `StepFailed`, BINDING_FAILED. */
export function bind(bindings: Readonly<Record<string, Binding>>, context: JsonObject): JsonObject {
  try {
    return resolveBindings(bindings, context);
  } catch (error) {
    if (error instanceof ExpressionError) throw new StepFailed('BINDING_FAILED', error.message);
    throw error;
  }
}

/** The one tool of a commit or of an undo. Throws `StepFailed`. */
export async function openTool(
  deps: ActivityDeps,
  saga: RunningSaga,
  step: { worker: string; worker_version: string; tools: readonly ToolAllowance[] },
  signal: AbortSignal,
): Promise<OneTool> {
  const [allowance] = step.tools;
  if (!allowance) throw new StepFailed('TOOL_NOT_FOUND', 'expected one allowed tool, found none');
  const worker = saga.worker(step.worker, step.worker_version);
  const opened = await openTools(deps.tools, worker, [allowance], signal);
  const [info] = opened.infos;
  if (!info) throw new StepFailed('TOOL_NOT_FOUND', `no tool source of the worker has ${allowance.name}`);
  return { ...opened, name: allowance.name, info, idempotent: info.idempotent || allowance.idempotent };
}

/** Throws `StepFailed`, TOOL_ARGUMENTS_INVALID, with every problem. */
export function refuseInvalid({ name, info }: OneTool, sent: JsonObject): void {
  const problems = argumentProblems(info.inputSchema, sent);
  if (problems.length === 0) return;
  const shown = problems.map(({ path, message }) => `${path || 'arguments'} ${message}`);
  const message = `${name} does not take these arguments: ${shown.join('; ')}`;
  throw new StepFailed('TOOL_ARGUMENTS_INVALID', message, { tool: name, problems: shown });
}

/** Throws `StepFailed`, OUTPUT_SCHEMA_VALIDATION_FAILED. Results of tools are never coerced. */
export function refuseResult(schemas: readonly (JsonObject | null)[], tool: string, data: JsonObject): void {
  const problems = schemas.flatMap((schema) => (schema === null ? [] : compileSchema(schema)(data)));
  if (problems.length === 0) return;
  const shown = problems.map(({ path, message }) => `${path || 'result'} ${message}`);
  const message = `the result of ${tool} does not satisfy its output schema: ${shown.join('; ')}`;
  throw new StepFailed('OUTPUT_SCHEMA_VALIDATION_FAILED', message, { tool, problems: shown });
}
