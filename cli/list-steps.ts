/** `warden list steps`: the steps of a saga and its undos; with `--errors`, why they failed. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { hintAtNextPage, type Cli } from './engine.ts';
import { mostTelling } from './failure-text.ts';
import { collect, traceId, withPaging, type PagingOptions } from './options.ts';
import { Refusal } from './refusal.ts';

interface StepsOptions extends PagingOptions {
  traceId: string;
  status?: string[];
  errors?: boolean;
}

export function addListSteps(parent: Command, cli: Cli): void {
  const command = parent
    .command('steps')
    .description('list the steps of a saga in their order, each undo after its step')
    .requiredOption('--trace-id <trace_id>', 'the saga', traceId)
    .option('--status <status>', 'only this status; may be repeated', collect)
    .option('--errors', 'say why steps failed');
  withPaging(command).action(async (options: StepsOptions) => {
    await listSteps(cli, options);
  });
}

async function listSteps(cli: Cli, options: StepsOptions): Promise<void> {
  const { namespace, limit, offset, status } = options;
  if (options.errors === true && options.json === true) {
    throw new Refusal('--errors and --json cannot be combined', 'the JSON has error_details of each step');
  }
  const { client } = await cli.connect();
  const list = await client.listSteps({ trace_id: options.traceId, namespace, limit, offset, status });
  if (options.json === true) {
    cli.terminal.json(list);
    return;
  }
  await cli.terminal.table(
    ['order', 'step_id', 'status', 'kind', 'step_span_id', 'worker', 'compensates'],
    list.items.map((item) => [
      ...[String(item.order_index), item.step_id, `${item.status}${hasFailed(item) ? ' *' : ''}`],
      ...[item.step_kind, item.step_span_id, item.worker, item.compensates_span_id ?? ''],
    ]),
  );
  const failed = list.items.filter(hasFailed);
  if (options.errors === true) printErrors(cli, list.items);
  else if (failed.length > 0) {
    const inNamespace = namespace === undefined ? '' : ` --namespace ${namespace}`;
    cli.terminal.problem(
      'HINT',
      `* failed; why: warden list steps --trace-id ${options.traceId}${inNamespace} --errors`,
    );
  }
  hintAtNextPage(cli.terminal, list);
}

type StepItem = Awaited<ReturnType<ApiClient['listSteps']>>['items'][number];

function hasFailed({ status }: StepItem): boolean {
  return status === 'FAILED' || status === 'TIMED_OUT';
}

function printErrors(cli: Cli, items: readonly StepItem[]): void {
  for (const { order_index, step_id, step_span_id, error_details } of items) {
    if (error_details === null) continue;
    cli.terminal.line(`\n${order_index} ${step_id} ${step_span_id}`);
    for (const line of mostTelling(error_details)) cli.terminal.line(`  ${line}`);
  }
}
