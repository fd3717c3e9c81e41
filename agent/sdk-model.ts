/**
 * A model behind the language model interface of the SDK, one turn at a time. The answer is streamed, so that a
 * long turn is not taken for a dead connection, and counts only when it was finished: no part of one that was cut
 * is ever used. Tools have no way to run here, and nothing is retried here.
 */
import { isJsonObject, storableText } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { PREVIEW_LIMIT, clip } from './clip.ts';
import { parseJson } from './json-text.ts';
import { ModelError } from './model.ts';
import type { Model, ModelRequest, ModelTurn } from './model.ts';
import { refusalOf } from './refusals.ts';
import { asModelError } from './sdk-errors.ts';
import { callOptions } from './sdk-request.ts';
import type { LanguageModel, RequestStyle } from './sdk-request.ts';
import { countTokens } from './tokens.ts';
import { toolOf } from './tool-names.ts';
import type { Reasoning, TokenUsage } from './transcript.ts';

/** More is not read: an endless answer must not fill the memory. */
const TURN_LIMIT = 8 * 1024 * 1024;

export interface SdkModel extends RequestStyle {
  /** Throws {@link ModelError} when the provider cannot be asked. */
  load(): Promise<LanguageModel>;
  /** Kept out of every message. */
  secret: string | null;
}

type Part =
  Awaited<ReturnType<LanguageModel['doStream']>>['stream'] extends ReadableStream<infer Each> ? Each : never;
type Finish = Extract<Part, { type: 'finish' }>;

interface Answer {
  text: string;
  calls: ModelTurn['calls'];
  reasoning: Map<string, Reasoning>;
  modelId: string | null;
  length: number;
  finish: Finish | null;
}

export function createSdkModel(sdk: SdkModel): Model {
  return {
    async turn(request) {
      try {
        const language = await sdk.load();
        const { stream } = await language.doStream(callOptions(request, sdk));
        return turnOf(request, await readAnswer(stream, sdk.secret));
      } catch (error) {
        request.signal.throwIfAborted();
        throw withoutSecret(asModelError(error, Date.now(), sdk.secret), sdk.secret);
      }
    },
  };
}

async function readAnswer(stream: ReadableStream<Part>, secret: string | null): Promise<Answer> {
  const answer: Answer = {
    text: '',
    calls: [],
    reasoning: new Map(),
    modelId: null,
    length: 0,
    finish: null,
  };
  for await (const part of stream) {
    if (part.type === 'error') throw asModelError(part.error, Date.now(), secret);
    readPart(answer, part);
    if (answer.length <= TURN_LIMIT) continue;
    throw new ModelError('refused', `the model's turn is longer than ${TURN_LIMIT} characters`);
  }
  return answer;
}

function readPart(answer: Answer, part: Part): void {
  switch (part.type) {
    case 'text-delta':
      answer.text += part.delta;
      answer.length += part.delta.length;
      break;
    case 'reasoning-start':
    case 'reasoning-delta':
    case 'reasoning-end':
      readReasoning(answer, part);
      break;
    case 'tool-input-delta':
      answer.length += part.delta.length;
      break;
    case 'tool-call':
      if (part.providerExecuted === true) break;
      answer.calls.push({
        tool: part.toolName,
        arguments: parseArguments(part.input),
        metadata: metadataOf(part.providerMetadata),
      });
      break;
    case 'response-metadata':
      answer.modelId = part.modelId ?? answer.modelId;
      break;
    case 'finish':
      answer.finish = part;
      break;
    default:
      break;
  }
}

function readReasoning(
  answer: Answer,
  part: Extract<Part, { type: 'reasoning-start' | 'reasoning-delta' | 'reasoning-end' }>,
): void {
  const before = answer.reasoning.get(part.id) ?? { text: '', metadata: null };
  const delta = part.type === 'reasoning-delta' ? part.delta : '';
  answer.length += delta.length;
  answer.reasoning.set(part.id, {
    text: before.text + delta,
    metadata: metadataOf(part.providerMetadata) ?? before.metadata,
  });
}

function metadataOf(metadata: unknown): JsonObject | null {
  return isJsonObject(metadata) && Object.keys(metadata).length > 0 ? metadata : null;
}

/** What is no JSON stays the text that it is: admission refuses it, and the model is told. */
function parseArguments(input: string): Json {
  return input.trim() === '' ? {} : (parseJson(input) ?? input);
}

function turnOf(request: ModelRequest, answer: Answer): ModelTurn {
  const { text, finish, modelId } = answer;
  // Without a reason of the provider's own the SDK only saw the stream end.
  if (finish === null || finish.finishReason.raw === undefined) {
    throw new ModelError('transient', "the answer ended before the model's turn was complete");
  }
  const calls = answer.calls.map((call) => ({ ...call, tool: toolOf(call.tool, request.tools) }));
  const { unified, raw } = finish.finishReason;
  const refusal = refusalOf(finish.providerMetadata);
  const words = `${text}${refusal ?? ''}`;
  const said = words === '' ? '' : `; it said: ${clip(words, PREVIEW_LIMIT)}`;
  const usage = usageOf(finish, request, { text, calls });
  if (unified === 'content-filter' || refusal !== null) {
    const message = `the model refused to answer, or a filter stopped it (${raw})${said}`;
    throw new ModelError('refused', message, { usage });
  }
  if (unified === 'length' && calls.length === 0) {
    throw new ModelError(
      'refused',
      `the turn reached the model's limit of output before it was complete (${raw}); ask for less${said}`,
      { usage },
    );
  }
  return {
    text,
    calls,
    reasoning: [...answer.reasoning.values()].filter((part) => part.text !== '' || part.metadata !== null),
    usage,
    modelId: modelId === null ? null : clip(storableText(modelId), 200),
  };
}

function usageOf(
  { usage: { inputTokens, outputTokens } }: Finish,
  request: ModelRequest,
  said: Pick<ModelTurn, 'text' | 'calls'>,
): TokenUsage {
  const prompt = count(inputTokens.total);
  const completion = count(outputTokens.total);
  const estimated = prompt + completion === 0;
  const tokens = estimated
    ? countTokens(request, said)
    : { prompt_tokens: prompt, completion_tokens: completion };
  return {
    ...tokens,
    cached_prompt_tokens: count(inputTokens.cacheRead),
    reasoning_tokens: count(outputTokens.reasoning),
    estimated,
  };
}

function count(tokens: number | undefined): number {
  return tokens !== undefined && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}

function withoutSecret(error: ModelError, secret: string | null): ModelError {
  if (secret === null || !error.message.includes(secret)) return error;
  return new ModelError(error.kind, error.message.replaceAll(secret, '…'), error);
}
