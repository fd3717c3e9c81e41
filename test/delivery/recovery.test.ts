import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Store } from '../../store/store.ts';
import { workflowId } from '../../workflows/messages.ts';
import { accepted, failed, failUndoOn, recoverOn } from '../store/recoveries.ts';
import { entriesOf } from '../store/rows.ts';
import { started, take, type Run } from '../store/sagas.ts';
import { reason } from '../store/definitions.ts';
import { requestsOf, sagaOf, said, startDelivery, stores, until } from './support.ts';

const AGAIN = { act: 'retry-compensation' } as const;

for (const [kind, open] of Object.entries(stores)) {
  describe(`recoveries delivered from ${kind}`, () => {
    let store: Store;
    before(async () => {
      store = await open('delivery_recovery');
    });
    after(() => store.close());

    // A saga that goes on before its start was sent has no workflow.
    const untilRuns = ({ trace }: Run) => until('the run', async () => (await sagaOf(store, trace)).run_id);

    it('the process that accepted one dies before it tells Temporal: another one tells it, once', async () => {
      const run = await started(store, [reason('think')]);
      const first = await startDelivery(store);
      await untilRuns(run);
      await take(store, run, run.ref(0));
      await first.stop();
      await accepted(recoverOn(store, run, run.span(0), { force: true }));
      const second = await startDelivery(store);
      await until('the request to be delivered', async () =>
        (await requestsOf(store, run.trace)).every(({ delivered_at }) => delivered_at !== null),
      );
      const [, request] = await requestsOf(store, run.trace);
      assert.deepEqual(await said(second.client, run.trace), [`retry_step {"request":"${request?.id}"}`]);
      await second.stop();
    });

    it('a saga whose undo failed is TERMINATED with its workflow, and is not taken up again after that', async () => {
      const delivering = await startDelivery(store);
      const { run, cause } = await failed(store, untilRuns);
      await failUndoOn(store, run, 1, cause);
      await delivering.client.workflow.getHandle(workflowId(run.trace)).terminate('by hand');
      const end = await until('the saga to show it', async () => {
        const row = await sagaOf(store, run.trace);
        return row.failure?.code === 'TERMINATED' && row;
      });
      assert.equal(end.status, 'FAILED');
      assert.match(
        end.failure?.message ?? '',
        /was terminated in Temporal; before, the undo of step two failed/,
      );
      const refused = await recoverOn(store, run, run.undo(1, cause).span, AGAIN);
      assert.equal(refused.kind, 'conflict');
      await delivering.stop();
    });

    it('one that was accepted before the termination was seen is closed, and the saga says why', async () => {
      const first = await startDelivery(store);
      const { run, cause } = await failed(store, untilRuns);
      await failUndoOn(store, run, 1, cause);
      await first.stop();
      const second = await startDelivery(store);
      await accepted(recoverOn(store, run, run.undo(1, cause).span, AGAIN));
      await second.client.workflow.getHandle(workflowId(run.trace)).terminate('by hand');
      await until('the saga to end', async () => (await sagaOf(store, run.trace)).ended_at);
      const { status, failure } = await sagaOf(store, run.trace);
      assert.deepEqual([status, failure?.code], ['FAILED', 'TERMINATED']);
      const requests = await requestsOf(store, run.trace);
      assert.ok(requests.every(({ consumed_at, closed_at }) => consumed_at !== null || closed_at !== null));
      const types = (await entriesOf(store, run)).map(({ type }) => type);
      assert.equal(types.at(-1), 'end');
      await second.stop();
    });
  });
}
