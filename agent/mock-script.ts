/**
 * A scripted mock model. The next turn is found by counting: the model turns of the transcript are the turns of
 * the script that are over. A `fail` is not a turn but an attempt at the one after it, so that it is met again
 * when the attempt was lost, and passed when it was retried.
 */
import type { MockScript, MockTurn } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { ExpressionError } from '../expression/error.ts';
import { renderValue } from '../expression/template.ts';
import type { Said } from './mock.ts';
import { ModelError, isTransient } from './model.ts';
import type { ModelRequest } from './model.ts';
import { SUBMIT } from './submit.ts';

export interface ScriptInput {
  script: MockScript;
  /** The id of the step. */
  step: string;
  /** The step's arguments, without what only the prompt sees. */
  bound: JsonObject;
  guidance: string | null;
}

/** The turn that the script has for this request. Throws {@link ModelError}. */
export function scriptedTurn(input: ScriptInput, request: ModelRequest): Said {
  const { script, step } = input;
  const turns = Object.hasOwn(script.steps, step) ? (script.steps[step] ?? []) : [];
  const turn = findTurn(turns, request.turn, request.attempt);
  if (turn === undefined) throw ended(turns, step);
  if ('fail' in turn) throw failure(turn.fail);
  const variables: JsonObject = { arguments: input.bound, results: resultsOf(request) };
  // Left out rather than null: undefined prints empty.
  if (input.guidance !== null) variables['guidance'] = input.guidance;
  try {
    return request.outputSchema === null ? say(turn, variables) : complete(turn, variables);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const place = `turn ${request.turn + 1} of step ${step} in the mock script`;
    throw new ModelError('refused', `${place} cannot be rendered: ${error.message}`);
  }
}

function findTurn(turns: readonly MockTurn[], over: number, attempt: number): MockTurn | undefined {
  let said = 0;
  let failures = 0;
  for (const turn of turns) {
    if (said < over) {
      if (!('fail' in turn)) said += 1;
      continue;
    }
    if (!('fail' in turn)) return turn;
    failures += 1;
    if (failures === attempt) return turn;
  }
  return undefined;
}

function say(turn: Exclude<MockTurn, { fail: unknown }>, variables: JsonObject): Said {
  if ('text' in turn) {
    const text = renderValue(turn.text, variables);
    return { text: typeof text === 'string' ? text : JSON.stringify(text), calls: [] };
  }
  const calls = 'submit' in turn ? [{ tool: SUBMIT, arguments: turn.submit }] : turn.calls;
  return {
    text: '',
    calls: calls.map((call) => ({ tool: call.tool, arguments: renderValue(call.arguments, variables) })),
  };
}

/** A structured completion: what is submitted is the text. */
function complete(turn: Exclude<MockTurn, { fail: unknown }>, variables: JsonObject): Said {
  if (!('submit' in turn)) return say(turn, variables);
  return { text: JSON.stringify(renderValue(turn.submit, variables)), calls: [] };
}

/** Data of the calls so far, in order. */
function resultsOf({ messages }: ModelRequest): Json[] {
  return messages.flatMap((message) =>
    message.role === 'tool' && message.tool !== SUBMIT ? [message.data] : [],
  );
}

function failure({
  status,
  retry_after: seconds,
}: {
  status: number;
  retry_after: number | null;
}): ModelError {
  const hint = seconds === null ? '' : `, retry after ${seconds} s`;
  return new ModelError(
    isTransient(status) ? 'transient' : 'refused',
    `the script answers status ${status}${hint}`,
    {
      status,
      waitMs: seconds === null ? null : seconds * 1000,
    },
  );
}

function ended(turns: readonly MockTurn[], step: string): ModelError {
  const found = turns.length === 0 ? 'has no turns' : `has no turn after its ${turns.length}`;
  return new ModelError(
    'exhausted',
    `the mock script ${found} for step ${step}; expected one that submits: add it under steps.${step}`,
  );
}
