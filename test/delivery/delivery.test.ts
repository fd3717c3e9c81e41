import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { cancelSaga } from '../../store/cancel.ts';
import { spanOf } from '../../store/spans.ts';
import type { Store } from '../../store/store.ts';
import { ATTRIBUTES, workflowId } from '../../workflows/messages.ts';
import {
  ANNA,
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

/** All requests of a saga were accepted by Temporal. */
function untilDelivered(store: Store, traceId: string): Promise<unknown> {
  return until('all requests to be delivered', async () => {
    const requests = await requestsOf(store, traceId);
    return requests.every((request) => request.delivered_at !== null);
  });
}

for (const [kind, open] of Object.entries(stores)) {
  describe(`delivery from ${kind}`, () => {
    let store: Store;
    let delivering: Delivering;
    const points: string[] = [];
    before(async () => {
      store = await open('delivery');
      await deployNotes(store);
      delivering = await startDelivery(store, { crash: (point) => points.push(point) });
    });
    after(async () => {
      await delivering.stop();
      await store.close();
    });

    it('starts the workflow of a saga under its id, and keeps its run', async () => {
      const traceId = await startNotes(store, 'start');
      await untilDelivered(store, traceId);
      const description = await delivering.client.workflow.getHandle(workflowId(traceId)).describe();
      assert.equal(description.type, 'saga');
      assert.equal(description.taskQueue, delivering.taskQueue);
      assert.equal((await sagaOf(store, traceId)).run_id, description.runId);
      const attributes = description.typedSearchAttributes;
      assert.equal(attributes.get(ATTRIBUTES.status), 'RUNNING');
      assert.equal(attributes.get(ATTRIBUTES.namespace), 'default');
      assert.equal(attributes.get(ATTRIBUTES.saga), 'notes');
      assert.equal(await description.staticSummary(), 'default/notes 1');
      const { events } = await delivering.client.workflow.getHandle(workflowId(traceId)).fetchHistory();
      const started = events?.[0]?.workflowExecutionStartedEventAttributes;
      const input = JSON.parse(Buffer.from(started?.input?.payloads?.[0]?.data ?? []).toString());
      assert.equal(input.traceId, traceId);
      assert.equal(input.plan.length, 2);
      assert.equal(Number(started?.workflowExecutionTimeout?.seconds ?? 0), 0);
      assert.equal(Number(started?.workflowRunTimeout?.seconds ?? 0), 0);
      assert.deepEqual(points, []);
    });

    it('sends decisions and a cancel in their order, by the ids of their requests', async () => {
      const traceId = await startNotes(store, 'order');
      await hold(store, traceId);
      await decideOn(store, traceId, 'retry');
      await hold(store, traceId, 2);
      await decideOn(store, traceId, 'approve', 2);
      await cancelSaga(store, { traceId, namespace: 'default', actor: ANNA, reason: null });
      await untilDelivered(store, traceId);
      const [, retry, approve] = await requestsOf(store, traceId);
      assert.deepEqual(await said(delivering.client, traceId), [
        `retry {"request":"${retry?.id}"}`,
        `approve {"request":"${approve?.id}"}`,
        'cancel',
      ]);
      assert.deepEqual(points.splice(0), [
        ...['decided-not-sent', 'sent-not-consumed', 'decided-not-sent', 'sent-not-consumed'],
      ]);
    });

    it('sends an accepted request again, which is no second signal, and never the start of a saga that runs', async () => {
      const traceId = await startNotes(store, 'again');
      await hold(store, traceId);
      await decideOn(store, traceId, 'approve');
      await untilDelivered(store, traceId);
      await store.db
        .updateTable('requests')
        .set({ next_at: new Date(0) })
        .where('trace_id', '=', traceId)
        .execute();
      store.announce('request');
      await until('the second try', async () => {
        const approve = (await requestsOf(store, traceId)).at(-1);
        return approve?.attempts === 2 && approve.next_at.getTime() > Date.now() + 120_000;
      });
      assert.equal((await said(delivering.client, traceId)).length, 1);
      await until('the start to be consumed', async () => (await requestsOf(store, traceId))[0]?.consumed_at);
    });

    it('does not send what the saga has acted on before it was sent', async () => {
      const traceId = await startNotes(store, 'consumed');
      await untilDelivered(store, traceId);
      await hold(store, traceId);
      await delivering.stop();
      await decideOn(store, traceId, 'approve');
      const consumed = { consumed_at: new Date() };
      await store.db.updateTable('requests').set(consumed).where('kind', '=', 'approve').execute();
      delivering = await startDelivery(store, { crash: (point) => points.push(point) });
      const later = await startNotes(store, 'later');
      await untilDelivered(store, later);
      assert.deepEqual(await said(delivering.client, traceId), []);
    });

    it('claims a request once when two deliver at the same time', async () => {
      const second = await startDelivery(store);
      const traces = await Promise.all(Array.from({ length: 40 }, (_, n) => startNotes(store, `two ${n}`)));
      for (const traceId of traces) await untilDelivered(store, traceId);
      for (const traceId of traces) {
        const [start] = await requestsOf(store, traceId);
        assert.equal(start?.attempts, 1);
      }
      await second.stop();
    });

    it('closes a decision whose workflow was terminated, and the saga is FAILED', async () => {
      const traceId = await startNotes(store, 'closed');
      await untilDelivered(store, traceId);
      await hold(store, traceId);
      await delivering.client.workflow.getHandle(workflowId(traceId)).terminate();
      await decideOn(store, traceId, 'approve');
      const ended = await until('the saga to end', async () => {
        const row = await sagaOf(store, traceId);
        return row.ended_at !== null && row;
      });
      assert.equal(ended.status, 'FAILED');
      assert.equal(ended.failure?.code, 'TERMINATED');
      const requests = await requestsOf(store, traceId);
      assert.ok(requests.every((request) => request.closed_at !== null));
      const superseded = await store.db
        .selectFrom('ledger_entries')
        .select('span_id')
        .where('trace_id', '=', traceId)
        .where('type', '=', 'refusal')
        .execute();
      assert.deepEqual(superseded, [{ span_id: spanOf(traceId, 0) }]);
    });
  });
}
