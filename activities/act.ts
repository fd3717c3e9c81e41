/**
 * A commit's call: after its review, or whole when it has none. In order: take the row, settle the review, prepare
 * the call when no hold did, write `calling`, call the tool, write the result.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import type { CommitStepDefinition } from '../domain/definition.ts';
import { StepFailed, type Failure } from '../domain/failure.ts';
import { storable, type JsonObject } from '../domain/json.ts';
import { ToolCallLost, ToolCallRefused } from '../mcp/call-errors.ts';
import { takeStep } from '../store/attempt.ts';
import { beginCall, recordResult, type CallResult } from '../store/call.ts';
import { loadSaga, readContext, type RunningSaga } from '../store/context.ts';
import { standing } from '../store/edit.ts';
import type { Review } from '../store/reviews.ts';
import { skip } from '../store/skip.ts';
import { attempt } from './attempt.ts';
import { openTool, prepareCall, refuseResult, type OneTool } from './commit-call.ts';
import type { ActivityDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { persist } from './persist.ts';
import { createStopwatch } from './stopwatch.ts';
import { isWanted } from './when.ts';
import { scheduledAt, type Watching } from './watch.ts';

/** Between two calls with one key, when the connection was lost and this process lives. */
const AGAIN_MS = 500;

export function createAct(deps: ActivityDeps, gate: Gate): (ref: StepRef) => Promise<StepAnswer> {
  return async (ref) => {
    const stopwatch = createStopwatch();
    const saga = await stopwatch.time('hydration_ms', () => loadSaga(deps.store, ref.traceId));
    const step = commitOf(saga, ref);
    const taken = await takeStep(deps.store, ref, step, scheduledAt());
    if (taken.kind === 'answer') return taken.answer;
    const { token, review } = taken;
    const at = { ref, saga, step, stopwatch };
    const own = { token, limitSeconds: step.timeout_seconds, stopwatch };
    return attempt(deps, ref, own, async (watching) => {
      const { signal } = watching;
      const ready = review
        ? await approvedCall(deps, at, review, signal)
        : await preparedCall(deps, gate, at, signal);
      if (ready === null) return await skip(deps.store, ref, token, stopwatch.measured());
      return callUntilAnswered(deps, { ...at, token, ...ready }, watching);
    });
  };
}

/** The commit of a span. Throws when the definition that the saga froze has none there. */
export function commitOf(saga: RunningSaga, ref: StepRef): CommitStepDefinition {
  const step = saga.saga.steps[saga.indexOf(ref.span)];
  if (step?.kind !== 'commit')
    throw new Error(`expected a commit step at ${ref.span}, found ${step?.kind ?? 'none'}`);
  return step;
}

interface Ready {
  tool: OneTool;
  sent: JsonObject;
  prepared: Parameters<typeof beginCall>[2]['prepared'];
}

/** The step that an attempt is at. */
type At = Parameters<typeof prepareCall>[2];

async function approvedCall(
  deps: ActivityDeps,
  { saga, step, stopwatch }: At,
  review: Review,
  signal: AbortSignal,
): Promise<Ready> {
  const tool = await stopwatch.time('setup_ms', () => openTool(deps, saga, step, signal));
  const { sent } = standing(review);
  if (sent === null) throw new Error('expected the arguments that were approved in the review, found none');
  return { tool, sent, prepared: null };
}

/** null: its `when` is false. */
async function preparedCall(
  deps: ActivityDeps,
  gate: Gate,
  at: At,
  signal: AbortSignal,
): Promise<Ready | null> {
  const { stopwatch } = at;
  const context = await stopwatch.time('hydration_ms', () => readContext(deps.store, at.ref.traceId));
  if (!(await stopwatch.time('when_cel_ms', () => isWanted(at, context)))) return null;
  const { tool, sent, resolved, passed } = await prepareCall(deps, gate, at, context, signal);
  return { tool, sent, prepared: { resolved, verdict: passed?.fact ?? null } };
}

async function callUntilAnswered(
  deps: ActivityDeps,
  call: At & Ready & { token: number },
  { signal, ...watching }: Watching,
): Promise<StepAnswer> {
  const { ref, stopwatch } = call;
  for (let lostWhy: string | null = null; ;) {
    signal.throwIfAborted();
    watching.calling();
    const begun = await begin(deps, ref, { ...call, lostWhy });
    if (begun.kind === 'answer') return begun.answer;
    deps.crash('calling-not-called');
    const result = await stopwatch.time('tool_ms', () => callOnce(ref, call, signal));
    if (result.kind !== 'lost') {
      watching.answered();
      deps.crash('effect-not-recorded');
      const measured = stopwatch.measured();
      const answer = await persist(deps, 'the result of a call', () =>
        recordResult(deps.store, ref, result, measured),
      );
      deps.crash('recorded-not-reported');
      return answer;
    }
    // The next look at the row says whether it may be called again.
    lostWhy = result.why;
    await delay(AGAIN_MS, undefined, { signal });
  }
}

/**
 * A commit whose answer did not come may have been written: until its first call this process knows that it has not
 * called. After one whose result was lost, `calling` may be that one's.
 */
function begin(
  { store, log }: ActivityDeps,
  ref: StepRef,
  { tool, sent, prepared, token, lostWhy }: Ready & { token: number; lostWhy: string | null },
): ReturnType<typeof beginCall> {
  const { name, idempotent } = tool;
  let tries = 0;
  return persist({ log }, 'the beginning of a call', () => {
    tries += 1;
    const unmade = lostWhy === null && tries > 1;
    return beginCall(store, ref, { token, tool: name, idempotent, sent, prepared, unmade, lostWhy });
  });
}

/** Lost: there is no result, and the call may have taken effect. */
async function callOnce(
  ref: StepRef,
  { tool, sent, step }: { tool: OneTool; sent: JsonObject; step: CommitStepDefinition },
  signal: AbortSignal,
): Promise<CallResult | { kind: 'lost'; why: string }> {
  try {
    const idempotencyKey = `${ref.traceId}:${ref.span}`;
    const answer = await tool.set.call(tool.name, sent, { idempotencyKey, signal });
    if (answer.isError) return failed(toolError(tool.name, answer.text));
    refuseResult([step.output_schema, step.tools[0]?.output_schema ?? null], tool.name, answer.data);
    return { kind: 'done', data: storable(answer.data) };
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ToolCallLost) return { kind: 'lost', why: error.message };
    if (error instanceof ToolCallRefused) {
      return failed({ code: 'TOOL_INVOKE_FAILED', message: error.message, details: { tool: tool.name } });
    }
    if (error instanceof StepFailed) return failed(error.failure);
    throw error;
  }
}

function failed(failure: Failure): CallResult {
  return { kind: 'failed', failure };
}

/** A result with `isError`. */
export function toolError(tool: string, text: string): Failure {
  const preview = text.slice(0, 500);
  return {
    code: 'TOOL_OUTPUT_ERROR',
    message: `${tool} answered with an error: ${preview}`,
    details: { tool, preview },
  };
}
