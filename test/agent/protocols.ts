/** What real providers send over HTTP for one turn: OpenAI's chat completions and Anthropic's messages, streamed. */
import type { LlmSettings } from '../../agent/providers.ts';
import type { Provider } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Answer } from './provider-server.ts';
import { NO_PROVIDERS } from './runs.ts';

export interface Said {
  text?: string;
  /** In place of an answer: chat completions only. */
  refusal?: string;
  /** `arguments` as the model wrote them: text, valid JSON or not. */
  calls?: { tool: string; arguments: string }[];
  /** The provider's own reason. */
  finish?: string;
  /** null: reports nothing. */
  usage?: { prompt: number; completion: number } | null;
}

export interface Protocol {
  provider: Exclude<Provider, 'mock'>;
  path: string;
  settings(url: string): LlmSettings;
  key: string | null;
  turn(said: Said): string[];
  /** An error answer; `type` is the provider's own word for it. */
  refusal(status: number, type: string, message: string, headers?: Record<string, string>): Answer;
  /** An error in the middle of a stream. */
  broken(type: string, message: string): string;
  /** The provider's words. */
  reasons: { refused: string; length: string };
  /** Of the body of a request: names and arguments of the calls, and the results, that were given back. */
  givenBack(body: JsonRead): { calls: JsonRead[]; results: string[] };
  tools(body: JsonRead): { name: string; description?: string; schema: JsonObject; strict?: boolean }[];
}

type JsonRead = ReturnType<typeof JSON.parse>;

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function chatTurn(said: Said): string[] {
  const { text, refusal, calls = [], finish, usage = { prompt: 10, completion: 5 } } = said;
  const chunk = (delta: object, reason: string | null = null): string =>
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'model-of-today',
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
  const parts = calls.flatMap(({ tool, arguments: args }, index) => [
    chunk({
      tool_calls: [
        { index, id: `call_x${index}`, type: 'function', function: { name: tool, arguments: '' } },
      ],
    }),
    ...halves(args).map((half) => chunk({ tool_calls: [{ index, function: { arguments: half } }] })),
  ]);
  const reason = finish ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  return [
    chunk({ role: 'assistant', content: '' }),
    ...halves(text ?? '').map((half) => chunk({ content: half })),
    ...halves(refusal ?? '').map((half) => chunk({ refusal: half })),
    ...parts,
    chunk({}, reason),
    ...(usage === null ? [] : [chatUsage(usage)]),
    'data: [DONE]\n\n',
  ];
}

function chatUsage({ prompt, completion }: { prompt: number; completion: number }): string {
  const total = prompt + completion;
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total };
  const whole = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000 };
  return data({ ...whole, model: 'model-of-today', choices: [], usage });
}

function messagesTurn({ text, calls = [], finish, usage = { prompt: 10, completion: 5 } }: Said): string[] {
  const event = (value: { type: string }): string => `event: ${value.type}\n${data(value)}`;
  const tokens = usage ?? { prompt: 0, completion: 0 };
  const block = (index: number, start: object, deltas: object[]): string[] => [
    event(Object.assign({ type: 'content_block_start', index }, { content_block: start })),
    ...deltas.map((delta) => event(Object.assign({ type: 'content_block_delta', index }, { delta }))),
    event(Object.assign({ type: 'content_block_stop', index })),
  ];
  const words = text === undefined || text === '' ? [] : [text];
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'model-of-today',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: tokens.prompt, output_tokens: 0 },
  };
  const delta = { stop_reason: finish ?? (calls.length > 0 ? 'tool_use' : 'end_turn'), stop_sequence: null };
  return [
    event(Object.assign({ type: 'message_start' }, { message })),
    event({ type: 'ping' }),
    ...words.flatMap((word) =>
      block(
        0,
        { type: 'text', text: '' },
        halves(word).map((half) => ({ type: 'text_delta', text: half })),
      ),
    ),
    ...calls.flatMap(({ tool, arguments: args }, index) =>
      block(
        index + words.length,
        { type: 'tool_use', id: `toolu_${index}`, name: tool, input: {} },
        halves(args).map((half) => ({ type: 'input_json_delta', partial_json: half })),
      ),
    ),
    event(Object.assign({ type: 'message_delta' }, { delta, usage: { output_tokens: tokens.completion } })),
    event({ type: 'message_stop' }),
  ];
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
}

const chat = {
  path: '/v1/chat/completions',
  turn: chatTurn,
  refusal: (status: number, type: string, message: string, headers: Record<string, string> = {}): Answer => ({
    status,
    headers,
    body: JSON.stringify({ error: { message, type, param: null, code: type } }),
  }),
  broken: (type: string, message: string): string => data({ error: { message, type, code: null } }),
  reasons: { refused: 'content_filter', length: 'length' },
  givenBack(body: JsonRead) {
    const messages: JsonRead[] = body.messages;
    return {
      calls: messages.flatMap(({ tool_calls: calls = [] }) => calls.map((call: JsonRead) => call)),
      results: messages.flatMap(({ role, content }) => (role === 'tool' ? [content] : [])),
    };
  },
  tools: (body: JsonRead) =>
    body.tools.map((tool: JsonRead) => ({ ...tool.function, schema: tool.function.parameters })),
};

export const openai: Protocol = {
  ...chat,
  provider: 'openai',
  key: 'sk-secret-openai',
  settings: (url) => ({ ...NO_PROVIDERS, openaiApiKey: 'sk-secret-openai', openaiBaseUrl: url }),
};

export const local: Protocol = {
  ...chat,
  provider: 'local',
  key: null,
  settings: (url) => ({ ...NO_PROVIDERS, localBaseUrl: url }),
};

export const anthropic: Protocol = {
  provider: 'anthropic',
  path: '/v1/messages',
  key: 'sk-ant-secret',
  settings: (url) => ({ ...NO_PROVIDERS, anthropicApiKey: 'sk-ant-secret', anthropicBaseUrl: url }),
  turn: messagesTurn,
  refusal: (status, type, message, headers = {}) => ({
    status,
    headers,
    body: JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' }),
  }),
  broken: (type, message) => `event: error\n${data({ type: 'error', error: { type, message } })}`,
  reasons: { refused: 'refusal', length: 'max_tokens' },
  givenBack(body) {
    const blocks: JsonRead[] = body.messages.flatMap(({ content }: JsonRead) => content);
    return {
      calls: blocks.filter(({ type }) => type === 'tool_use'),
      results: blocks.flatMap(({ type, content }) => (type === 'tool_result' ? [content] : [])),
    };
  },
  tools: (body) => body.tools.map((tool: JsonRead) => ({ ...tool, schema: tool.input_schema })),
};

export const protocols = [openai, local, anthropic];
