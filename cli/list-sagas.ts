/** `warden list sagas`: sagas and where they stand. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { hintAtNextPage, type Cli } from './engine.ts';
import {
  statusOption,
  traceId,
  watchScreen,
  withPaging,
  withWatch,
  type PagingOptions,
  type WatchOptions,
} from './options.ts';
import { printable } from './printable.ts';
import { SAGA_STATUSES } from './statuses.ts';
import { UNFILTERED_LIMIT_MS, watch } from './watch.ts';

interface SagasOptions extends Omit<PagingOptions, 'json'>, WatchOptions {
  traceId?: string;
  inFlight?: boolean;
  failed?: boolean;
  stuck?: boolean;
  status?: string[];
}

type SagaList = Awaited<ReturnType<ApiClient['listSagas']>>;

const COLUMNS = ['namespace', 'trace_id', 'status', 'definition_id', 'started_at'];

export function addListSagas(parent: Command, cli: Cli): void {
  const command = parent
    .command('sagas')
    .description('list sagas, newest first')
    .option('--trace-id <trace_id>', 'only this one', traceId)
    .option('--in-flight', 'only those that have not ended')
    .option('--failed', 'only those that failed')
    .option('--stuck', 'only those that cannot go on by themselves, with why and what to do')
    .addOption(statusOption(SAGA_STATUSES));
  withWatch(withPaging(command)).action(async (options: SagasOptions) => {
    await listSagas(cli, options);
  });
}

async function listSagas(cli: Cli, options: SagasOptions): Promise<void> {
  const screen = watchScreen(cli.terminal, options);
  const { client } = await cli.connect();
  const { namespace, limit, offset, failed, stuck, status, inFlight } = options;
  const query = { trace_id: options.traceId, in_flight: inFlight, namespace, limit, offset, failed, stuck };
  const look = async () => await client.listSagas({ ...query, status });
  if (screen !== null) {
    const filtered = [options.traceId, inFlight, failed, stuck, status].some((given) => given !== undefined);
    await watch(screen, {
      intervalMs: options.interval * 1000,
      limitMs: filtered ? null : UNFILTERED_LIMIT_MS,
      look: async () => viewOf(await look()),
    });
    return;
  }
  const list = await look();
  if (options.json === true) {
    cli.terminal.json(list);
    return;
  }
  await cli.terminal.table(COLUMNS, rowsOf(list));
  if (stuck === true) printStuck(cli, list);
  else hintAtStuck(cli, list, namespace);
  hintAtNextPage(cli.terminal, list);
}

/** What each of them waits for, and what an operator is to do. */
function printStuck(cli: Cli, { items }: SagaList): void {
  for (const { trace_id, stuck } of items) {
    if (stuck === null) continue;
    cli.terminal.line(`\n${trace_id} ${stuck.code}`);
    for (const text of [stuck.message, stuck.hint]) cli.terminal.line(`  ${printable(text)}`);
  }
}

function hintAtStuck(cli: Cli, { items }: SagaList, namespace: string | undefined): void {
  const count = items.filter(({ stuck }) => stuck !== null).length;
  if (count === 0) return;
  const where = namespace === undefined ? '' : ` --namespace ${namespace}`;
  cli.terminal.problem('HINT', `${count} of them cannot go on; why: warden list sagas --stuck${where}`);
}

function viewOf(list: SagaList) {
  const left = list.items.filter((item) => item.ended_at === null).length;
  const note = `${left} of the ${list.items.length} shown have not ended`;
  return { columns: COLUMNS, rows: rowsOf(list), ended: left === 0, note };
}

function rowsOf({ items }: SagaList): string[][] {
  return items.map((item) => [
    ...[item.namespace, item.trace_id, item.status],
    ...[item.definition_id, item.started_at],
  ]);
}
