/**
 * What is sent to a saga's workflow and what it shows of itself: names, types and descriptions. Clients import
 * it, so it imports nothing of Temporal.
 */
import type { SignalName } from '../domain/signal.ts';

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

export interface SignalMessage {
  name: SignalName;
  /** Shown by Temporal's Web UI where a person fills in the signal. */
  description: string;
}

export const SIGNALS: Readonly<Record<SignalName, SignalMessage>> = {
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

/** The search attributes of a saga's workflow, in the shape that Temporal's typed keys have. */
export const ATTRIBUTES = {
  status: { name: 'WardenStatus', type: 'KEYWORD' },
  namespace: { name: 'WardenNamespace', type: 'KEYWORD' },
  saga: { name: 'WardenSaga', type: 'KEYWORD' },
  project: { name: 'WardenProject', type: 'KEYWORD' },
  step: { name: 'WardenStep', type: 'KEYWORD' },
  due: { name: 'WardenDue', type: 'DATETIME' },
} as const;
