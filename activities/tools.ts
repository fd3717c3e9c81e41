/** The tools that a step may call, as its worker's servers really have them. */
import type { ToolAllowance, WorkerDefinition } from '../domain/definition.ts';
import { StepFailed } from '../domain/failure.ts';
import type { ToolInfo, ToolServers, ToolSet } from '../mcp/servers.ts';

export interface AllowedTools {
  set: ToolSet;
  /** In the order of the allow list. */
  infos: ToolInfo[];
}

/** Throws `StepFailed`: no sources, a source away, or a tool that no server has. */
export async function openTools(
  servers: ToolServers,
  worker: WorkerDefinition,
  allowed: readonly ToolAllowance[],
  signal: AbortSignal,
): Promise<AllowedTools> {
  if (worker.tool_sources.length === 0) {
    const message = `the step may call tools, but its worker ${worker.name} ${worker.version} names no tool source`;
    throw new StepFailed('MCP_SOURCES_REQUIRED', message, { missing_tools: allowed.map(({ name }) => name) });
  }
  const set = await servers.open(worker, signal);
  const missing = allowed.filter(({ name }) => !set.tools.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    const details = {
      missing_tools: missing,
      source_failures: set.failures.map((failure) => ({ ...failure })),
    };
    const [first] = set.failures;
    if (first) {
      const message = `the tools ${missing.join(', ')} cannot be reached: ${first.name}: ${first.error}`;
      throw new StepFailed('MCP_UNAVAILABLE', message, details);
    }
    const message = `no tool source of the worker has ${missing.join(', ')}; it has ${[...set.tools.keys()].join(', ')}`;
    throw new StepFailed('TOOL_NOT_FOUND', message, details);
  }
  const infos = allowed.flatMap(({ name }) => set.tools.get(name) ?? []);
  return { set, infos };
}
