/** Everything that Warden wrote down or would tell: tables, histories, answers. As text, to be searched. */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import pg from 'pg';

/** All rows of all tables, by table. */
export async function allRows(url: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const found = new Map<string, string>();
    for (const { name } of rows) {
      const all = await client.query<{ row: string }>(`select row_to_json(t)::text as row from ${name} t`);
      found.set(name, all.rows.map(({ row }) => row).join('\n'));
    }
    return found;
  } finally {
    await client.end();
  }
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
