/** Histories of sagas as Temporal keeps them: their events by name, and what Temporal bills for. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { workflowId } from '../../workflows/messages.ts';

export type History = Awaited<ReturnType<typeof historyOf>>;
export type HistoryEvent = NonNullable<History['events']>[number];

/** The history of a saga's present run. */
export function historyOf({ client }: { client: Client }, traceId: string) {
  return client.workflow.getHandle(workflowId(traceId)).fetchHistory();
}

/** The types of its events in order, such as `WorkflowTaskCompleted`. */
export function eventTypes(history: History): string[] {
  return eventsOf(history).map((event) => {
    const name = proto.temporal.api.enums.v1.EventType[event.eventType ?? 0] ?? 'none';
    const words = name.replace('EVENT_TYPE_', '').toLowerCase().split('_');
    return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  });
}

export function eventsOf(history: History): HistoryEvent[] {
  return history.events ?? [];
}

/**
 * What Temporal bills for: the start, each attempt of an activity, timer, signal and upsert of search attributes is
 * one, and all local activities of one task together are one. The attempts of an activity that has not ended are
 * not in the history, and heartbeats never are.
 */
export function billableActions(history: History): number {
  const events = eventsOf(history);
  const local = new Set<string>();
  let actions = 0;
  for (const event of events) {
    if (event.activityTaskStartedEventAttributes)
      actions += event.activityTaskStartedEventAttributes.attempt ?? 1;
    else if (event.markerRecordedEventAttributes) {
      local.add(String(event.markerRecordedEventAttributes.workflowTaskCompletedEventId));
    } else if (isAction(event)) actions += 1;
  }
  return actions + local.size;
}

function isAction(event: HistoryEvent): boolean {
  return Boolean(
    event.workflowExecutionStartedEventAttributes ??
    event.timerStartedEventAttributes ??
    event.workflowExecutionSignaledEventAttributes ??
    event.upsertWorkflowSearchAttributesEventAttributes,
  );
}

/** Every text and every payload in something of Temporal's, one a line. */
export function textsIn(value: unknown): string {
  if (typeof value === 'string') return `${value}\n`;
  if (value instanceof Uint8Array) return `${new TextDecoder().decode(value)}\n`;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, each]) => `${name} ${textsIn(each)}`)
    .join('');
}
