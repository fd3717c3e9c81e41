/** `warden list steps`: the steps of a saga and its undos; with `--errors`, why they failed. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { hintAtNextPage, type Cli } from './engine.ts';
import { mostTelling } from './failure-text.ts';
import {
  statusOption,
  traceId,
  watchScreen,
  withPaging,
  withWatch,
  type PagingOptions,
  type WatchOptions,
} from './options.ts';
import { Refusal } from './refusal.ts';
import { STEP_STATUSES } from './statuses.ts';
import { watch, type View } from './watch.ts';

interface StepsOptions extends Omit<PagingOptions, 'json'>, WatchOptions {
  traceId: string;
  status?: string[];
  errors?: boolean;
}

type StepList = Awaited<ReturnType<ApiClient['listSteps']>>;
type StepItem = StepList['items'][number];

const COLUMNS = ['order', 'step_id', 'status', 'kind', 'step_span_id', 'worker', 'compensates'];

export function addListSteps(parent: Command, cli: Cli): void {
  const command = parent
    .command('steps')
    .description('list the steps of a saga in their order, each undo after its step')
    .requiredOption('--trace-id <trace_id>', 'the saga', traceId)
    .addOption(statusOption(STEP_STATUSES))
    .option('--errors', 'say why steps failed');
  withWatch(withPaging(command)).action(async (options: StepsOptions) => {
    await listSteps(cli, options);
  });
}

async function listSteps(cli: Cli, options: StepsOptions): Promise<void> {
  refuseCombinations(options);
  const screen = watchScreen(cli.terminal, options);
  const { client } = await cli.connect();
  if (screen !== null) {
    let last: readonly StepItem[] = [];
    const look = async () => {
      const { steps, view } = await lookAt(client, options);
      last = steps.items;
      return view;
    };
    await watch(screen, { intervalMs: options.interval * 1000, limitMs: null, look });
    hintAtFailures(cli, last, options);
    return;
  }
  const list = await client.listSteps(queryOf(options));
  if (options.json === true) {
    cli.terminal.json(list);
    return;
  }
  await cli.terminal.table(COLUMNS, rowsOf(list));
  if (options.errors === true) printErrors(cli, list.items);
  else hintAtFailures(cli, list.items, options);
  hintAtNextPage(cli.terminal, list);
}

function refuseCombinations({ errors, json, watch }: StepsOptions): void {
  if (errors !== true) return;
  if (json === true) {
    throw new Refusal('--errors and --json cannot be combined', 'the JSON has error_details of each step');
  }
  if (watch === true) {
    throw new Refusal(
      '--errors and --watch cannot be combined',
      'run it with --errors when the watch has ended',
    );
  }
}

function queryOf({ traceId: trace_id, namespace, limit, offset, status }: StepsOptions) {
  return { trace_id, namespace, limit, offset, status };
}

/** Steps that were never reached stay PENDING, so it is the saga that tells whether anything will change. */
async function lookAt(client: ApiClient, options: StepsOptions): Promise<{ steps: StepList; view: View }> {
  const { traceId: trace_id, namespace } = options;
  const { items } = await client.listSagas({ trace_id, namespace });
  // Asked second: what a saga that has ended left behind is all there.
  const steps = await client.listSteps(queryOf(options));
  const [saga] = items;
  const waits =
    saga?.status === 'AWAITING_HUMAN' ? `; what waits: warden review list --trace-id ${trace_id}` : '';
  const note = `saga ${saga?.status ?? 'unknown'}${waits}`;
  const ended = saga?.ended_at !== null;
  return { steps, view: { columns: COLUMNS, rows: rowsOf(steps), ended, note } };
}

function rowsOf({ items }: StepList): string[][] {
  return items.map((item) => [
    ...[String(item.order_index), item.step_id, `${item.status}${hasFailed(item) ? ' *' : ''}`],
    ...[item.step_kind, item.step_span_id, item.worker, item.compensates_span_id ?? ''],
  ]);
}

function hintAtFailures(cli: Cli, items: readonly StepItem[], { traceId, namespace }: StepsOptions): void {
  if (!items.some(hasFailed)) return;
  const inNamespace = namespace === undefined ? '' : ` --namespace ${namespace}`;
  const command = `warden list steps --trace-id ${traceId}${inNamespace} --errors`;
  cli.terminal.problem('HINT', `* failed; why: ${command}`);
}

function hasFailed({ status }: StepItem): boolean {
  return status === 'FAILED' || status === 'TIMED_OUT';
}

function printErrors(cli: Cli, items: readonly StepItem[]): void {
  for (const { order_index, step_id, step_span_id, error_details } of items) {
    if (error_details === null) continue;
    cli.terminal.line(`\n${order_index} ${step_id} ${step_span_id}`);
    for (const line of mostTelling(error_details)) cli.terminal.line(`  ${line}`);
  }
  if (items.some(({ error_details }) => error_details !== null)) {
    cli.terminal.problem('HINT', 'what each code means and what to do: docs/failures.md');
  }
}
