/** The models of workers: one entry for each provider. */
import { createMock } from './mock.ts';
import { ModelError } from './model.ts';
import type { Model, ModelInput, Models } from './model.ts';
import { refusals } from './refusals.ts';
import { createSdkModel } from './sdk-model.ts';

export interface LlmSettings {
  /** Any OpenAI-compatible server, with its version in the path. */
  localBaseUrl: string;
  /** null: the server asks for none. */
  localApiKey: string | null;
  openaiApiKey: string | null;
  /** With its version in the path; null: the provider's own. */
  openaiBaseUrl: string | null;
  anthropicApiKey: string | null;
  /** With or without its version, as the provider's own libraries have it; null: the provider's own. */
  anthropicBaseUrl: string | null;
}

const OPENAI_URL = 'https://api.openai.com/v1';
/** Shorter ones ("none", "x") are no secrets, and taking them out would spoil every message. */
const SHORTEST_SECRET = 6;
const ANTHROPIC_URL = 'https://api.anthropic.com';

/**
 * The models that workers' definitions name. The libraries are loaded with the first turn that needs them
 * (measured: 0.2 s of a start that has none). They are always given an address, else they would read the
 * environment themselves.
 */
export function createModels(settings: LlmSettings): Models {
  return {
    modelOf(input) {
      switch (input.worker.provider) {
        case 'mock':
          return createMock(input);
        case 'openai':
          return openai(settings, input);
        case 'anthropic':
          return anthropic(settings, input);
        case 'local':
          return local(settings, input);
      }
    },
  };
}

/** Chat completions: what OpenAI and every gateway before it speak. */
function openai({ openaiApiKey, openaiBaseUrl }: LlmSettings, { worker }: ModelInput): Model {
  return createSdkModel({
    async load() {
      const apiKey = keyOf('OPENAI_API_KEY', openaiApiKey, worker.provider);
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI({ apiKey, baseURL: openaiBaseUrl ?? OPENAI_URL }).chat(worker.model_name);
    },
    secret: openaiApiKey,
    // Strict output refuses most schemas that people write; what comes is validated here.
    providerOptions: { openai: { strictJsonSchema: false } },
    spellSchema: false,
  });
}

function anthropic({ anthropicApiKey, anthropicBaseUrl }: LlmSettings, { worker }: ModelInput): Model {
  return createSdkModel({
    async load() {
      const apiKey = keyOf('ANTHROPIC_API_KEY', anthropicApiKey, worker.provider);
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      const base = (anthropicBaseUrl ?? ANTHROPIC_URL).replace(/\/+$/, '');
      const baseURL = base.endsWith('/v1') ? base : `${base}/v1`;
      return createAnthropic({ apiKey, baseURL }).messages(worker.model_name);
    },
    secret: anthropicApiKey,
    providerOptions: {},
    spellSchema: false,
  });
}

function local({ localBaseUrl, localApiKey }: LlmSettings, { worker }: ModelInput): Model {
  return createSdkModel({
    async load() {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      return createOpenAICompatible({
        name: 'local',
        baseURL: localBaseUrl,
        ...(localApiKey === null ? {} : { apiKey: localApiKey }),
        includeUsage: true,
        supportsStructuredOutputs: true,
        metadataExtractor: refusals,
      }).chatModel(worker.model_name);
    },
    secret: localApiKey !== null && localApiKey.length >= SHORTEST_SECRET ? localApiKey : null,
    providerOptions: { local: { strictJsonSchema: false } },
    spellSchema: true,
  });
}

function keyOf(name: string, value: string | null, provider: string): string {
  if (value !== null) return value;
  throw new ModelError(
    'refused',
    `the provider ${provider} needs a key: expected the environment variable ${name} of the worker process ` +
      'to hold one, and it is not set',
  );
}
