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
import { openFolder } from './notes-folder.ts';
import { openRecord } from './notes-record.ts';
import type { NotesRecord } from './notes-record.ts';
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
    return await answer(tool, args, key, record, rehearsal);
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
  record: NotesRecord,
  rehearsal: Rehearsal,
): Promise<CallToolResult> {
  try {
    const act = tool.prepare(args);
    if (rehearsal.fail !== null) throw new Error(rehearsal.fail);
    await pause(rehearsal.delayBeforeMs);
    const result = await perform(tool, act, key, record);
    await pause(rehearsal.delayAfterMs);
    return { content: [{ type: 'text', text: JSON.stringify(result) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { isError: true, content: [{ type: 'text', text: message }] };
  }
}

async function perform(
  tool: NoteTool,
  act: ReturnType<NoteTool['prepare']>,
  key: string | null,
  record: NotesRecord,
): Promise<Record<string, unknown>> {
  const run = (): Record<string, unknown> => {
    const { effects, result } = act(key);
    for (const effect of effects) record.tookEffect({ tool: tool.name, key, ...effect, result });
    return result;
  };
  if (tool.behaviour !== 'keyed' || key === null) return run();
  const claim = await record.claim(tool.name, key);
  if ('done' in claim) return claim.done.result;
  try {
    return run();
  } finally {
    claim.release();
  }
}

function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
