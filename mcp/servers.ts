/**
 * Tool servers for the workers' definitions: one pooled connection for each distinct tool source, opened when
 * first needed and again after it broke. Owns the servers' processes: `close()` ends them all.
 */
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { ToolSource, WorkerDefinition } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { isDeeperThan, isJsonObject, storable, storableText } from '../domain/json.ts';
import { ResourceNotRead, ToolCallRefused } from './call-errors.ts';
import { withinLimit } from './call-limit.ts';
import type { Connection } from './connection.ts';
import type { Pool } from './pool.ts';
import { createPool } from './pool.ts';
import type { ResourceText, ToolResult } from './result.ts';
import { DEPTH_LIMIT } from './result.ts';
import type { SourceRules } from './source.ts';
import { shownAddress } from './source.ts';
import { messageOf } from './transport.ts';

export interface ToolServersOptions extends SourceRules {
  log(message: string, fields?: object): void;
  /** Limit for starting a server or connecting to it, and for shaking hands; default 10 s. */
  connectTimeoutMs?: number;
  /** Limit of one tool call, over which it is lost; null or left out: the caller's signal alone. */
  callTimeoutMs?: number | null;
}

export interface ToolServers {
  /**
   * The tools of all sources of a worker. A source that cannot be reached is in `failures`; its tools are
   * missing. Rejects only when the signal is aborted.
   */
  open(worker: WorkerDefinition, signal: AbortSignal): Promise<ToolSet>;
  /** Ends every connection and every server process, and waits for them. */
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
  /**
   * Reads a resource from the first source, in the order of the manifest, that gives it. Rejects with
   * `ResourceNotRead`, which says what each source answered, or with the signal's reason.
   */
  readResource(uri: string, options: { signal: AbortSignal }): Promise<ResourceText>;
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
  /** Without credentials, query and fragment; of a process `stdio:<command>`. */
  url: string;
  error: string;
}

export interface ToolCallOptions {
  idempotencyKey: string | null;
  signal: AbortSignal;
}

const KEY_ARGUMENT = 'warden_idempotency_key';

/** A tool, and the source that its calls go to. */
interface Place {
  info: ToolInfo;
  source: ToolSource;
}

/** Nothing is started before the first `open`. */
export function createToolServers(options: ToolServersOptions): ToolServers {
  const pool = createPool(options);

  async function open(worker: WorkerDefinition, signal: AbortSignal): Promise<ToolSet> {
    const asked = worker.tool_sources.map((source) => toolsOf(pool, source));
    const answers = await abortable(Promise.all(asked), signal);
    const places = new Map<string, Place>();
    for (const { source, listed } of answers) {
      for (const info of listed) {
        const earlier = places.get(info.name);
        if (earlier === undefined) places.set(info.name, { info, source });
        else {
          const fields = { tool: info.name, used: earlier.source.name, ignored: source.name };
          options.log('two tools have the same name; the first is used', fields);
        }
      }
    }
    return {
      tools: new Map(Array.from(places, ([name, { info }]) => [name, info])),
      failures: answers.flatMap(({ failure }) => failure ?? []),
      call: (name, args, how) =>
        callTool(pool, places.get(name), { ...how, name, args, limitMs: options.callTimeoutMs ?? null }),
      readResource: (uri, { signal: stop }) => readResource(pool, worker.tool_sources, uri, stop),
    };
  }

  return { open, close: pool.close };
}

async function toolsOf(pool: Pool, source: ToolSource) {
  try {
    const connection = await pool.connection(source);
    const listed = (await connection.tools()).map((tool) => toolInfo(tool, source.name));
    return { source, listed, failure: null };
  } catch (error) {
    const failure = { name: source.name, url: shownAddress(source), error: messageOf(error) };
    return { source, listed: [], failure };
  }
}

async function callTool(
  pool: Pool,
  place: Place | undefined,
  call: ToolCallOptions & { name: string; args: JsonObject; limitMs: number | null },
): Promise<ToolResult> {
  const { name, args, idempotencyKey, signal, limitMs } = call;
  if (place === undefined) throw new ToolCallRefused(`no tool source of this worker has a tool "${name}"`);
  const { info, source } = place;
  let connection: Connection;
  try {
    connection = await abortable(pool.connection(source), signal);
  } catch (error) {
    throw new ToolCallRefused(
      `the call of ${name} was not sent, "${source.name}" is not available: ${messageOf(error)}`,
    );
  }
  const declared = info.inputSchema.properties;
  const wantsKey = isJsonObject(declared) && Object.hasOwn(declared, KEY_ARGUMENT);
  const sent = wantsKey && idempotencyKey !== null ? { ...args, [KEY_ARGUMENT]: idempotencyKey } : args;
  const meta = idempotencyKey === null ? {} : { 'warden/idempotency_key': idempotencyKey };
  return await withinLimit(limitMs, signal, (limited) =>
    connection.call(name, sent, { meta, signal: limited }),
  );
}

async function readResource(
  pool: Pool,
  sources: readonly ToolSource[],
  uri: string,
  signal: AbortSignal,
): Promise<ResourceText> {
  const answers: string[] = [];
  for (const source of sources) {
    try {
      const connection = await abortable(pool.connection(source), signal);
      if (connection.hasResources()) return await connection.read(uri, signal);
      answers.push(`"${source.name}" has no resources`);
    } catch (error) {
      signal.throwIfAborted();
      answers.push(`"${source.name}": ${messageOf(error)}`);
    }
  }
  const said = answers.length === 0 ? 'the worker names no tool source' : answers.join('; ');
  throw new ResourceNotRead(`the resource ${uri} cannot be read: ${said}`);
}

/** Throws for a schema that nothing could compile or store. */
function toolInfo(tool: Tool, source: string): ToolInfo {
  const schema: unknown = tool.inputSchema;
  const readOnly = tool.annotations?.readOnlyHint === true;
  if (isDeeperThan(schema, DEPTH_LIMIT)) {
    throw new Error(`the input schema of the tool ${tool.name} is nested more than ${DEPTH_LIMIT} deep`);
  }
  return {
    name: tool.name,
    description: tool.description === undefined ? null : storableText(tool.description),
    inputSchema: isJsonObject(schema) ? storable(schema) : {},
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
    onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
