/** Real issues servers, each a process, over one file and one record. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../domain/json.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { createToolServers } from '../../mcp/servers.ts';
import type { Issue, Tracker } from '../../servers/issues-file.ts';
import { workerWith } from '../mcp/fixtures/fixture.ts';
import { repository } from '../support/processes.ts';
import { readLines } from './notes.ts';
import type { Line } from './notes.ts';

export type Issues = Awaited<ReturnType<typeof createIssues>>;

export async function createIssues() {
  const home = await mkdtemp(join(tmpdir(), 'warden-issues-'));
  const file = join(home, 'issues.json');
  const record = join(home, 'record.jsonl');
  copyFileSync(join(repository, 'config', 'issues.json'), file);
  const program = ['--import', '@swc-node/register/esm-register', join(repository, 'servers', 'issues.ts')];
  const servers = createToolServers({
    stdioAllow: ['warden-issues'],
    bundled: { 'warden-issues': { command: process.execPath, args: program } },
    env: { WARDEN_ISSUES_FILE: file, WARDEN_ISSUES_RECORD: record },
    log: () => undefined,
    connectTimeoutMs: 30_000,
  });

  /** One more server process for each name, told where its files are as the example's manifest does. */
  async function open(name: string): Promise<ToolSet> {
    const env = { ISSUES_FILE: '${ENV:WARDEN_ISSUES_FILE}', ISSUES_RECORD: '${ENV:WARDEN_ISSUES_RECORD}' };
    const source = { name, transport: 'stdio' as const, command: 'warden-issues', args: [], env };
    const worker = workerWith([{ ...source, cwd: repository, env_inherit: [] }]);
    const tools = await servers.open(worker, new AbortController().signal);
    const [failure] = tools.failures;
    if (failure !== undefined) throw new Error(failure.error);
    return tools;
  }

  /** The file as anyone reads it. */
  function tracker(): Tracker {
    const read: Tracker = JSON.parse(readFileSync(file, 'utf8'));
    return read;
  }

  function issue(number: number): Issue {
    const found = tracker().issues.find((candidate) => candidate.number === number);
    if (found === undefined) throw new Error(`no issue ${number}`);
    return found;
  }

  /** As a person does who edits the file. */
  function edit(number: number, change: (issue: Issue) => void): void {
    const now = tracker();
    for (const found of now.issues) if (found.number === number) change(found);
    writeFileSync(file, JSON.stringify(now));
  }

  async function close(): Promise<void> {
    await servers.close();
    await rm(home, { recursive: true, force: true });
  }

  const lines = (event?: string, key?: string): Line[] =>
    existsSync(record) ? readLines(record, event, key) : [];
  return { file, record, open, tracker, issue, edit, lines, close };
}

/** Arguments that name an issue of the example. */
export function at(issue_number: number, more: JsonObject = {}): JsonObject {
  return { owner: 'lantern-app', repo: 'lantern', issue_number, ...more };
}
