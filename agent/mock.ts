/**
 * The `mock` provider: no key, no network, the same turns every time. It reads the request as a real provider
 * does, and what only it knows (script, arguments, guidance) it is given when it is made.
 */
import type { Json } from '../domain/json.ts';
import { schemaTurn } from './mock-schema.ts';
import { scriptedTurn } from './mock-script.ts';
import type { Model, ModelInput, ModelRequest, ModelTurn } from './model.ts';
import { RETRY_ARGUMENT } from './prompt.ts';
import { countTokens } from './tokens.ts';

/** What the mock says in one turn, before it is counted. */
export interface Said {
  text: string;
  calls: { tool: string; arguments: Json }[];
}

/** The mock model of a step: it plays the worker's script, or answers from schemas when there is none. */
export function createMock(input: ModelInput): Model {
  const { [RETRY_ARGUMENT]: retry, ...bound } = input.arguments;
  void retry;
  const { mock_script: script } = input.worker;
  const say = (request: ModelRequest): Said =>
    script === null
      ? schemaTurn({ ...input, bound }, request)
      : scriptedTurn({ script, step: input.step.id, bound, guidance: input.guidance }, request);
  const turn = (request: ModelRequest): ModelTurn => {
    const { text, calls } = say(request);
    return {
      text,
      calls: calls.map((call) => ({ ...call, metadata: null })),
      reasoning: [],
      usage: { ...countTokens(request, { text, calls }), ...NOTHING_MORE },
      modelId: null,
    };
  };
  return { turn: (request) => Promise.resolve(request).then(turn) };
}

/** What it counts is its usage: nothing is estimated. */
const NOTHING_MORE = { cached_prompt_tokens: 0, reasoning_tokens: 0, estimated: false } as const;
