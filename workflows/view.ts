/**
 * What operators see of a saga in Temporal's own tools: current details, search attributes and the memo. Our
 * words, ids and counts only, never a payload. Details cost nothing; each upsert is an event, so the attributes
 * change when a hold opens and closes, and at the end of a saga that did not complete.
 */
import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Ended, PlanStep } from '../domain/answers.ts';
import type { SagaStatus } from '../domain/status.ts';
import { ATTRIBUTES, SIGNALS } from './messages.ts';
import type { Review } from './signals.ts';

/** A step or an undo begins. No event. */
export function showRunning(what: string): void {
  setCurrentDetails(`RUNNING: ${what}`);
}

/** A hold opened: one upsert of attributes, one of the memo. `expiresInMs` undefined: no deadline. */
export function showOpened(step: PlanStep, review: Review, expiresInMs: number | undefined): void {
  const due = expiresInMs === undefined ? null : new Date(Date.now() + expiresInMs);
  upsertSearchAttributes([
    { key: ATTRIBUTES.status, value: 'AWAITING_HUMAN' },
    { key: ATTRIBUTES.step, value: step.id },
    ...(due ? [{ key: ATTRIBUTES.due, value: due }] : []),
  ]);
  const typed = commands(review);
  upsertMemo({ warden: { review: review.name, ...typed } });
  setCurrentDetails(
    [
      `AWAITING_HUMAN: review ${review.name} of step ${step.id}, ${step.kind}, iteration ${review.iteration}.`,
      due ? `It expires at ${due.toISOString()}.` : 'It does not expire.',
      'To decide from here:',
      // As code: the Web UI reads details as Markdown, and would make dashes and quotes pretty.
      ['```', ...Object.values(typed), '```'].join('\n'),
    ].join('\n\n'),
  );
}

/** A hold closed: one upsert. */
export function showClosed(review: Review, status: SagaStatus, outcome: string): void {
  upsertSearchAttributes([
    { key: ATTRIBUTES.status, value: status },
    { key: ATTRIBUTES.step, value: null },
    { key: ATTRIBUTES.due, value: null },
  ]);
  setCurrentDetails(`${status}: review ${review.name} ${outcome}`);
}

/** The saga ended; one upsert unless it completed. */
export function showEnded({ status, code }: Ended): void {
  if (status !== 'COMPLETED') upsertSearchAttributes([{ key: ATTRIBUTES.status, value: status }]);
  setCurrentDetails(code === null ? status : `${status}: ${code}`);
}

/** An undo failed for good: the saga has ended as FAILED, the workflow stays open. One upsert. */
export function showUndoFailed(step: PlanStep): void {
  upsertSearchAttributes([{ key: ATTRIBUTES.status, value: 'FAILED' }]);
  setCurrentDetails(
    `FAILED: the undo of step ${step.id} failed for good, later undos do not run. ` +
      'The workflow stays open until the undo is taken up again (warden saga retry-compensation) or the workflow ' +
      'is terminated.',
  );
}

/** A failed undo is taken up again. One upsert. */
export function showUndoTaken(step: PlanStep): void {
  upsertSearchAttributes([{ key: ATTRIBUTES.status, value: 'COMPENSATING' }]);
  setCurrentDetails(`COMPENSATING: the undo of step ${step.id} is taken up again`);
}

/** The signals that decide a review, ready to paste into a terminal. */
function commands(review: Review): Record<string, string> {
  const { workflowId } = workflowInfo();
  const input = JSON.stringify({ review: review.name });
  return Object.fromEntries(
    Object.keys(SIGNALS).map((name) => [
      name,
      `temporal workflow signal --workflow-id ${workflowId} --name ${name} --input '${input}'`,
    ]),
  );
}
