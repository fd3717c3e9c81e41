/**
 * An undo of several tools: the react loop, with a task that forbids everything but undoing. It ends with a submit of
 * its status; a success is taken only when a tool did something for it.
 */
import type { CompensationDefinition, WorkerDefinition } from '../domain/definition.ts';
import type { JsonObject } from '../domain/json.ts';
import { clip } from './clip.ts';
import { undoOutOfTurns } from './ends.ts';
import { failed } from './failed.ts';
import { runLoop } from './loop.ts';
import { READ_RESOURCE } from './resources.ts';
import type { LoopRun } from './run.ts';
import { SUBMIT } from './submit.ts';
import type { AgentTask } from './task.ts';
import type { ToolEntry, Turn } from './transcript.ts';
import { UNDO_SYSTEM, undoPrompt } from './undo-prompt.ts';
import type { UndoTold } from './undo-prompt.ts';

export interface UndoRun
  extends Omit<LoopRun, 'step' | 'worker' | 'guidance' | 'maxStepTokens' | 'wantedKeys'>, UndoTold {
  worker: WorkerDefinition;
  compensation: CompensationDefinition;
}

export interface UndoResult {
  /** What was submitted: `rollback_status` is `success`. */
  output: JsonObject;
  /** Of every tool that answered, in order. */
  results: JsonObject[];
}

const OUTPUT: JsonObject = {
  type: 'object',
  required: ['rollback_status', 'summary'],
  properties: {
    rollback_status: {
      enum: ['success', 'failed'],
      description: 'success: what the step did is taken back. failed: it is not, or not all of it.',
    },
    summary: { type: 'string', description: 'What was done, and what is left.' },
  },
};

/** A larger result is kept cut: it is in the transcript. */
const KEPT_LIMIT = 16_000;
const SUMMARY_LIMIT = 2_000;

/**
 * Runs the undo until it is submitted as done. Throws StepFailed for every known failure, the model's own word that it
 * failed included; rejects as `runLoop`.
 */
export async function runUndo(run: UndoRun): Promise<UndoResult> {
  const { compensation, worker } = run;
  const step = taskOf(run);
  const { output, turns } = await runLoop(
    {
      ...run,
      step,
      worker: { ...worker, system_prompt: worker.compensation_prompt ?? UNDO_SYSTEM },
      guidance: null,
      maxStepTokens: null,
      wantedKeys: [],
    },
    {
      prompt: undoPrompt(run, compensation),
      objection,
      refused: () => null,
      outOfTurns: (made) => undoOutOfTurns(step, made),
    },
  );
  const { summary } = output;
  if (output['rollback_status'] !== 'success') {
    const said = typeof summary === 'string' ? clip(summary, SUMMARY_LIMIT) : '';
    throw failed('COMPENSATION_FAILED', `the model submitted that the undo failed: ${said}`, {
      rollback_status: 'failed',
      summary: said,
    });
  }
  return { output, results: answersOf(turns).map(resultOf) };
}

/** `<step>:undo` is its name in the script of a mock model. */
function taskOf({ forward, compensation }: UndoRun): AgentTask {
  const { tools, resources, max_turns } = compensation;
  return {
    id: `${forward.id}:undo`,
    tools,
    resources,
    max_turns,
    output_schema: OUTPUT,
    max_step_tokens: null,
    on_tool_error: 'return',
  };
}

function objection(output: JsonObject, turns: readonly Turn[]): string | null {
  const done = answersOf(turns).some((result) => !result.is_error);
  if (output['rollback_status'] !== 'success' || done) return null;
  return (
    'expected at least one tool call that succeeded before rollback_status success, found none: ' +
    'nothing was undone. Call the tools, or submit rollback_status failed and say why'
  );
}

function answersOf(turns: readonly Turn[]): ToolEntry[] {
  return turns
    .flatMap((turn) => [...turn.results.values()])
    .filter(({ tool, called, answered }) => called && answered && tool !== SUBMIT && tool !== READ_RESOURCE);
}

function resultOf({ tool, data, is_error }: ToolEntry): JsonObject {
  const text = JSON.stringify(data);
  const kept = text.length > KEPT_LIMIT ? { preview: clip(text, KEPT_LIMIT) } : data;
  return is_error ? { tool, data: kept, is_error } : { tool, data: kept };
}
