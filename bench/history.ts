/**
 * The part of a decision that Temporal sees, by the times in its histories: from the signal to the start of the
 * commit's activity. An activity that was handed out with the answer of the workflow task ("eager") starts within
 * a millisecond of the task's end.
 */
import { Client, Connection } from '@temporalio/client';
import { median } from './figures.ts';
import type { Sample } from './measure.ts';

export interface Moment {
  name: string;
  /** Median, milliseconds since the decision was sent. */
  sinceMs: number;
}

const AT_MOST = 50;

type Moments = Map<string, number>;

/** Event types by number (temporal.api.enums.v1.EventType). */
const EVENTS: Readonly<Record<number, string>> = {
  26: 'signal recorded',
  5: 'workflow task scheduled',
  6: 'workflow task started (handed to a worker)',
  7: 'workflow task completed',
  10: 'activity scheduled',
  11: 'activity started (handed to a worker)',
};

/** Histories of at most 50 of the samples, spread over all. `workflowId` makes an id of a sample's. */
export async function temporalMoments(
  address: string,
  samples: readonly Sample[],
  workflowId: (id: string) => string,
): Promise<Moment[]> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const each: Moments[] = [];
    const every = Math.ceil(samples.length / AT_MOST);
    for (const sample of samples.filter((_, index) => index % every === 0)) {
      const { events } = await client.workflow.getHandle(workflowId(sample.id)).fetchHistory();
      each.push(momentsOf(events ?? [], sample.sentAt));
    }
    const names = [...new Set(each.flatMap((moments) => [...moments.keys()]))];
    return names.map((name) => ({
      name,
      sinceMs: median(each.flatMap((moments) => moments.get(name) ?? [])),
    }));
  } finally {
    await connection.close();
  }
}

interface HistoryEvent {
  eventType?: number | null;
  eventTime?: { seconds?: { toString(): string } | null; nanos?: number | null } | null;
}

/** The first of each kind from the signal on; the second workflow task is after the commit. */
function momentsOf(events: readonly HistoryEvent[], sentAt: number): Moments {
  const moments: Moments = new Map();
  const from = events.findIndex(({ eventType }) => eventType === 26);
  for (const { eventType, eventTime } of events.slice(from)) {
    const name = EVENTS[eventType ?? 0];
    if (name === undefined || moments.has(name)) continue;
    const at = Number(String(eventTime?.seconds ?? 0)) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
    moments.set(name, at - sentAt);
  }
  return moments;
}
