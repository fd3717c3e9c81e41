/** A reason step: agent, policy, and the hold when it is reviewed. Each turn is recorded as it is made. */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import type { ReasonStepDefinition } from '../domain/definition.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { usedWritingTool } from '../agent/react.ts';
import { resolveResources } from '../agent/resources.ts';
import { runAgent, type AgentResources, type AgentResult, type AgentTool } from '../agent/run.ts';
import { timingOf, usageOf, type LostTurn } from '../agent/usage.ts';
import { digest } from '../ledger/canonical.ts';
import { asOwner, fail, takeStep } from '../store/attempt.ts';
import { cancelStands } from '../store/cancel.ts';
import { loadSaga, readContext, type RunningSaga } from '../store/context.ts';
import { readTurns, writeTurn } from '../store/executions.ts';
import { CANCELLED, openHold, retryOf } from '../store/holding.ts';
import { completeStep, failStep, recordOutcome } from '../store/outcome.ts';
import { skip } from '../store/skip.ts';
import { attempt } from './attempt.ts';
import { bind } from './commit-call.ts';
import type { ActivityDeps } from './deps.ts';
import type { Gate, Passed } from './gate.ts';
import { persist } from './persist.ts';
import { createStopwatch, type Stopwatch } from './stopwatch.ts';
import { openTools, type AllowedTools } from './tools.ts';
import { wantedKeys } from './wanted-keys.ts';
import { isWanted } from './when.ts';
import { scheduledAt } from './watch.ts';

interface Reasoning {
  ref: StepRef;
  token: number;
  saga: RunningSaga;
  step: ReasonStepDefinition;
  stopwatch: Stopwatch;
}

export function createReason(deps: ActivityDeps, gate: Gate): (ref: StepRef) => Promise<StepAnswer> {
  return async (ref) => {
    const stopwatch = createStopwatch();
    const saga = await stopwatch.time('hydration_ms', () => loadSaga(deps.store, ref.traceId));
    const step = saga.saga.steps[saga.indexOf(ref.span)];
    if (step?.kind !== 'reason')
      throw new Error(`expected a reason step at ${ref.span}, found ${step?.kind ?? 'none'}`);
    const taken = await takeStep(deps.store, ref, step, scheduledAt());
    if (taken.kind === 'answer') return taken.answer;
    const at = { ref, token: taken.token, saga, step, stopwatch };
    const own = { token: taken.token, limitSeconds: step.timeout_seconds, stopwatch };
    return attempt(deps, ref, own, ({ signal }) => reason(deps, gate, at, signal));
  };
}

async function reason(
  deps: ActivityDeps,
  gate: Gate,
  at: Reasoning,
  signal: AbortSignal,
): Promise<StepAnswer> {
  const { ref, token, saga, step, stopwatch } = at;
  const context = await stopwatch.time('hydration_ms', () => readContext(deps.store, ref.traceId));
  if (!(await stopwatch.time('when_cel_ms', () => isWanted(at, context))))
    return await skip(deps.store, ref, token, stopwatch.measured());
  const retry = await retryOf(deps.store, ref, step);
  const resolved = bind(step.with, context);
  const shown = retry === null ? resolved : { ...resolved, _hitl_retry: retry };
  const result = await think(deps, at, { shown, retry }, signal);
  if ('answer' in result) return result.answer;
  const output = { data: result.output, ...(result.facts === null ? {} : { facts: result.facts }) };
  const gated = { saga, step, span: ref.span, input: context['input'] ?? {}, arguments: resolved, output };
  const passed = await stopwatch.time('policy_ms', () => gate(gated));
  const usage = { worker: result.usage };
  const done = { output, usage, shown, passed, wrote: result.usedWritingTool };
  return step.hitl ? await holdOutput(deps, at, done) : await complete(deps, at, done);
}

/** Stops a react step: the answer is recorded already, or the saga is cancelled. */
class Stopped extends Error {
  override name = 'Stopped';
  readonly answer: StepAnswer | null;
  constructor(answer: StepAnswer | null) {
    super(answer ? `the step is over: ${answer.kind}` : 'the saga is cancelled');
    this.answer = answer;
  }
}

async function think(
  deps: ActivityDeps,
  at: Reasoning,
  { shown, retry }: { shown: JsonObject; retry: JsonObject | null },
  signal: AbortSignal,
): Promise<AgentResult | { answer: StepAnswer }> {
  const { ref, saga, step, stopwatch } = at;
  const worker = saga.worker(step.worker, step.worker_version);
  const transcript: Json[] = await stopwatch.time('hydration_ms', () => readTurns(deps.store, ref));
  const spent = createSpent(stopwatch, worker.model_name, transcript);
  const servers = step.tools.length > 0 || step.resources.length > 0;
  const opened = servers
    ? await stopwatch.time('setup_ms', () => openTools(deps.tools, worker, step.tools, signal))
    : null;
  const tools: readonly AgentTool[] = opened?.infos ?? [];
  const record = recorder(deps, at, spent, signal);
  try {
    return await runAgent({
      step,
      worker,
      models: deps.models,
      maxStepTokens: deps.maxStepTokens,
      toolMessageLimit: deps.toolMessageLimit,
      resources: opened === null ? null : resourcesOf(step, shown, opened, signal),
      arguments: shown,
      guidance: typeof retry?.['guidance'] === 'string' ? retry['guidance'] : null,
      tools,
      transcript,
      record,
      lost: spent.lose,
      call: async (tool, args, callId) => {
        if (!opened) throw new Error(`expected tool servers for a call of ${tool}, found none`);
        // A key of its own for each call: a resumed step that repeats the one in flight can be told apart.
        const idempotencyKey = `${ref.traceId}:${ref.span}:${ref.iteration}:${callId}`;
        return opened.set.call(tool, args, { idempotencyKey, signal });
      },
      retry: deps.llmRetry,
      wantedKeys: wantedKeys(saga.saga, step.id),
      signal,
    });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const wrote = usedWritingTool(spent.kept, tools);
    return { answer: error.answer ?? (await cancelled(deps, at, wrote, shown)) };
  }
}

