/** Tokens counted from the length of text: for the mock, and for providers that report none. */
import type { Json } from '../domain/json.ts';
import type { Message, ModelRequest } from './model.ts';

const CHARACTERS_A_TOKEN = 4;

interface Said {
  text: string;
  calls: readonly { tool: string; arguments: Json }[];
}

/** What was shown and what was said, each rounded up. */
export function countTokens(
  { system, messages }: Pick<ModelRequest, 'system' | 'messages'>,
  said: Said,
): { prompt_tokens: number; completion_tokens: number } {
  const shown = messages.reduce((sum, message) => sum + lengthOf(message), system.length);
  return {
    prompt_tokens: Math.ceil(shown / CHARACTERS_A_TOKEN),
    completion_tokens: Math.ceil(saidLength(said) / CHARACTERS_A_TOKEN),
  };
}

function lengthOf(message: Message): number {
  return message.role === 'assistant' ? saidLength(message) : message.text.length;
}

function saidLength({ text, calls }: Said): number {
  return calls.reduce(
    (sum, call) => sum + call.tool.length + JSON.stringify(call.arguments).length,
    text.length,
  );
}
