/**
 * What is sent to a saga's workflow and what it shows of itself: names, types and descriptions. Clients import
 * it, so it imports nothing of Temporal.
 */
import type { RecoveryName, SignalName } from '../domain/signal.ts';

/** The workflow type of every saga. */
export const WORKFLOW_TYPE = 'saga';

/** The id of a saga's workflow. */
export function workflowId(traceId: string): string {
  return `saga-${traceId}`;
}

/** What delivery sends with each signal; nothing else in it is read. */
export interface RequestMessage {
  request: string;
}

export interface SignalMessage<Name> {
  name: Name;
  /** Shown by Temporal's Web UI where a person fills in the signal. */
  description: string;
}

export const SIGNALS: Readonly<Record<SignalName, SignalMessage<SignalName>>> = {
  approve: {
    name: 'approve',
    description:
      'Approve the open review. Input: {"review": "<step id>#<iteration>", "comment": "optional"}. ' +
      'The review must be named; its name is in the details and the memo. Edits are made over HTTP only.',
  },
  reject: {
    name: 'reject',
    description:
      'Reject the open review; the saga then undoes what it did. Input: none, a text, or ' +
      '{"review": "<step id>#<iteration>", "comment": "optional", "error_details": {}}. ' +
      'Without a review it means the one open when the signal arrives.',
  },
  retry: {
    name: 'retry',
    description:
      'Run the held step again. Input: {"review": "<step id>#<iteration>", "guidance": "what to do differently", ' +
      '"comment": "optional"}. The review must be named; its name is in the details and the memo.',
  },
};

const NOT_BY_HAND = 'Sent by Warden alone; typed by hand it is refused. Use ';

/** Signals of an operator's recovery: each carries a request, nothing else in it is read. */
export const RECOVERIES: Readonly<Record<RecoveryName, SignalMessage<RecoveryName>>> = {
  retry_step: {
    name: 'retry_step',
    description: `${NOT_BY_HAND}"warden saga retry-step", or "temporal activity reset".`,
  },
  retry_compensation: {
    name: 'retry_compensation',
    description: `${NOT_BY_HAND}"warden saga retry-compensation".`,
  },
};

/** The search attributes of a saga's workflow, in the shape that Temporal's typed keys have. */
export const ATTRIBUTES = {
  status: { name: 'WardenStatus', type: 'KEYWORD' },
  namespace: { name: 'WardenNamespace', type: 'KEYWORD' },
  saga: { name: 'WardenSaga', type: 'KEYWORD' },
  project: { name: 'WardenProject', type: 'KEYWORD' },
  step: { name: 'WardenStep', type: 'KEYWORD' },
  due: { name: 'WardenDue', type: 'DATETIME' },
} as const;
