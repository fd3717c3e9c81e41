/** What a reason step used, counted from its transcript: also of a step that failed or was stopped. */
import type { Json, JsonObject } from '../domain/json.ts';
import { readTranscript } from './transcript.ts';
import type { TokenUsage, Turn } from './transcript.ts';

/** A turn that was asked for and gave nothing to record. */
export interface LostTurn {
  ms: number;
  /** null: the provider reported none. */
  usage: TokenUsage | null;
}

type Spent = Pick<Turn, 'usage' | 'model'>;

/**
 * The usage of recorded entries and of turns that were lost, as step rows show it under `worker`; `modelId` is
 * the manifest's, for providers that name none.
 */
export function usageOf(
  transcript: readonly Json[],
  modelId: string,
  lost: readonly LostTurn[] = [],
): JsonObject {
  const used = lost.flatMap(({ usage }) => (usage === null ? [] : [{ usage, model: null }]));
  return totalUsage([...readTranscript(transcript), ...used], modelId);
}

export function totalUsage(turns: readonly Spent[], modelId: string): JsonObject {
  const { prompt, completion } = tokensOf(turns);
  const details = detailsOf(turns);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    llm_calls: turns.length,
    model_id: turns.findLast(({ model }) => model !== null)?.model ?? modelId,
    ...(Object.keys(details).length > 0 ? { details } : {}),
  };
}

export function tokensOf(turns: readonly Pick<Turn, 'usage'>[]): { prompt: number; completion: number } {
  return {
    prompt: sum(turns, ({ usage }) => usage.prompt_tokens),
    completion: sum(turns, ({ usage }) => usage.completion_tokens),
  };
}

/** What only some providers report, and how many turns were counted by us because they reported nothing. */
function detailsOf(turns: readonly Spent[]): JsonObject {
  const all = {
    cached_prompt_tokens: sum(turns, ({ usage }) => usage.cached_prompt_tokens),
    reasoning_tokens: sum(turns, ({ usage }) => usage.reasoning_tokens),
    estimated_calls: sum(turns, ({ usage }) => (usage.estimated ? 1 : 0)),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0));
}

/** The timing of recorded entries, as step rows show it under `worker`: of all attempts of the iteration. */
export function timingOf(transcript: readonly Json[]): { llm_ms: number; tool_ms: number } {
  return totalTiming(readTranscript(transcript));
}

export function totalTiming(turns: readonly Turn[]): { llm_ms: number; tool_ms: number } {
  return {
    llm_ms: sum(turns, ({ ms }) => ms),
    tool_ms: sum(
      turns.flatMap((turn) => [...turn.results.values()]),
      ({ ms }) => ms,
    ),
  };
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
