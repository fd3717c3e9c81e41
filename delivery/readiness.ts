/** Whether Temporal answers and how many worker processes poll our task queue. */
import type { Client } from '@temporalio/client';
import { call } from './temporal.ts';

const ANSWER_MS = 2_000;
/** A poll lasts a minute and is noted when it begins, so a worker process that was killed is believed this long. */
const RECENT_MS = 70_000;
const WORKFLOW_TASKS = 1;

/** Never rejects, and answers within 2 s. */
export async function temporalState(
  client: Client,
  taskQueue: string,
): Promise<{ reachable: boolean; workers: number }> {
  try {
    const request = {
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    };
    const { pollers } = await call(
      client,
      () => client.workflowService.describeTaskQueue(request),
      ANSWER_MS,
    );
    const since = Date.now() - RECENT_MS;
    const recent = pollers.filter(
      ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > since,
    );
    return { reachable: true, workers: new Set(recent.map((poller) => poller.identity)).size };
  } catch {
    return { reachable: false, workers: 0 };
  }
}
