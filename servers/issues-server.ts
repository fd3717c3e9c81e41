/**
 * The issues server: its tools over MCP. The life of a call: its arrival is recorded; its arguments are looked
 * at; one that acts waits for the lock, acts and is recorded in one stretch; the answer. Nothing stops a call
 * that has arrived. With an idempotency key it acts once, also over several server processes on one file, and
 * every later call with that key and tool gets the first answer.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import { openRecord } from './call-record.ts';
import type { CallRecord } from './call-record.ts';
import { IssueRefused, openIssuesFile } from './issues-file.ts';
import type { IssuesFile, Tracker } from './issues-file.ts';
import { issueTools } from './issues-tools.ts';
import type { IssueTool } from './issues-tools.ts';

export interface IssuesOptions {
  file: string;
  record: string;
}

/** What a call acts on. */
interface Ground {
  file: IssuesFile;
  record: CallRecord;
}

type Result = Record<string, unknown>;
type Acting = Extract<ReturnType<IssueTool['prepare']>, { kind: 'act' }>;

/** Builds the server over its file and record; the caller connects it to a transport. */
export function createIssuesServer(options: IssuesOptions): McpServer {
  const ground: Ground = { file: openIssuesFile(options.file), record: openRecord(options.record) };
  const tools = issueTools();
  const mcp = new McpServer({ name: 'warden-issues', version: '1' }, { capabilities: { tools: {} } });

  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listed) }));
  mcp.server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const given = params._meta?.['warden/idempotency_key'];
    const key = typeof given === 'string' ? given : null;
    const args = params.arguments ?? {};
    ground.record.called(params.name, args, key);
    const tool = tools.find((candidate) => candidate.name === params.name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `unknown tool ${params.name}`);
    return await answer(tool, args, key, ground);
  });
  return mcp;
}

function listed({ name, description, inputSchema, reads }: IssueTool) {
  const annotations = reads ? { readOnlyHint: true } : { idempotentHint: true };
  return { name, description, inputSchema, annotations };
}

async function answer(
  tool: IssueTool,
  args: unknown,
  key: string | null,
  ground: Ground,
): Promise<CallToolResult> {
  try {
    const work = tool.prepare(args);
    const result =
      work.kind === 'read'
        ? work.answer(ground.file.read())
        : await locked(ground.record, () => actOnce(tool.name, work, key, ground));
    return { content: [{ type: 'text', text: JSON.stringify(result) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { isError: true, content: [{ type: 'text', text: message }] };
  }
}

/** One act at a time over all servers with this record; a server that dies gives the lock up. */
async function locked(record: CallRecord, act: () => Result): Promise<Result> {
  const claim = await record.claim('lock', 'issues');
  // Never released with an answer.
  if ('done' in claim) return claim.done;
  try {
    return act();
  } finally {
    claim.release(null);
  }
}

function actOnce(tool: string, work: Acting, key: string | null, { file, record }: Ground): Result {
  const tracker = file.read();
  const earlier = tracker.served.find((call) => call.tool === tool && call.key === key);
  if (earlier !== undefined) return earlier.result;
  if (key !== null && tracker.undone.includes(key)) {
    throw new IssueRefused(`the call with key ${key} was undone before it arrived here; nothing was done`);
  }
  const before = textsOf(tracker);
  const { change, result } = work.act(tracker, new Date().toISOString());
  if (key !== null) tracker.served.push({ tool, key, change, result });
  file.write(tracker);
  if (work.undoes !== null) record.markUndone(key, work.undoes);
  for (const [number, text] of textsOf(tracker)) {
    const previous = before.get(number) ?? null;
    if (text !== previous) record.tookEffect({ tool, key, path: `issues/${number}`, previous, result });
  }
  return result;
}

function textsOf({ issues }: Tracker): Map<number, string> {
  return new Map(issues.map((issue) => [issue.number, JSON.stringify(issue)]));
}
