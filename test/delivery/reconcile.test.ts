import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalState } from '../../delivery/readiness.ts';
import { spanOf } from '../../store/spans.ts';
import type { Store } from '../../store/store.ts';
import { workflowId } from '../../workflows/messages.ts';
import { startTemporal, type TemporalServer } from '../support/temporal.ts';
import {
  decideOn,
  deployNotes,
  hold,
  requestsOf,
  sagaOf,
  said,
  startDelivery,
  startNotes,
  stores,
  until,
} from './support.ts';

type Delivering = Awaited<ReturnType<typeof startDelivery>>;

for (const [kind, open] of Object.entries(stores)) {
  describe(`reconcile with ${kind}`, () => {
    let store: Store;
    let delivering: Delivering;
    let second: Delivering;
    before(async () => {
      store = await open('reconcile');
      await deployNotes(store);
      delivering = await startDelivery(store);
      second = await startDelivery(store);
    });
    after(async () => {
      await delivering.stop();
      await second.stop();
      await store.close();
    });

    it('shows a saga whose workflow was terminated as FAILED with TERMINATED, once, its review closed', async () => {
      const traceId = await startNotes(store, 'terminated');
      await until('the run', async () => (await sagaOf(store, traceId)).run_id);
      await hold(store, traceId);
      await delivering.client.workflow.getHandle(workflowId(traceId)).terminate('by hand');
      const ended = await until('the saga to end', async () => {
        const row = await sagaOf(store, traceId);
        return row.ended_at !== null && row;
      });
      assert.equal(ended.status, 'FAILED');
      assert.deepEqual(ended.failure, {
        code: 'TERMINATED',
        message: 'the workflow was terminated in Temporal',
        step_id: 'write',
      });
      const reviews = await store.db
        .selectFrom('reviews')
        .selectAll()
        .where('trace_id', '=', traceId)
        .execute();
      assert.deepEqual(
        reviews.map((review) => review.status),
        ['cancelled'],
      );
      const steps = await store.db.selectFrom('steps').selectAll().where('trace_id', '=', traceId).execute();
      assert.deepEqual(Object.fromEntries(steps.map((step) => [step.step_id, step.status])), {
        write: 'FAILED',
        publish: 'SKIPPED',
      });
      assert.equal(await decideOn(store, traceId, 'approve'), 'conflict');
      const entries = await store.db
        .selectFrom('ledger_entries')
        .select(['type', 'span_id'])
        .where('trace_id', '=', traceId)
        .orderBy('n')
        .execute();
      assert.deepEqual(
        entries.map((entry) => entry.type),
        ['start', 'hold', 'step.failed', 'step.skipped', 'end', 'refusal'],
      );
      assert.equal(entries[2]?.span_id, spanOf(traceId, 0));
      const requests = await requestsOf(store, traceId);
      assert.ok(requests.every((request) => request.consumed_at !== null || request.closed_at !== null));
    });

    it('leaves sagas alone whose workflows run', async () => {
      const traceId = await startNotes(store, 'runs');
      await until('the run', async () => (await sagaOf(store, traceId)).run_id);
      const other = await startNotes(store, 'terminated later');
      await until('the run', async () => (await sagaOf(store, other)).run_id);
      await delivering.client.workflow.getHandle(workflowId(other)).terminate();
      await until('the other to end', async () => (await sagaOf(store, other)).ended_at);
      assert.equal((await sagaOf(store, traceId)).status, 'PENDING');
    });
  });
}

// Temporal reports a workflow's problem after the fifth failed task, and waits longer after each.
const REPORTS_SOON = 'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2';

describe('reconcile with a worker process', () => {
  let temporal: TemporalServer;
  let store: Store;
  let delivering: Delivering;
  let worker: Worker;
  let running: Promise<void>;
  let connection: NativeConnection;
  before(async () => {
    temporal = await startTemporal({ config: [REPORTS_SOON] });
    const { address } = temporal;
    store = await openStoreOf('PGlite');
    await deployNotes(store);
    delivering = await startDelivery(store, { address });
    connection = await NativeConnection.connect({ address });
    const workflowsPath = new URL('./saga-that-waits.ts', import.meta.url).pathname;
    worker = await Worker.create({ connection, taskQueue: delivering.taskQueue, workflowsPath });
    running = worker.run();
  });
  after(async () => {
    worker.shutdown();
    await running;
    await connection.close();
    await delivering.stop();
    await store.close();
    await temporal.stop();
  });

  it('counts the worker processes that poll', async () => {
    await until('the poller', async () => {
      const { reachable, workers } = await temporalState(delivering.client, delivering.taskQueue);
      return reachable && workers === 1;
    });
    assert.equal((await temporalState(delivering.client, 'nobody-polls')).workers, 0);
  });

  it('sends decisions again to the run that a reset made', async () => {
    const traceId = await startNotes(store, 'reset');
    const first = await until('the run', async () => (await sagaOf(store, traceId)).run_id);
    await until(
      'the first task to be completed',
      async () => (await firstTask(delivering, traceId)) !== null,
    );
    await hold(store, traceId);
    await decideOn(store, traceId, 'approve');
    await until('the decision', async () => (await said(delivering.client, traceId)).length === 1);
    const { options, workflowService } = delivering.client;
    const { runId } = await workflowService.resetWorkflowExecution({
      namespace: options.namespace,
      workflowExecution: { workflowId: workflowId(traceId) },
      workflowTaskFinishEventId: await firstTask(delivering, traceId),
      requestId: traceId,
      reason: 'a test',
      resetReapplyType: 2,
    });
    assert.notEqual(runId, first);
    await until('the new run to be kept', async () => (await sagaOf(store, traceId)).run_id === runId);
    const approve = (await requestsOf(store, traceId)).at(-1);
    await until('the decision in the new run', async () =>
      (await said(delivering.client, traceId)).includes(`approve {"request":"${approve?.id}"}`),
    );
    assert.equal((await sagaOf(store, traceId)).ended_at, null);
    await delivering.client.workflow.getHandle(workflowId(traceId)).terminate();
  });

  it('marks a saga whose workflow tasks fail as stuck, and no more when it ended', async () => {
    const traceId = await startNotes(store, 'stuck');
    await until('the run', async () => (await sagaOf(store, traceId)).run_id);
    const handle = delivering.client.workflow.getHandle(workflowId(traceId));
    await handle.signal('break');
    const stuck = await until('the saga to be stuck', async () => (await sagaOf(store, traceId)).stuck);
    assert.equal(stuck.code, 'WORKFLOW_TASK_FAILED');
    assert.match(stuck.message, /WorkflowWorkerUnhandledFailure/);
    assert.match(stuck.hint, new RegExp(workflowId(traceId)));
    await handle.terminate();
    await until('the saga to end', async () => (await sagaOf(store, traceId)).stuck === null);
  });
});

async function openStoreOf(kind: string): Promise<Store> {
  const open = stores[kind];
  if (!open) throw new Error(`no store ${kind}`);
  return open('worker');
}

/** The event of the first completed workflow task, null when there is none yet. */
async function firstTask({ client }: Delivering, traceId: string) {
  const { events } = await client.workflow.getHandle(workflowId(traceId)).fetchHistory();
  return events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null;
}
