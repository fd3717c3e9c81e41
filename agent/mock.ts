/**
 * The `mock` provider: no key, no network, the same turns every time. It reads the request as a real provider
 * does, and what only it knows (script, arguments, guidance) it is given when it is made.
 */
import type { ReasonStepDefinition, WorkerDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { schemaCalls } from './mock-schema.ts';
import { scriptedTurn } from './mock-script.ts';
import type { Message, Model, ModelRequest, ModelTurn } from './model.ts';
import { RETRY_ARGUMENT } from './prompt.ts';
import type { TokenUsage } from './transcript.ts';

const CHARACTERS_A_TOKEN = 4;

export interface MockInput {
  step: ReasonStepDefinition;
  worker: WorkerDefinition;
  arguments: JsonObject;
  guidance: string | null;
  wantedKeys: readonly string[];
}

/** What the mock says in one turn, before it is counted. */
export interface Said {
  text: string;
  calls: { tool: string; arguments: Json }[];
}

/** The mock model of a step: it plays the worker's script, or answers from schemas when there is none. */
export function createMock(input: MockInput): Model {
  const { [RETRY_ARGUMENT]: retry, ...bound } = input.arguments;
  void retry;
  const { mock_script: script } = input.worker;
  const say = (request: ModelRequest): Said =>
    script === null
      ? { text: '', calls: schemaCalls({ ...input, bound }, request) }
      : scriptedTurn({ script, step: input.step.id, bound, guidance: input.guidance }, request);
  const turn = (request: ModelRequest): ModelTurn => {
    const said = say(request);
    return { ...said, usage: countTokens(request, said) };
  };
  return { turn: (request) => Promise.resolve(request).then(turn) };
}

function countTokens({ system, messages }: ModelRequest, said: Said): TokenUsage {
  const shown = messages.reduce((sum, message) => sum + lengthOf(message), system.length);
  return {
    prompt_tokens: Math.ceil(shown / CHARACTERS_A_TOKEN),
    completion_tokens: Math.ceil(saidLength(said) / CHARACTERS_A_TOKEN),
  };
}

function lengthOf(message: Message): number {
  return message.role === 'assistant' ? saidLength(message) : message.text.length;
}

function saidLength({ text, calls }: { text: string; calls: Readonly<Said['calls']> }): number {
  return calls.reduce(
    (sum, call) => sum + call.tool.length + JSON.stringify(call.arguments).length,
    text.length,
  );
}
