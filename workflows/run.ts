/** What the parts of one saga's workflow share: who it is, its inbox, and whether Temporal asked it to cancel. */
import { CancellationScope } from '@temporalio/workflow';
import type { PlanStep, SagaInput } from '../domain/answers.ts';
import { listenForRecoveries, type Recoveries } from './recoveries.ts';
import { listen, type Inbox } from './signals.ts';

export interface Run {
  readonly input: SagaInput;
  readonly traceId: string;
  readonly plan: readonly PlanStep[];
  readonly inbox: Inbox;
  readonly recoveries: Recoveries;
  /** True once Temporal asked the workflow to cancel; it acts on it at the next boundary. */
  cancelled(): boolean;
  /** True once the store was told of it in this run; once is enough. */
  cancelTold: boolean;
  /** A request decided nothing, so it was typed by a hand: from now on the judge is asked before `act` is run. */
  distrustful: boolean;
  /** A run that may come of a reset has asked the judge what stands. */
  askedAnew: boolean;
  /** Length of the history at which an older version of this code did not continue as new. */
  keptAt: number;
}

/** Called synchronously at the top of the workflow, so that signals which came before it find their handlers. */
export function createRun(input: SagaInput): Run {
  const scope = CancellationScope.current();
  const inbox = listen(input.at?.refusals ?? 0);
  return {
    input,
    traceId: input.traceId,
    plan: input.plan,
    inbox,
    recoveries: listenForRecoveries(inbox),
    // Known at once, also when the cancel came before the first task.
    cancelled: () => scope.consideredCancelled,
    cancelTold: false,
    distrustful: false,
    askedAnew: false,
    keptAt: 0,
  };
}
