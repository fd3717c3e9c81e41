/** One turn of a model in an iteration: asked for, measured, and recorded before anything follows from it. */
import { storable, storableText } from '../domain/json.ts';
import type { JsonObject } from '../domain/json.ts';
import { MAX_DEPTH, isTooDeep } from './clip.ts';
import { overTokens } from './ends.ts';
import { ModelError } from './model.ts';
import type { Model, ModelRequest, ModelTurn } from './model.ts';
import { askModel } from './retry.ts';
import type { LoopRun } from './run.ts';
import { addEntry, callId } from './transcript.ts';
import type { Call, Entry, ModelEntry, Turn } from './transcript.ts';

/** Asks the model for its next turn and records it. Rejects with `ModelError` when there is none. */
export async function takeTurn(
  run: LoopRun,
  turns: Turn[],
  model: Model,
  shown: Pick<ModelRequest, 'messages' | 'tools' | 'outputSchema'>,
): Promise<void> {
  const request = {
    ...shown,
    system: run.worker.system_prompt,
    temperature: run.worker.temperature,
    turn: turns.length,
    signal: run.signal,
  };
  const { value: asked, ms } = await measured(run, () => settled(askModel(model, request, run.retry)));
  if ('error' in asked) {
    run.lost?.({ ms, usage: asked.error instanceof ModelError ? asked.error.usage : null });
    throw asked.error;
  }
  await record(run, turns, { ...modelEntry(asked.turn, turns.length + 1), ms });
}

function settled(asking: Promise<ModelTurn>): Promise<{ turn: ModelTurn } | { error: unknown }> {
  return asking.then(
    (turn) => ({ turn }),
    (error: unknown) => ({ error }),
  );
}

/** Throws StepFailed when the turns so far used more tokens than the step may. */
export function checkTokens(run: LoopRun, turns: readonly Turn[]): void {
  const over = overTokens(run.step.max_step_tokens ?? run.maxStepTokens, turns);
  if (over !== null) throw over;
}

/** Records an entry, and only then counts it. */
export async function record(run: LoopRun, turns: Turn[], entry: Entry): Promise<void> {
  await run.record(entry);
  addEntry(turns, entry);
}

/** What an act answers, and the whole milliseconds that it took. */
export async function measured<Value>(
  { now = () => performance.now() }: Pick<LoopRun, 'now'>,
  act: () => Promise<Value>,
): Promise<{ value: Value; ms: number }> {
  const start = now();
  const value = await act();
  return { value, ms: Math.round(now() - start) };
}

function modelEntry({ text, calls, reasoning, usage, modelId }: ModelTurn, turn: number): ModelEntry {
  const kept = calls.map(({ tool, arguments: args, metadata }, index): Call => ({
    id: callId(turn, index + 1),
    tool: storableText(tool),
    // Text in its place is refused as arguments, and the model is told.
    arguments: isTooDeep(args) ? `nested more than ${MAX_DEPTH} deep` : storable(args),
    metadata: keptMetadata(metadata),
  }));
  return {
    kind: 'model',
    text: storableText(text),
    calls: kept,
    reasoning: reasoning.map((part) => ({
      text: storableText(part.text),
      metadata: keptMetadata(part.metadata),
    })),
    usage,
    model: modelId,
    ms: 0,
  };
}

function keptMetadata(metadata: JsonObject | null): JsonObject | null {
  return metadata === null || isTooDeep(metadata) ? null : storable(metadata);
}
