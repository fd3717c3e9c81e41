/**
 * An undo of several tools: the loop of a model, each turn recorded under the undo's span, so that a crash costs at
 * most what was in flight. A tool that may not be called again is called only after `calling` was written.
 */
import type { UndoAnswer } from '../domain/answers.ts';
import { StepFailed } from '../domain/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { resolveResources } from '../agent/resources.ts';
import type { ToolAnswer } from '../agent/run.ts';
import { runUndo, type UndoResult } from '../agent/undo.ts';
import { timingOf, usageOf } from '../agent/usage.ts';
import { ToolCallLost } from '../mcp/call-errors.ts';
import { openUndoLoop, recordUndoTurn } from '../store/undo-loop.ts';
import { isEnd, type Measured, type UndoTurns } from '../store/undo-turns.ts';
import { beginUndoCall, recordUndone } from '../store/undo.ts';
import { persist } from './persist.ts';
import { openTools, type AllowedTools } from './tools.ts';
import { callKey } from './undo-key.ts';
import { lookAround, undoKey, type Seen, type Undoing, type Way } from './undoing.ts';
import type { Watching } from './watch.ts';

/** An attempt at a loop. */
interface Loop {
  undoing: Undoing;
  /** null: it has not begun. All that is recorded, what this attempt adds included. */
  turns: UndoTurns | null;
  /** The tool that was written as `calling` and has not answered. */
  calling: string | null;
}

export function undoByModel(undoing: Undoing): Way {
  const loop: Loop = { undoing, turns: null, calling: null };
  return {
    work: async (watching) => {
      try {
        return await undo(loop, watching);
      } catch (error) {
        if (error instanceof UndoOver) return error.answer;
        throw error;
      }
    },
    stands: () => {
      const { turns } = loop;
      const stand = { called: false, unknown: loop.calling !== null };
      if (turns === null) return { ...stand, begun: false };
      return { ...stand, begun: true, loop: { recorded: turns.recorded, ...measured(undoing, turns) } };
    },
  };
}

/** The undo has an outcome already, or the saga has ended. */
class UndoOver extends Error {
  override name = 'UndoOver';
  readonly answer: UndoAnswer;
  constructor(answer: UndoAnswer) {
    super(`the undo is over: ${answer.kind}`);
    this.answer = answer;
  }
}

async function undo(loop: Loop, watching: Watching): Promise<UndoAnswer> {
  const { undoing } = loop;
  const { deps, saga, input, token, compensation } = undoing;
  const { signal } = watching;
  const opened = await openUndoLoop(deps.store, input, token, (turns) => measured(undoing, turns));
  if (opened.kind === 'answer') return opened.answer;
  const seen = await lookAround(undoing);
  const resources = resolveResources(compensation.resources, seen.resolved);
  const worker = saga.worker(compensation.worker, compensation.worker_version);
  const tools = await openTools(deps.tools, worker, compensation.tools, signal);
  const { turns } = opened;
  loop.turns = { ...turns, transcript: [...turns.transcript] };
  const at = { loop, tools, seen, watching };
  const result = await runUndo({
    ...told(undoing, seen, turns),
    compensation,
    worker,
    models: deps.models,
    tools: tools.infos,
    resources:
      resources.length === 0
        ? null
        : { list: resources, read: (uri) => tools.set.readResource(uri, { signal }) },
    transcript: turns.transcript,
    record: (entry) => record(at, entry),
    call: (tool, args, callId) => call(at, tool, args, callId),
    retry: deps.llmRetry,
    toolMessageLimit: deps.toolMessageLimit,
    signal,
  });
  watching.calling();
  watching.answered();
  deps.crash('undo-not-recorded');
  const { transcript } = loop.turns;
  const done = measured(undoing, { ...turns, transcript });
  return await persist(deps, 'the result of an undo', () =>
    recordUndone(deps.store, input, outputOf(result), done),
  );
}

/** What the model is told of the step, the same in every attempt that goes on with the loop. */
function told({ step, forward }: Undoing, { context, facts, resolved }: Seen, { earlier }: UndoTurns) {
  const { steps } = context;
  const output = isJsonObject(steps) && forward.hasOutput ? steps[step.id] : undefined;
  return {
    forward: step,
    output: isJsonObject(output) ? output : null,
    facts,
    arguments: resolved,
    earlier,
  };
}

function outputOf({ output, results }: UndoResult): JsonObject {
  const { rollback_status = 'success', ...data } = output;
  return { rollback_status, compensation_mode: 'react', data, tool_results: results };
}

/** Usage is of all attempts; timing of this loop, which is noted when it ends. */
function measured({ saga, compensation }: Undoing, { earlier, transcript }: UndoTurns): Measured {
  const { model_name } = saga.worker(compensation.worker, compensation.worker_version);
  const entries = [...earlier, ...transcript].filter((entry) => !isEnd(entry));
  return { usage: { worker: usageOf(entries, model_name) }, timing: { ...timingOf(transcript) } };
}

interface Attempt {
  loop: Loop;
  tools: AllowedTools;
  seen: Seen;
  watching: Watching;
}

async function record({ loop, watching }: Attempt, entry: JsonObject): Promise<void> {
  const { deps, input, token } = loop.undoing;
  const turns = begunTurns(loop);
  const answers = loop.calling !== null && entry['kind'] === 'tool';
  if (answers) watching.answered();
  watching.signal.throwIfAborted();
  const n = turns.recorded;
  const written = await persist(
    deps,
    'a turn of an undo',
    () => recordUndoTurn(deps.store, input, token, { n, entry, answers }),
    watching.signal,
  );
  if (written.kind === 'answer') throw new UndoOver(written.answer);
  turns.transcript.push(entry);
  turns.recorded += 1;
  if (!answers) return;
  loop.calling = null;
  watching.recorded();
}

async function call(at: Attempt, tool: string, args: JsonObject, callId: string): Promise<ToolAnswer> {
  const { loop, tools, watching } = at;
  const { input, compensation } = loop.undoing;
  const { signal } = watching;
  const info = tools.infos.find(({ name }) => name === tool);
  const vouched = compensation.tools.some(({ name, idempotent }) => name === tool && idempotent);
  const repeatable = vouched || (info !== undefined && (info.readOnly || info.idempotent));
  const idempotencyKey = `${undoKey(input)}:${callKey(begunTurns(loop).transcript, callId)}`;
  if (!repeatable) await writeCalling(at, tool);
  try {
    return await tools.set.call(tool, args, { idempotencyKey, signal });
  } catch (error) {
    if (repeatable || signal.aborted || !(error instanceof ToolCallLost)) throw error;
    throw new StepFailed('SYSTEM_CRASH', `${error.message}: it may have taken effect`, { tool });
  }
}

/** As of the call of an undo of one tool: the last thing before it. */
async function writeCalling({ loop, seen: { resolved }, watching }: Attempt, tool: string): Promise<void> {
  const { deps, input, token } = loop.undoing;
  const { signal } = watching;
  signal.throwIfAborted();
  watching.calling();
  let tries = 0;
  const begun = await persist(
    deps,
    'the beginning of a call of an undo',
    () => {
      tries += 1;
      const unmade = tries > 1;
      return beginUndoCall(deps.store, input, { token, tool, idempotent: false, resolved, unmade });
    },
    signal,
  );
  if (begun.kind === 'answer') throw new UndoOver(begun.answer);
  loop.calling = tool;
  deps.crash('calling-not-called');
}

function begunTurns({ turns }: Loop): UndoTurns & { transcript: Json[] } {
  if (turns === null) throw new Error('expected a loop that has begun, found none');
  return turns;
}
