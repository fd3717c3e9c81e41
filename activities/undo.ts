/**
 * One undo: a single call of its tool. Its attempts are counted in its row, one for each call that failed; the
 * pause between two is Temporal's, so it holds no worker.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { UndoAnswer, UndoInput } from '../domain/answers.ts';
import type { CompensationDefinition } from '../domain/definition.ts';
import { StepFailed, type Failure } from '../domain/failure.ts';
import { storable, type JsonObject } from '../domain/json.ts';
import { sentArguments } from '../expression/arguments.ts';
import { ToolCallLost, ToolCallRefused } from '../mcp/call-errors.ts';
import { loadSaga, readContext, type RunningSaga } from '../store/context.ts';
import { isForcedOver } from '../store/forced.ts';
import { noteAlive, noteOrderlyStop } from '../store/executions.ts';
import { beginUndoCall, recordUndoFailure, recordUndone, takeUndo, type ForwardStep } from '../store/undo.ts';
import { toolError } from './act.ts';
import { bind, openTool, refuseInvalid, type OneTool } from './commit-call.ts';
import type { ActivityDeps } from './deps.ts';
import { persist } from './persist.ts';
import { scheduledAt, watch } from './watch.ts';

export function createUndo(deps: ActivityDeps): (input: UndoInput) => Promise<UndoAnswer> {
  return async (input) => {
    const saga = await loadSaga(deps.store, input.traceId);
    const taken = await takeUndo(deps.store, saga, input, scheduledAt());
    if (taken.kind === 'answer') return taken.answer;
    const { ref, token, forward } = taken;
    const compensation = saga.saga.steps[forward.orderIndex]?.compensation;
    if (!compensation) throw new Error(`expected a declared undo of step ${forward.orderIndex}, found none`);
    const { timeout_seconds: limitSeconds } = compensation;
    let called: { idempotent: boolean } | null = null;
    try {
      return await watch(
        {
          limitSeconds,
          alive: () => noteAlive(deps.store, ref, token),
          forced: () => isForcedOver(deps.store, ref),
        },
        async (watching) => {
          const { signal } = watching;
          const call = await prepareUndo(deps, saga, { input, forward, compensation }, signal);
          watching.calling();
          const begun = await begin(deps, input, token, call);
          if (begun.kind === 'answer') return begun.answer;
          called = call;
          const data = await callUndo(call.opened, call.sent, `${input.traceId}:${input.span}`, signal);
          watching.answered();
          deps.crash('undo-not-recorded');
          return await persist(deps, 'the result of an undo', () =>
            recordUndone(deps.store, input, undoOutput(call.tool, data)),
          );
        },
      );
    } catch (error) {
      if (error instanceof StepFailed) return await afterFailure(deps, input, token, { error, called });
      await noteOrderlyStop(deps.store, ref, token).catch(() => undefined);
      throw error;
    }
  };
}

function undoOutput(tool: string, data: JsonObject): JsonObject {
  return {
    rollback_status: 'success',
    compensation_mode: 'single_tool',
    data,
    tool_results: [{ tool, data }],
  };
}

/** A commit whose answer did not come may have been written: this process knows that it has not called yet. */
function begin(
  deps: ActivityDeps,
  input: UndoInput,
  token: number,
  { tool, idempotent, resolved }: UndoCall,
): ReturnType<typeof beginUndoCall> {
  let tries = 0;
  return persist(deps, 'the beginning of an undo', () => {
    tries += 1;
    return beginUndoCall(deps.store, input, { token, tool, idempotent, resolved, unmade: tries > 1 });
  });
}

interface Undoing {
  input: UndoInput;
  forward: ForwardStep;
  compensation: CompensationDefinition;
}

interface UndoCall {
  tool: string;
  opened: OneTool;
  idempotent: boolean;
  resolved: JsonObject;
  sent: JsonObject;
}

async function prepareUndo(
  deps: ActivityDeps,
  saga: RunningSaga,
  { input, forward, compensation }: Undoing,
  signal: AbortSignal,
): Promise<UndoCall> {
  const context = await readContext(deps.store, input.traceId);
  const _compensation = compensationFacts(saga, input, forward);
  const resolved = bind(compensation.with, { ...context, _compensation });
  const opened = await openTool(deps, saga, compensation, signal);
  const sent = sentArguments(resolved, opened.info.inputSchema);
  refuseInvalid(opened, sent);
  return { tool: opened.name, opened, idempotent: opened.idempotent, resolved, sent };
}

/** What the bindings of an undo see beyond the context (manifests.md, Compensation file). */
function compensationFacts(saga: RunningSaga, input: UndoInput, forward: ForwardStep): JsonObject {
  return {
    undo_span_id: input.span,
    forward_span_id: forward.span,
    forward_step_id: saga.saga.steps[forward.orderIndex]?.id ?? null,
    forward_order_index: forward.orderIndex,
    forward_status: forward.status,
    idempotency_key: `${input.traceId}:${input.span}`,
    forward_idempotency_key: `${input.traceId}:${forward.span}`,
    has_forward_output: forward.hasOutput,
    blind_cleanup: !forward.hasOutput,
    dirty_failure: input.cause.uncertain && input.cause.span === forward.span,
  };
}

async function callUndo(
  tool: OneTool,
  sent: JsonObject,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  try {
    const answer = await tool.set.call(tool.name, sent, { idempotencyKey, signal });
    if (answer.isError) throw stepFailed(toolError(tool.name, answer.text));
    return storable(answer.data);
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ToolCallRefused) throw new StepFailed('TOOL_INVOKE_FAILED', error.message);
    if (!(error instanceof ToolCallLost)) throw error;
    const code = tool.idempotent ? 'TOOL_INVOKE_FAILED' : 'SYSTEM_CRASH';
    throw new StepFailed(code, `${error.message}: it may have taken effect`);
  }
}

function stepFailed({ code, message, details }: Failure): StepFailed {
  return new StepFailed(code, message, details);
}

/** Failures that trying again cannot mend. */
const FINAL: readonly Failure['code'][] = ['BINDING_FAILED', 'TOOL_ARGUMENTS_INVALID', 'SYSTEM_CRASH'];

async function afterFailure(
  deps: ActivityDeps,
  input: UndoInput,
  token: number,
  { error, called }: { error: StepFailed; called: { idempotent: boolean } | null },
): Promise<UndoAnswer> {
  const { failure } = error;
  // Past its limit a call may still take effect: only an idempotent tool may be called again.
  const unknown = failure.code === 'STEP_TIMED_OUT' && called !== null && !called.idempotent;
  const final = unknown || FINAL.includes(failure.code);
  const write = () =>
    recordUndoFailure(deps.store, input, token, { failure, called: called !== null, final });
  // A call that failed is known to this process only; before a call nothing is lost with it.
  const recorded = await (called === null ? write() : persist(deps, 'the failure of an undo', write));
  if (recorded.kind === 'answer') return recorded.answer;
  const { baseDelayMs, maxDelayMs } = deps.undoRetry;
  const nextRetryDelay = Math.min(baseDelayMs * 2 ** (recorded.failed - 1), maxDelayMs);
  throw ApplicationFailure.create({
    message: `the undo failed ${recorded.failed} times and is tried again: ${failure.code}`,
    type: failure.code,
    nextRetryDelay,
  });
}
