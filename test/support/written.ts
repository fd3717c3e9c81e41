/** Everything that Warden wrote down or would tell: tables, histories, answers. As text, to be searched. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import { sql } from 'kysely';
import pg from 'pg';
import { openStore } from '../../store/store.ts';

/** All rows of all tables of a PostgreSQL database, by table. */
export async function allRows(url: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await rowsOf(async (text) => (await client.query<Row>(text)).rows);
  } finally {
    await client.end();
  }
}

/** The same of an embedded store, whose process has ended. */
export async function allRowsIn(directory: string): Promise<Map<string, string>> {
  const store = await openStore({ directory });
  try {
    return await rowsOf(async (text) => (await sql.raw<Row>(text).execute(store.db)).rows);
  } finally {
    await store.close();
  }
}

interface Row {
  text: string;
}

async function rowsOf(query: (text: string) => Promise<Row[]>): Promise<Map<string, string>> {
  const tables = await query(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as text from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const found = new Map<string, string>();
  for (const { text: name } of tables) {
    const rows = await query(`select row_to_json(t)::text as text from ${name} t`);
    found.set(name, rows.map(({ text }) => text).join('\n'));
  }
  return found;
}

/** The bytes of all files below a folder, as text of one character a byte, by path; links are not followed. */
export async function allFiles(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path, await readFile(path, 'latin1'));
  }
  return found;
}

/** The history of a workflow, its payloads decoded, and what its description shows. */
export async function wholeHistory(client: Client, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const description = await handle.describe();
  const shown = JSON.stringify([description.memo, description.typedSearchAttributes]);
  const events = historyToJSON(await handle.fetchHistory());
  const payloads = [...events.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
    Buffer.from(data ?? '', 'base64').toString('utf8'),
  );
  return [shown, events, ...payloads].join('\n');
}

/** The bodies of GET requests, by path; whatever their status. */
export async function answersOf(baseUrl: string, paths: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of paths) found.set(path, await (await fetch(`${baseUrl}${path}`)).text());
  return found;
}
