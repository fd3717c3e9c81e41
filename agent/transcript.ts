/**
 * The transcript of one iteration of a reason step: what the model said and what its calls came to, in the order
 * in which it was recorded. All that the loop does next follows from it, so that an attempt that finds any
 * prefix of it goes on exactly where the earlier one was.
 *
 * 1. A model turn is one entry, a call's result is one entry, each recorded before anything follows from it.
 * 2. A call's id is its turn and place, the same in every attempt. 3. Calls of a turn are made one at a time, in
 * order: at most the first one without a result can be in flight. 4. A `_submit` that is taken has no result: it
 * ends the step; one that is refused has one.
 */
import { z } from 'zod';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';

const json = z.custom<Json>((value) => value !== undefined);
const object = z.custom<JsonObject>(isJsonObject);

// Defaults stand for what entries of earlier releases do not have.
const metadata = object.nullable().default(null);
const count = z.number().default(0);

const call = z.object({ id: z.string(), tool: z.string(), arguments: json, metadata });
const reasoning = z.object({ text: z.string(), metadata });
const usage = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  /** Parts of the two above. */
  cached_prompt_tokens: count,
  reasoning_tokens: count,
  /** The provider reported nothing: counted from the length of the text. */
  estimated: z.boolean().default(false),
});

const modelEntry = z.object({
  kind: z.literal('model'),
  text: z.string(),
  calls: z.array(call),
  /** Opaque to us; some providers want it back with the next turn. */
  reasoning: z.array(reasoning).default([]),
  usage,
  model: z.string().nullable().default(null),
  ms: count,
});
const toolEntry = z.object({
  kind: z.literal('tool'),
  call: z.string(),
  tool: z.string(),
  /** False: the call was refused before it was made. */
  called: z.boolean(),
  /** False: there is no result of the call, whether it was made or not. */
  answered: z.boolean().default(true),
  is_error: z.boolean(),
  text: z.string(),
  data: object,
  ms: count,
});
const entries = z.array(z.discriminatedUnion('kind', [modelEntry, toolEntry]));

export type Call = z.infer<typeof call>;
export type Reasoning = z.infer<typeof reasoning>;
export type TokenUsage = z.infer<typeof usage>;
export type ModelEntry = z.infer<typeof modelEntry>;
export type ToolEntry = z.infer<typeof toolEntry>;
export type Entry = ModelEntry | ToolEntry;

export interface Turn extends ModelEntry {
  /** By the call's id. */
  results: Map<string, ToolEntry>;
}

/** The id of a call: both numbers from 1. */
export function callId(turn: number, place: number): string {
  return `call_${turn}_${place}`;
}

/** The turns of recorded entries, with their results. Throws for entries that this loop did not write. */
export function readTranscript(recorded: readonly Json[]): Turn[] {
  const read = entries.safeParse(recorded);
  if (!read.success) {
    throw new Error(`expected the transcript of a reason step, found other entries: ${read.error.message}`);
  }
  const turns: Turn[] = [];
  for (const entry of read.data) addEntry(turns, entry);
  return turns;
}

/** Adds an entry that was recorded. */
export function addEntry(turns: Turn[], entry: Entry): void {
  if (entry.kind === 'model') {
    turns.push({ ...entry, results: new Map() });
    return;
  }
  const turn = turns.at(-1);
  if (turn === undefined || !turn.calls.some(({ id }) => id === entry.call)) {
    throw new Error(`expected a result of the last model turn in the transcript, found one of ${entry.call}`);
  }
  turn.results.set(entry.call, entry);
}

/** The first call without a result: the only one that can be in flight. */
export function firstOpenCall(turn: Turn): Call | undefined {
  return turn.calls.find(({ id }) => !turn.results.has(id));
}
