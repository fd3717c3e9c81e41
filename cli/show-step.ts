/** `warden show step`: one step with what it was given, what it answered, why it failed, and what waits at it. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import type { Cli } from './engine.ts';
import { explainedAt, mostTelling } from './failure-text.ts';
import { spanId, traceId, withNamespace } from './options.ts';
import { misuse, Refusal } from './refusal.ts';
import { openReviewOf, reviewText, type ReviewShown } from './show-review.ts';

interface ShowOptions {
  stepId?: string;
  raw?: boolean;
  json?: boolean;
  namespace?: string;
}

type StepShown = Awaited<ReturnType<ApiClient['showStep']>>;

/** The most that the server answers at once. */
const PAGE = 100;

export function addShowStep(parent: Command, cli: Cli): void {
  const command = parent
    .command('step')
    .description(
      'show a step: what it was given, what it answered, why it failed; on hold, what waits and how to decide it',
    )
    .argument('<trace_id>', 'the saga', traceId)
    .argument('[step_span_id]', 'the step, or an undo', spanId)
    .option('--step-id <id>', 'the step by its id in the manifest, instead of its span');
  withNamespace(command)
    .option('--raw', "print the server's JSON on one line")
    .option('--json', "print the server's JSON")
    .action(async (trace: string, span: string | undefined, options: ShowOptions) => {
      await showStep(cli, trace, span, options);
    });
}

async function showStep(
  cli: Cli,
  trace: string,
  given: string | undefined,
  options: ShowOptions,
): Promise<void> {
  const { stepId, raw, json, namespace } = options;
  if ((given === undefined) === (stepId === undefined)) {
    const found = given === undefined ? 'neither' : 'both';
    throw misuse(
      `expected a step_span_id or --step-id, found ${found}`,
      `warden list steps --trace-id ${trace} shows them`,
    );
  }
  const { client } = await cli.connect();
  const span = given ?? (await spanNamed(client, trace, stepId ?? '', namespace));
  const step = await client.showStep(trace, span, { namespace });
  if (raw === true) await cli.terminal.jsonText(`${JSON.stringify(step)}\n`);
  else if (json === true) cli.terminal.json(step);
  else await printStep(cli, client, step);
}

async function printStep(cli: Cli, client: ApiClient, step: StepShown): Promise<void> {
  for (const line of [...linesOf(step), ...(await holdLines(client, step))]) cli.terminal.line(line);
  const explained = step.error_details === null ? null : explainedAt(step.error_details);
  if (explained !== null) cli.terminal.problem('HINT', explained);
}

/** The review of a step on hold, and how to decide it. */
async function holdLines(client: ApiClient, step: StepShown): Promise<string[]> {
  if (step.status !== 'AWAITING_HUMAN') return [];
  const review = await openReviewOf(client, step);
  if (review === null) return ['', ...fieldLines([['review', 'decided; the saga has not acted on it yet']])];
  const { fields, sections, commands } = reviewText(review);
  return [
    '',
    ...fieldLines(fields),
    ...sections.flatMap(([name, value]) => section(name, value)),
    '',
    'to decide',
    ...commands.map((command) => `  ${command}`),
  ];
}

function fieldLines(fields: readonly [string, string][]): string[] {
  return fields.map(([name, text]) => `${name.padEnd(12)} ${text}`);
}

/** The span of a forward step; its undo is shown by its own span. */
async function spanNamed(
  client: ApiClient,
  trace: string,
  stepId: string,
  namespace: string | undefined,
): Promise<string> {
  const known: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { items } = await client.listSteps({ trace_id: trace, namespace, limit: PAGE, offset });
    for (const item of items) {
      if (item.compensates_span_id !== null) continue;
      if (item.step_id === stepId) return item.step_span_id;
      known.push(item.step_id);
    }
    if (items.length < PAGE) throw unknownStep(trace, stepId, known);
  }
}

function unknownStep(trace: string, stepId: string, known: readonly string[]): Refusal {
  const shown = known.slice(0, 20).join(', ');
  const more = known.length > 20 ? `, and ${known.length - 20} more` : '';
  return new Refusal(
    `the saga ${trace} has no step ${stepId}: expected one of ${shown}${more}`,
    `warden list steps --trace-id ${trace} shows them`,
  );
}

function linesOf(step: StepShown): string[] {
  const { error_details, usage, timing } = step;
  const undoes = step.compensates_span_id === null ? '' : `, undoes ${step.compensates_span_id}`;
  const fields: [string, string][] = [
    ['saga', `${step.saga_trace_id} in namespace ${step.namespace}`],
    ['step', `${step.order_index} ${step.step_id}: ${step.step_name} (${step.step_kind}${undoes})`],
    ['span', step.step_span_id],
    ['status', step.status],
    ['worker', `${step.worker} ${step.worker_version}`],
    ['started', step.started_at],
    ['ended', step.end_time ?? 'not yet'],
    ...(step.prompt_ref === null ? [] : [['prompt', step.prompt_ref] satisfies [string, string]]),
  ];
  return [
    ...fieldLines(fields),
    ...section('arguments', step.resolved_arguments),
    ...section('output', step.output_payload),
    ...(error_details === null
      ? []
      : ['', 'error', ...mostTelling(error_details).map((line) => `  ${line}`)]),
    ...section('error_details', error_details),
    ...section('usage', usage),
    ...section('timing', timing),
  ];
}

/** Indented JSON under its name; nothing when there is nothing to tell. */
function section(name: string, value: ReviewShown['review_payload']): string[] {
  if (value === null || isEmpty(value)) return [];
  const json = JSON.stringify(value, null, 2);
  return ['', name, ...json.split('\n').map((line) => `  ${line}`)];
}

/** Times that were not taken come as `{"worker": {}, "engine": {}}`. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(isEmpty);
}
