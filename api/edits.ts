/**
 * A reviewer's edit, checked before it is accepted: the kind of the step, its schema, and the policy gate, as at
 * run. Whatever is wrong is told at once in one 422, and the review stays open.
 */
import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { canonicalEqual } from '../domain/equal.ts';
import { argumentProblems, sentArguments } from '../expression/arguments.ts';
import type { PolicyGate } from '../expression/gate.ts';
import { compileSchema, type SchemaProblem } from '../expression/schema.ts';
import { findEditable, type EditAsked, type Editable } from '../store/edit.ts';
import type { Store } from '../store/store.ts';
import type { ValidationProblem } from './contract-problem.ts';
import { whyDenied } from './edit-denied.ts';
import { invalid } from './problem.ts';

type Loc = ValidationProblem['loc'];

export interface EditSent {
  /** In the shape of a reason's payload; its `facts` are ignored. */
  output: JsonObject | null;
  /** In place of a commit's resolved arguments. */
  arguments: JsonObject | null;
  payload_hash: string | null;
  iteration: number | null;
}

interface About {
  namespace: string;
  traceId: string;
  span: string;
}

/** null: no edit. Rejects with 422 and every problem. */
export type EditCheck = (about: About, sent: EditSent) => Promise<EditAsked | null>;

export function createEditCheck(store: Store, gate: PolicyGate): EditCheck {
  return async (about, sent) => {
    if (isEmpty(sent.output) && isEmpty(sent.arguments)) return null;
    const editable = await findEditable(store, { ...about, iteration: sent.iteration });
    if (editable === null) {
      // Whether there is such a step is the decision's own question.
      return { payload: sent.output ?? sent.arguments ?? {}, sent: null, checkedFor: null };
    }
    const payload = payloadOf(editable, sent);
    const { review, step } = editable;
    if (payload === null || (review !== null && canonicalEqual(payload, review.payload))) return null;
    const unchecked = { payload, sent: null, checkedFor: null };
    if (review === null || step === null || review.status !== 'pending') return unchecked;
    if (sent.payload_hash !== null && sent.payload_hash !== review.payload_hash) return unchecked;
    const edited = { payload, sent: sentOf(editable, payload), checkedFor: review.iteration };
    const problems = problemsOf(gate, { ...editable, step }, edited);
    if (problems.length > 0) throw invalid(problems);
    return edited;
  };
}

function isEmpty(value: JsonObject | null): boolean {
  return value === null || Object.keys(value).length === 0;
}

/** The payload as the reviewer wants it; null when nothing of it is edited. Throws 422 for the other kind's edit. */
function payloadOf({ kind, review }: Editable, sent: EditSent): JsonObject | null {
  const other = kind === 'reason' ? 'arguments' : 'output';
  if (!isEmpty(sent[other])) {
    const own = kind === 'reason' ? 'output' : 'arguments';
    const msg = `expected ${own}: the step is a ${kind} and has no ${other} to edit`;
    throw invalid([{ loc: ['body', other], msg, type: 'value_error' }]);
  }
  if (kind === 'commit') return sent.arguments;
  const { facts: _ignored, ...output } = sent.output ?? {};
  if (isEmpty(output)) return null;
  const { data } = output;
  if (!isJsonObject(data)) {
    const msg = 'expected the edited output as an object {"data": {…}}';
    throw invalid([
      { loc: ['body', 'output', 'data'], msg, type: data === undefined ? 'missing' : 'dict_type' },
    ]);
  }
  const held = isJsonObject(review?.payload) ? review.payload : {};
  return { ...held, data };
}

/** null on reason steps. A tool whose schema is not known is sent what the reviewer wrote. */
function sentOf({ kind, review }: Editable, payload: JsonObject): JsonObject | null {
  if (kind === 'reason') return null;
  return sentArguments(payload, review?.edit_schema ?? { additionalProperties: true });
}

function problemsOf(
  gate: PolicyGate,
  editable: Editable & { step: NonNullable<Editable['step']> },
  { payload, sent }: EditAsked,
): ValidationProblem[] {
  const place: Loc = sent === null ? ['body', 'output', 'data'] : ['body', 'arguments'];
  const found = sent === null ? outputProblems(editable, payload['data']) : callProblems(editable, sent);
  const problems = found.map(({ path, message }) => {
    return { loc: [...place, ...partsOf(path)], msg: message, type: 'json_schema' };
  });
  const { saga, step, input } = editable;
  const reasoned = { arguments: editable.arguments, output: payload };
  const verdict = gate({
    saga,
    step,
    input,
    ...(sent === null ? reasoned : { arguments: payload, output: {} }),
  });
  if (verdict === null || verdict.kind === 'allowed') return problems;
  const msg = whyDenied(verdict, sent === null ? 'output' : 'arguments');
  return [...problems, { loc: place.slice(0, 2), msg, type: verdict.code }];
}

function callProblems({ review }: Editable, sent: JsonObject): SchemaProblem[] {
  const schema = review?.edit_schema ?? null;
  return schema === null ? [] : argumentProblems(schema, sent);
}

/** Without a schema the agent's own rules stand: see manifests.md. */
function outputProblems({ review, step }: Editable, data: unknown): SchemaProblem[] {
  const schema = review?.edit_schema ?? null;
  if (schema !== null) return compileSchema(schema)(data);
  if (step?.kind !== 'reason' || !isJsonObject(data)) return [];
  if (step.agent_adapter === 'simple') {
    return typeof data['summary'] === 'string' ? [] : [{ path: 'summary', message: 'must be a string' }];
  }
  return isEmpty(data) ? [{ path: '', message: 'must not be empty' }] : [];
}

/** `items[0].name` as a place in the body. */
function partsOf(path: string): Loc {
  const parts = path.match(/\[\d+\]|\["(?:[^"\\]|\\.)*"\]|[^.[\]]+/g) ?? [];
  return parts.map((part): string | number => {
    if (!part.startsWith('[')) return part;
    const key: unknown = JSON.parse(part.slice(1, -1));
    return typeof key === 'number' ? key : String(key);
  });
}
