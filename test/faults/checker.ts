/**
 * Looks at one saga that has ended, from outside: rows as the HTTP interface shows them, the tool server's own
 * record, and the notes themselves. Answers what is not as the rules say, in words; nothing: all is well.
 */
import type { ApiClient } from '../../api/client.ts';
import type { RecordLine } from '../support/stack.ts';
import type { SagaPlan } from './plan.ts';
import { expected, type Expected, type Lost } from './rules.ts';

type Step = Awaited<ReturnType<ApiClient['listSteps']>>['items'][number];

export interface Evidence {
  traceId: string;
  status: string;
  code: string | null;
  steps: readonly Pick<
    Step,
    'step_id' | 'step_span_id' | 'status' | 'compensates_span_id' | 'error_details'
  >[];
  /** Of this saga alone, in order. */
  record: readonly RecordLine[];
  /** What is in a note now; null: it is not there. */
  note(path: string): string | null;
}

export function judge(plan: SagaPlan, seen: Evidence): string[] {
  const wrong = compare(plan, seen, false);
  return wrong.length > 0 && compare(plan, seen, true).length === 0 ? [] : wrong;
}

function compare(plan: SagaPlan, seen: Evidence, repeated: boolean): string[] {
  const forward = seen.steps.filter((row) => row.compensates_span_id === null);
  const undos = seen.steps.filter((row) => row.compensates_span_id !== null);
  const lost: Lost = { step: crashed(forward), undo: crashed(undos), repeated };
  const wanted = expected(plan, lost);
  const spans = new Map(forward.map((row) => [row.step_id, `${seen.traceId}:${row.step_span_id}`]));
  const nameOf = (key: string | null | undefined) => [...spans].find(([, own]) => own === key)?.[0] ?? null;
  const differences = [
    different('saga', `${wanted.status} ${wanted.code ?? ''}`, `${seen.status} ${seen.code ?? ''}`),
    different('steps', wanted.steps.map(row), forward.map(shown)),
    different(
      'undos',
      sorted(wanted.undos.map(({ id, status }) => `${id} ${status}`)),
      sorted(undos.map(undoShown)),
    ),
    ...effects(wanted, seen, nameOf),
    different('order of undos', ranUndos(plan, wanted), undoneInOrder(seen, nameOf)),
    ...notes(plan, wanted, seen),
  ];
  return differences.flatMap((text) => (text === null ? [] : `${plan.name} (${seen.traceId}): ${text}`));
}

const sorted = (texts: string[]) => texts.toSorted();
const row = (step: Expected['steps'][number]) =>
  `${step.id} ${step.status}${step.code ? ` ${step.code}` : ''}`;
const undoShown = ({ step_id, status }: Evidence['steps'][number]) => `${step_id} ${status}`;

function shown({ step_id, status, error_details }: Evidence['steps'][number]): string {
  const code = error_details?.['code'];
  return `${step_id} ${status}${typeof code === 'string' ? ` ${code}` : ''}`;
}

function crashed(rows: Evidence['steps']): string | null {
  return rows.find((one) => one.error_details?.['code'] === 'SYSTEM_CRASH')?.step_id ?? null;
}

function different(what: string, wanted: unknown, found: unknown): string | null {
  const [left, right] = [JSON.stringify(wanted), JSON.stringify(found)];
  return left === right ? null : `${what}: expected ${left}, found ${right}`;
}

/** Each step took effect as often, in the order and with the arguments that the rules say. */
function effects(
  wanted: Expected,
  seen: Evidence,
  nameOf: (key?: string | null) => string | null,
): (string | null)[] {
  const own = seen.record.filter(({ event, key }) => event === 'effect' && nameOf(key) !== null);
  const found = own.map(({ key }) => nameOf(key));
  const certain = wanted.effects.map(({ id }) => id);
  const possible =
    wanted.maybe !== null && found.includes(wanted.maybe) ? [...certain, wanted.maybe] : certain;
  const calls = wanted.effects.map(({ id, path, content }) => {
    const made = seen.record.filter(({ event, key }) => event === 'call' && nameOf(key) === id);
    const asked = made.map((line) => JSON.stringify(line.arguments));
    return asked.every((text) => text === JSON.stringify({ path, content }))
      ? null
      : `calls of ${id}: expected ${path} with "${content}", found ${asked.join(' ')}`;
  });
  return [different('effects', possible, found), ...calls];
}

/** Undos whose tool ran; those of a reason step, or of a call that never was, run too and find nothing. */
function ranUndos(plan: SagaPlan, wanted: Expected): string[] {
  const works = new Set(plan.steps.filter(({ undo }) => undo === 'works').map(({ id }) => id));
  return wanted.undos
    .filter(({ id, status }) => status === 'COMPENSATED' && works.has(id))
    .map(({ id }) => id);
}

/** By the record of the tool server; a call that was made again with its key is one undo. */
function undoneInOrder(seen: Evidence, nameOf: (key?: string | null) => string | null): string[] {
  const undone = seen.record.flatMap((line) => (line.event === 'undo' ? (nameOf(line.undone) ?? []) : []));
  const failed = new Set(
    seen.steps
      .filter((one) => one.compensates_span_id !== null && one.status === 'FAILED')
      .map((one) => one.step_id),
  );
  return undone.filter((id, at) => undone.indexOf(id) === at && !failed.has(id));
}

/** What was done and not undone is there, as it was approved; everything else is not. */
function notes(plan: SagaPlan, wanted: Expected, seen: Evidence): (string | null)[] {
  const gone = new Set(wanted.undos.filter(({ status }) => status === 'COMPENSATED').map(({ id }) => id));
  const uncertain = new Set([
    wanted.maybe,
    ...wanted.undos.map(({ id, status }) => (status === 'FAILED' ? id : null)),
  ]);
  return plan.steps.map((step) => {
    if (step.kind !== 'commit' || (uncertain.has(step.id) && !gone.has(step.id))) return null;
    const done = wanted.effects.find(({ id }) => id === step.id);
    const content = done !== undefined && !gone.has(step.id) ? done.content : null;
    return different(`note of ${step.id}`, content, seen.note(`${plan.name}-${step.id}.md`));
  });
}