/** What this iteration came to and took so far, in all attempts: on the row also when it fails. */
interface Spent {
  /** Every entry that is recorded. */
  kept: readonly Json[];
  keep(entry: JsonObject): void;
  lose(turn: LostTurn): void;
}

function createSpent(stopwatch: Stopwatch, modelName: string, transcript: readonly Json[]): Spent {
  const kept = [...transcript];
  const lost: LostTurn[] = [];
  const note = (): void => {
    const { llm_ms, tool_ms } = timingOf(kept);
    stopwatch.note(
      'llm_ms',
      lost.reduce((sum, { ms }) => sum + ms, llm_ms),
    );
    stopwatch.note('tool_ms', tool_ms);
    const worker = usageOf(kept, modelName, lost);
    stopwatch.noteUsage(worker['llm_calls'] === 0 ? null : { worker });
  };
  note();
  return {
    kept,
    keep: (entry) => {
      kept.push(entry);
      note();
    },
    lose: (turn) => {
      lost.push(turn);
      note();
    },
  };
}

/** Records an entry and stops the step when it is over or the saga is cancelled. */
function recorder(
  deps: ActivityDeps,
  { ref, token }: Reasoning,
  spent: Spent,
  signal: AbortSignal,
): (entry: JsonObject) => Promise<void> {
  return async (entry) => {
    const written = await persist(
      deps,
      'a turn',
      () => {
        signal.throwIfAborted();
        return asOwner(deps.store, ref, token, async (court) => {
          await writeTurn(court, ref, spent.kept.length, entry);
          return cancelStands(court);
        });
      },
      signal,
    );
    if ('answer' in written) throw new Stopped(written.answer);
    spent.keep(entry);
    if (written.own) throw new Stopped(null);
  };
}

function resourcesOf(
  step: ReasonStepDefinition,
  bound: JsonObject,
  { set }: AllowedTools,
  signal: AbortSignal,
): AgentResources | null {
  if (step.resources.length === 0) return null;
  const list = resolveResources(step.resources, bound);
  return { list, read: (uri) => set.readResource(uri, { signal }) };
}

/** Stopped after the turn in flight; what a tool that is not read-only did is unknown, so it counts as done. */
async function cancelled(
  deps: ActivityDeps,
  { ref, token, stopwatch }: Reasoning,
  wrote: boolean,
  shown: JsonObject,
): Promise<StepAnswer> {
  const measured = stopwatch.measured();
  const recorded = await asOwner(deps.store, ref, token, async (court): Promise<StepAnswer> => {
    if (wrote) return fail(court, ref, CANCELLED, { uncertain: true, measured });
    await failStep(court, ref.span, CANCELLED, { resolvedArguments: shown, measured });
    return recordOutcome(court, ref, { kind: 'cancelled' });
  });
  return 'answer' in recorded ? recorded.answer : recorded.own;
}

interface Done {
  output: JsonObject;
  usage: JsonObject;
  shown: JsonObject;
  passed: Passed | null;
  /** It called a tool that is not read-only. */
  wrote: boolean;
}

async function holdOutput(
  deps: ActivityDeps,
  { ref, token, step, stopwatch }: Reasoning,
  done: Done,
): Promise<StepAnswer> {
  const opened = await openHold(deps.store, ref, token, {
    opening: {
      kind: 'reason',
      payload: done.output,
      sent: null,
      payloadHash: digest(done.output),
      editSchema: step.output_schema,
      policy: done.passed === null ? null : done.passed.shown,
      expiresMs: step.review.expires_ms,
      maxRetries: step.hitl_max_retries,
      usage: done.usage,
      measured: stopwatch.measured(),
      resolvedArguments: done.shown,
    },
    verdict: done.passed?.fact ?? null,
    wrote: done.wrote,
  });
  deps.crash('review-opened-not-reported');
  return opened;
}

async function complete(
  deps: ActivityDeps,
  { ref, token, stopwatch }: Reasoning,
  done: Done,
): Promise<StepAnswer> {
  const { output, usage, shown, passed } = done;
  const measured = stopwatch.measured();
  const recorded = await asOwner(deps.store, ref, token, async (court): Promise<StepAnswer> => {
    if (passed) court.record(passed.fact);
    const { ended } = await completeStep(court, ref.span, {
      output,
      usage,
      measured,
      resolvedArguments: shown,
    });
    return recordOutcome(court, ref, { kind: 'completed', ended });
  });
  return 'answer' in recorded ? recorded.answer : recorded.own;
}
