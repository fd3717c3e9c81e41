/** A request of ours as the language model interface of the SDK takes it. */
import type { OpenAIProvider } from '@ai-sdk/openai';
import type { JSONSchema7 } from 'ai';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Message, ModelRequest, ModelTool } from './model.ts';
import { providerName } from './tool-names.ts';

/** All providers of the SDK have the same. */
export type LanguageModel = ReturnType<OpenAIProvider['chat']>;
export type CallOptions = Parameters<LanguageModel['doStream']>[0];

type Prompt = CallOptions['prompt'];
type Assistant = Extract<Prompt[number], { role: 'assistant' }>['content'];
type Tools = NonNullable<CallOptions['tools']>;
type ProviderOptions = NonNullable<CallOptions['providerOptions']>;

export interface RequestStyle {
  providerOptions: ProviderOptions;
  /** Writes the schema of a structured completion into the prompt too, for servers that ignore the parameter. */
  spellSchema: boolean;
}

export function callOptions(request: ModelRequest, style: RequestStyle): CallOptions {
  const { outputSchema: schema } = request;
  return {
    prompt: [
      { role: 'system', content: request.system },
      ...request.messages.map((message) =>
        messageOf(message, schema !== null && style.spellSchema ? spelled(schema) : ''),
      ),
    ],
    temperature: request.temperature,
    ...(request.tools.length > 0 ? { tools: request.tools.map(toolOf) } : {}),
    ...(schema === null
      ? {}
      : { responseFormat: { type: 'json', name: 'output', schema: objectSchema(schema) } }),
    providerOptions: style.providerOptions,
    abortSignal: request.signal,
  };
}

function messageOf(message: Message, addition: string): Prompt[number] {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: `${message.text}${addition}` }] };
    case 'assistant':
      return { role: 'assistant', content: assistantParts(message) };
    case 'tool':
      return {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: message.call,
            toolName: providerName(message.tool),
            output: { type: message.isError ? 'error-text' : 'text', value: message.text },
          },
        ],
      };
  }
}

function assistantParts(message: Extract<Message, { role: 'assistant' }>): Assistant {
  const parts: Assistant = message.reasoning.map(({ text, metadata }) => ({
    type: 'reasoning',
    text,
    ...optionsOf(metadata),
  }));
  // Some providers refuse an empty text.
  if (message.text.trim() !== '') parts.push({ type: 'text', text: message.text });
  for (const call of message.calls) {
    parts.push({
      type: 'tool-call',
      toolCallId: call.id,
      toolName: providerName(call.tool),
      input: inputOf(call.arguments),
      ...optionsOf(call.metadata),
    });
  }
  return parts;
}

/** What the provider gave with a part, given back with it. */
function optionsOf(metadata: JsonObject | null): { providerOptions?: ProviderOptions } {
  if (metadata === null) return {};
  const options = Object.entries(metadata).flatMap(([name, value]) =>
    isJsonObject(value) ? [[name, value] as const] : [],
  );
  const { local } = metadata;
  // The library hands a call's mark out under the provider's name, and takes it back under this one only.
  if (isJsonObject(local) && 'thoughtSignature' in local) options.push(['google', local]);
  return { providerOptions: Object.fromEntries(options) };
}

/** Providers want an object back, also where the model wrote none. */
function inputOf(args: Json): JsonObject {
  return isJsonObject(args) ? args : { invalid_arguments: args };
}

function toolOf({ name, description, inputSchema, strict }: ModelTool): Tools[number] {
  return {
    type: 'function',
    name: providerName(name),
    ...(description === null ? {} : { description }),
    inputSchema: objectSchema(inputSchema),
    ...(strict ? { strict: true } : {}),
  };
}

/** Providers refuse a schema whose root does not say that it is an object, and has no properties. */
function objectSchema(schema: JsonObject): JSONSchema7 {
  const whole = { ...schema, type: 'object', properties: schema['properties'] ?? {} };
  return isSchema(whole) ? whole : { type: 'object' };
}

/** The SDK's type says less than JSON Schema; providers judge what is in it. */
function isSchema(schema: JsonObject): schema is JsonObject & JSONSchema7 {
  return isJsonObject(schema['properties']);
}

function spelled(schema: JsonObject): string {
  return `\n\nAnswer with one JSON object and nothing else. It must satisfy this JSON Schema:\n${JSON.stringify(schema)}`;
}
