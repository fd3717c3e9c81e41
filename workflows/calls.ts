/**
 * How the workflow calls its activities. Each call goes on until it is answered: an activity that ended without
 * an answer of ours (cancelled, failed or completed by an operator) is scheduled again and reads its row, where
 * an outcome is returned for ever.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  type ActivityOptions,
} from '@temporalio/workflow';
// Not exported by the package: a scope without a parent.
import { RootCancellationScope } from '@temporalio/workflow/lib/cancellation-scope.js';
import { stepQuestion } from '../domain/answers.ts';
import type {
  Activities,
  Answered,
  Cause,
  Ended,
  PlanStep,
  SettleAnswer,
  SettleInput,
  StepAnswer,
  StepRef,
  UndoAnswer,
  UndoInput,
} from '../domain/answers.ts';
import { isJsonObject } from '../domain/json.ts';

/** Unlimited attempts; never `scheduleToClose`, because waiting for a worker process is no failure. */
const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const;
/** The activity enforces the step's own limit and reports it; this one is for an activity that cannot. */
const GRACE_SECONDS = 5;
const LONGEST_PAUSE_MS = 60_000;

const forward = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  retry: RETRY,
  // What a step answers although it was to end stands.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
/** A store that is away adds no history: after two seconds the same function runs as a regular activity. */
const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2s',
  scheduleToCloseTimeout: '2s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 4 },
});

/** A step or an undo that runs. */
export interface Running<Answer> {
  /** null: it was stopped, and ended without an answer. */
  answer: Promise<Answer | null>;
  isOver(): boolean;
  /** Has Temporal end the activity; what it answers all the same stands. */
  stop(): void;
}

/** Runs one phase of a step; its activity id is the step's id. */
export function callStep(step: PlanStep, ref: StepRef): Running<StepAnswer> {
  const [name, verb] = stepActivity(step, ref.phase);
  const options = execution(step.id, step.timeout, `${step.id} #${ref.iteration}: ${verb}`);
  return run(stepQuestion(ref), () => forward[name].executeWithOptions(options, [ref]));
}

function stepActivity(step: PlanStep, phase: StepRef['phase']): ['reason' | 'prepare' | 'act', string] {
  if (step.kind === 'reason') return ['reason', step.hitl ? 'reason, then review' : 'reason'];
  return phase === 'prepare' ? ['prepare', 'prepare the call, then review'] : ['act', 'call the tool'];
}

/** Runs the undo of `step`; its activity id is `<step id>-undo`. */
export function callUndo(
  traceId: string,
  step: PlanStep,
  undo: NonNullable<PlanStep['undo']>,
  { cause, forced }: Pick<UndoInput, 'cause' | 'forced'>,
): Running<UndoAnswer> {
  const options = execution(`${step.id}-undo`, undo.timeout, `${step.id}: undo`);
  const input: UndoInput = { traceId, span: undo.span, cause, ...(forced === undefined ? {} : { forced }) };
  return run(undo.span, () => forward.undo.executeWithOptions(options, [input]));
}

/** Asks the judge about the review of `input`; as a regular activity its id is `<step id>-settle`. */
export function callSettle(step: PlanStep, input: SettleInput): Promise<SettleAnswer> {
  const summary = `${step.id} #${input.iteration}: settle, ${input.cause.kind}`;
  const options = { activityId: `${step.id}-settle`, summary };
  return locallyFirst(
    input.id,
    () => local.settle.executeWithOptions({ summary }, [input]),
    () => forward.settle.executeWithOptions(options, [input]),
  );
}

/** Ends a saga that has no undo to run; as a regular activity its id is `finish`. */
export function callFinish(traceId: string, cause: Cause): Promise<Ended> {
  const input = { traceId, cause };
  const summary = `finish: ${cause.code}`;
  return locallyFirst(
    traceId,
    () => local.finish.executeWithOptions({ summary }, [input]),
    () => forward.finish.executeWithOptions({ activityId: 'finish', summary }, [input]),
  );
}

function execution(activityId: string, timeoutSeconds: number, summary: string): ActivityOptions {
  const startToCloseTimeout = (timeoutSeconds + GRACE_SECONDS) * 1000;
  return { activityId, summary, startToCloseTimeout, heartbeatTimeout: '10s' };
}

/**
 * The only thing that is ever cancelled, and only on an operator's word: its scope has no parent, because one within a
 * scope that cannot be cancelled is cancelled with the workflow when an older history is replayed (measured).
 */
function run<Answer>(question: string, call: () => Promise<Answered<Answer>>): Running<Answer> {
  const scope = new RootCancellationScope();
  let over = false;
  let stopped = false;
  const answer = scope
    .run(() => untilAnswered(question, call, () => stopped))
    .finally(() => {
      over = true;
    });
  return {
    answer,
    isOver: () => over,
    stop: () => {
      stopped = true;
      scope.cancel();
    },
  };
}

async function locallyFirst<Answer>(
  question: string,
  locally: () => Promise<Answered<Answer>>,
  regularly: () => Promise<Answered<Answer>>,
): Promise<Answer> {
  for (;;) {
    const answer =
      (await answerOf(question, locally)) ?? (await untilAnswered(question, regularly, () => false));
    if (answer !== null) return answer;
  }
}

/** null: it was stopped. */
async function untilAnswered<Answer>(
  question: string,
  call: () => Promise<Answered<Answer>>,
  isStopped: () => boolean,
): Promise<Answer | null> {
  for (let lost = 0; ; lost++) {
    // Once may be an operator's doing; more often would be a loop that fills the history.
    if (lost > 1) await pause(lost - 2);
    if (isStopped()) return null;
    const answer = await answerOf(question, call);
    if (answer !== null || isStopped()) return answer;
  }
}

async function pause(times: number): Promise<void> {
  const ms = Math.min(1000 * 2 ** times, LONGEST_PAUSE_MS);
  await sleep(ms, { summary: 'no answer' }).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
}

/** The answer of a call, null when it ended without one of ours. */
async function answerOf<Answer>(
  question: string,
  call: () => Promise<Answered<Answer>>,
): Promise<Answer | null> {
  try {
    const answer = await call();
    return isJsonObject(answer) && answer['of'] === question ? answer : null;
  } catch (error) {
    if (error instanceof ActivityFailure || isCancellation(error)) return null;
    throw error;
  }
}
