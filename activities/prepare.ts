/** A held commit up to its review: arguments, tool, policy, and the hold. Nothing is called. */
import type { StepAnswer, StepRef } from '../domain/answers.ts';
import { digest } from '../ledger/canonical.ts';
import { takeStep } from '../store/attempt.ts';
import { loadSaga, readContext } from '../store/context.ts';
import { skip } from '../store/skip.ts';
import { openHold, retryOf } from '../store/holding.ts';
import { commitOf } from './act.ts';
import { attempt } from './attempt.ts';
import { prepareCall } from './commit-call.ts';
import type { ActivityDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { createStopwatch } from './stopwatch.ts';
import { isWanted } from './when.ts';
import { scheduledAt } from './watch.ts';

export function createPrepare(deps: ActivityDeps, gate: Gate): (ref: StepRef) => Promise<StepAnswer> {
  return async (ref) => {
    const stopwatch = createStopwatch();
    const saga = await stopwatch.time('hydration_ms', () => loadSaga(deps.store, ref.traceId));
    const step = commitOf(saga, ref);
    const taken = await takeStep(deps.store, ref, step, scheduledAt());
    if (taken.kind === 'answer') return taken.answer;
    const { token } = taken;
    const at = { ref, saga, step, stopwatch };
    const own = { token, limitSeconds: step.timeout_seconds, stopwatch };
    return attempt(deps, ref, own, async ({ signal }) => {
      const context = await stopwatch.time('hydration_ms', () => readContext(deps.store, ref.traceId));
      if (!(await stopwatch.time('when_cel_ms', () => isWanted(at, context))))
        return await skip(deps.store, ref, token, stopwatch.measured());
      const { resolved, sent, passed, tool } = await prepareCall(deps, gate, at, context, signal);
      const retry = await retryOf(deps.store, ref, step);
      const opened = await openHold(deps.store, ref, token, {
        opening: {
          kind: 'commit',
          payload: resolved,
          sent,
          payloadHash: digest(sent),
          editSchema: tool.info.inputSchema,
          policy: passed === null ? null : passed.shown,
          expiresMs: step.review.expires_ms,
          maxRetries: step.hitl_max_retries,
          measured: stopwatch.measured(),
          resolvedArguments: retry === null ? resolved : { ...resolved, _hitl_retry: retry },
        },
        verdict: passed?.fact ?? null,
      });
      deps.crash('review-opened-not-reported');
      return opened;
    });
  };
}
