/**
 * Tool servers for the workers' definitions: one pooled connection for each distinct tool source, opened when
 * first needed and again after it broke. Owns the servers' processes: `close()` ends them all.
 */
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { ToolSource, WorkerDefinition } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import { ToolCallRefused } from './call-errors.ts';
import type { Connection } from './connection.ts';
import { createPool } from './pool.ts';
import type { ToolResult } from './result.ts';
import type { SourceRules } from './source.ts';

export interface ToolServersOptions extends SourceRules {
  log(message: string, fields?: object): void;
  /** Limit for starting a server and shaking hands; default 10 s. */
  connectTimeoutMs?: number;
}

export interface ToolServers {
  /**
   * The tools of all sources of a worker. A source that cannot be reached is in `failures`; its tools are
   * missing. Rejects only when the signal is aborted.
   */
  open(worker: WorkerDefinition, signal: AbortSignal): Promise<ToolSet>;
  /** Ends every server process and waits for it. */
  close(): Promise<void>;
}

export interface ToolSet {
  tools: ReadonlyMap<string, ToolInfo>;
  failures: SourceFailure[];
  /**
   * Calls a tool of this set. Rejects with `ToolCallLost` (it may have happened) or `ToolCallRefused` (it did
   * not). The idempotency key travels in the request's `_meta` as `warden/idempotency_key`, and as the argument
   * `warden_idempotency_key` when the tool's schema declares it.
   */
  call(tool: string, args: JsonObject, options: ToolCallOptions): Promise<ToolResult>;
}

export interface ToolInfo {
  name: string;
  description: string | null;
  inputSchema: JsonObject;
  readOnly: boolean;
  idempotent: boolean;
  /** Name of the tool source. */
  source: string;
}

export interface SourceFailure {
  name: string;
  url: string;
  error: string;
}

export interface ToolCallOptions {
  idempotencyKey: string | null;
  signal: AbortSignal;
}

const KEY_ARGUMENT = 'warden_idempotency_key';

/** Nothing is started before the first `open`. */
export function createToolServers(options: ToolServersOptions): ToolServers {
  const pool = createPool(options);

  async function open(worker: WorkerDefinition, signal: AbortSignal): Promise<ToolSet> {
    const asked = worker.tool_sources.map((source) => toolsOf(source));
    const answers = await abortable(Promise.all(asked), signal);
    const tools = new Map<string, ToolInfo>();
    const sources = new Map<string, ToolSource>();
    const failures: SourceFailure[] = [];
    for (const { source, listed, failure } of answers) {
      if (failure !== null) failures.push(failure);
      for (const tool of listed) {
        const earlier = tools.get(tool.name);
        if (earlier === undefined) {
          tools.set(tool.name, toolInfo(tool, source.name));
          sources.set(tool.name, source);
        } else {
          const fields = { tool: tool.name, used: earlier.source, ignored: source.name };
          options.log('two tool sources have a tool of the same name; the first is used', fields);
        }
      }
    }
    const call: ToolSet['call'] = (name, args, how) =>
      callTool(tools.get(name), sources.get(name), name, args, how);
    return { tools, failures, call };
  }

  async function toolsOf(source: ToolSource) {
    try {
      const connection = await pool.connection(source);
      return { source, listed: await connection.tools(), failure: null };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = { name: source.name, url: `stdio:${source.command}`, error: message };
      return { source, listed: [], failure };
    }
  }

  async function callTool(
    info: ToolInfo | undefined,
    source: ToolSource | undefined,
    name: string,
    args: JsonObject,
    { idempotencyKey, signal }: ToolCallOptions,
  ): Promise<ToolResult> {
    if (info === undefined || source === undefined) {
      throw new ToolCallRefused(`no tool source of this worker has a tool "${name}"`);
    }
    let connection: Connection;
    try {
      connection = await pool.connection(source);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ToolCallRefused(
        `the call of ${name} was not sent, "${source.name}" is not available: ${why}`,
      );
    }
    const declared = info.inputSchema.properties;
    const wantsKey = isJsonObject(declared) && Object.hasOwn(declared, KEY_ARGUMENT);
    const sent = wantsKey && idempotencyKey !== null ? { ...args, [KEY_ARGUMENT]: idempotencyKey } : args;
    const meta = idempotencyKey === null ? {} : { 'warden/idempotency_key': idempotencyKey };
    return await connection.call(name, sent, { meta, signal });
  }

  return { open, close: pool.close };
}

function toolInfo(tool: Tool, source: string): ToolInfo {
  const schema: unknown = tool.inputSchema;
  const readOnly = tool.annotations?.readOnlyHint === true;
  return {
    name: tool.name,
    description: tool.description ?? null,
    inputSchema: isJsonObject(schema) ? schema : {},
    readOnly,
    // What changes nothing may be called again.
    idempotent: readOnly || tool.annotations?.idempotentHint === true,
    source,
  };
}

/** The promise's outcome, or the signal's reason when that comes first; the work itself goes on for others. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
