/** `warden review list`: what waits for a person. */
import { Option, type Command } from 'commander';
import { hintAtNextPage, type Cli } from './engine.ts';
import { traceId, withPaging, type PagingOptions } from './options.ts';

interface ReviewsOptions extends PagingOptions {
  traceId?: string;
  kind?: string;
}

export function addReviewList(parent: Command, cli: Cli): void {
  const command = parent
    .command('list')
    .description('list what waits for a decision, newest first; --json shows what is reviewed')
    .option('--trace-id <trace_id>', 'only of this saga', traceId)
    .addOption(new Option('--kind <kind>', 'only steps of this kind').choices(['reason', 'commit']));
  withPaging(command).action(async (options: ReviewsOptions) => {
    const { namespace, limit, offset, kind } = options;
    const { client } = await cli.connect();
    const list = await client.pendingReviews({ trace_id: options.traceId, namespace, limit, offset, kind });
    if (options.json === true) {
      cli.terminal.json(list);
      return;
    }
    await cli.terminal.table(
      ['namespace', 'trace_id', 'step_span_id', 'kind', 'subject', 'step_id', 'worker'],
      list.items.map((item) => [
        ...[item.namespace, item.saga_trace_id, item.step_span_id, item.step_kind],
        ...[item.review_subject, item.step_id, item.worker],
      ]),
    );
    hintAtNextPage(cli.terminal, list);
  });
}
