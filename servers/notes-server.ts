/**
 * The notes server: its tools over MCP. The life of a call: its arrival is recorded; arguments and rehearsed
 * failures are looked at; the delay before; the effect and its record in one stretch; the delay after; the
 * answer. Nothing stops a call that has arrived, neither a cancel nor a client that went away: a caller that
 * did not wait for the answer cannot know whether it took effect, and must be built for that.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import type { NotesFolder } from './notes-folder.ts';
import { NoteRefused, openFolder, restore } from './notes-folder.ts';
import { openRecord } from './call-record.ts';
import type { CallRecord } from './call-record.ts';
import type { Rehearsal } from './notes-rehearsal.ts';
import { readRehearsal } from './notes-rehearsal.ts';
import { notesTools } from './notes-tools.ts';
import type { NoteTool } from './notes-tools.ts';

export interface NotesOptions {
  folder: string;
  record: string;
  delayBeforeMs: number;
  delayAfterMs: number;
}

/** Builds the server over its folder and record; the caller connects it to a transport. */
export function createNotesServer(options: NotesOptions): McpServer {
  const folder = openFolder(options.folder);
  const record = openRecord(options.record);
  const tools = notesTools(folder, record);
  const mcp = new McpServer({ name: 'warden-notes', version: '1' }, { capabilities: { tools: {} } });

  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listed) }));
  mcp.server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const given = params._meta?.['warden/idempotency_key'];
    const key = typeof given === 'string' ? given : null;
    const args = params.arguments ?? {};
    record.called(params.name, args, key);
    const tool = tools.find((candidate) => candidate.name === params.name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `unknown tool ${params.name}`);
    const started = tool.behaviour === 'reads' ? { delayBeforeMs: 0, delayAfterMs: 0 } : options;
    const rehearsal = readRehearsal(options.folder, tool.name, started);
    if (rehearsal.refuse !== null) throw new McpError(ErrorCode.InvalidRequest, rehearsal.refuse);
    return await answer(tool, args, key, { folder, record }, rehearsal);
  });
  return mcp;
}

function listed(tool: NoteTool) {
  const annotations = {
    ...(tool.behaviour === 'reads' ? { readOnlyHint: true } : {}),
    ...(tool.behaviour === 'keyed' ? { idempotentHint: true } : {}),
  };
  return { name: tool.name, description: tool.description, inputSchema: tool.inputSchema, annotations };
}

async function answer(
  tool: NoteTool,
  args: unknown,
  key: string | null,
  ground: Ground,
  rehearsal: Rehearsal,
): Promise<CallToolResult> {
  try {
    const act = tool.prepare(args);
    if (rehearsal.fail !== null) throw new Error(rehearsal.fail);
    await pause(rehearsal.delayBeforeMs);
    const result = await perform(tool, act, key, ground);
    await pause(rehearsal.delayAfterMs);
    return { content: [{ type: 'text', text: JSON.stringify(result) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { isError: true, content: [{ type: 'text', text: message }] };
  }
}

/** What a call acts on. */
interface Ground {
  folder: NotesFolder;
  record: CallRecord;
}

async function perform(
  tool: NoteTool,
  act: ReturnType<NoteTool['prepare']>,
  key: string | null,
  ground: Ground,
): Promise<Record<string, unknown>> {
  if (tool.behaviour !== 'keyed' || key === null) return actNow(tool, act, key, ground);
  const claim = await ground.record.claim(tool.name, key);
  if ('done' in claim) return claim.done;
  let result: Record<string, unknown> | null = null;
  try {
    result = actNow(tool, act, key, ground);
    return result;
  } finally {
    claim.release(result);
  }
}

/** In one synchronous stretch: the effect, its lines, and taking it back when it was undone meanwhile. */
function actNow(
  tool: NoteTool,
  act: ReturnType<NoteTool['prepare']>,
  key: string | null,
  { folder, record }: Ground,
): Record<string, unknown> {
  const { effects, result } = act(key);
  for (const effect of effects) record.tookEffect({ tool: tool.name, key, ...effect, result });
  // Another server may have undone the key after the act looked: it saw no effect, so this one must.
  if (key === null || !record.isUndone(key)) return result;
  for (const { path, previous } of effects) {
    const now = folder.read(path);
    restore(folder, path, previous);
    record.tookEffect({ tool: 'take_back', key: null, path, previous: now, result: {} });
  }
  throw new NoteRefused(`the call with key ${key} was undone while it took effect; it was taken back`);
}

function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
