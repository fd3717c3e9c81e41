/** What a reason step used, counted from its transcript: also of a step that failed or was stopped. */
import type { Json, JsonObject } from '../domain/json.ts';
import { readTranscript } from './transcript.ts';
import type { Turn } from './transcript.ts';

/** The usage of recorded entries, as step rows show it under `worker`; `modelId` as the manifest names it. */
export function usageOf(transcript: readonly Json[], modelId: string): JsonObject {
  return totalUsage(readTranscript(transcript), modelId);
}

export function totalUsage(turns: readonly Turn[], modelId: string): JsonObject {
  const prompt = turns.reduce((sum, { usage }) => sum + usage.prompt_tokens, 0);
  const completion = turns.reduce((sum, { usage }) => sum + usage.completion_tokens, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    llm_calls: turns.length,
    model_id: modelId,
  };
}
