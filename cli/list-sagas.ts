/** `warden list sagas`: sagas and where they stand. */
import type { Command } from 'commander';
import { hintAtNextPage, type Cli } from './engine.ts';
import { collect, traceId, withPaging, type PagingOptions } from './options.ts';

interface SagasOptions extends PagingOptions {
  traceId?: string;
  inFlight?: boolean;
  failed?: boolean;
  stuck?: boolean;
  status?: string[];
}

export function addListSagas(parent: Command, cli: Cli): void {
  const command = parent
    .command('sagas')
    .description('list sagas, newest first')
    .option('--trace-id <trace_id>', 'only this one', traceId)
    .option('--in-flight', 'only those that have not ended')
    .option('--failed', 'only those that failed')
    .option('--stuck', 'only those that cannot go on by themselves')
    .option('--status <status>', 'only this status; may be repeated', collect);
  withPaging(command).action(async (options: SagasOptions) => {
    const { namespace, limit, offset, failed, stuck, status } = options;
    const { client } = await cli.connect();
    const list = await client.listSagas({
      trace_id: options.traceId,
      in_flight: options.inFlight,
      ...{ namespace, limit, offset, failed, stuck, status },
    });
    if (options.json === true) {
      cli.terminal.json(list);
      return;
    }
    await cli.terminal.table(
      ['namespace', 'trace_id', 'status', 'definition_id', 'started_at'],
      list.items.map((item) => [
        ...[item.namespace, item.trace_id, item.status],
        ...[item.definition_id, item.started_at],
      ]),
    );
    hintAtNextPage(cli.terminal, list);
  });
}
