import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { temporalState } from '../../delivery/readiness.ts';
import type { Store } from '../../store/store.ts';
import { workflowId } from '../../workflows/messages.ts';
import { startTemporal } from '../support/temporal.ts';
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

function untilDelivered(store: Store, traceId: string): Promise<unknown> {
  return until('all requests to be delivered', async () => {
    const requests = await requestsOf(store, traceId);
    return requests.every((request) => request.delivered_at !== null);
  });
}

/** The same for each store, side by side. */
function each<Result>(work: (kind: string) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Object.keys(stores).map(work));
}

async function opened(kind: string, name: string, address: string) {
  const open = stores[kind];
  assert.ok(open);
  const store = await open(name);
  await deployNotes(store);
  return { store, delivering: await startDelivery(store, { address }) };
}

describe('delivery while Temporal is away, from each store', () => {
  it('keeps what was accepted, shows the error, and delivers it when Temporal is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warden-away-'));
    const temporal = await startTemporal({ stateFile: join(folder, 'temporal.db') });
    const all = await each(async (kind) => {
      const { store, delivering } = await opened(kind, 'away', temporal.address);
      const held = await startNotes(store, 'held');
      await untilDelivered(store, held);
      await hold(store, held);
      return { store, delivering, held };
    });
    await temporal.kill();
    const accepted = await Promise.all(
      all.map(async ({ store, delivering, held }) => {
        assert.equal(await decideOn(store, held, 'approve'), 'queued');
        const fresh = await startNotes(store, 'fresh');
        await until('the error to be shown', async () => (await requestsOf(store, held)).at(-1)?.error);
        assert.deepEqual(await temporalState(delivering.client, delivering.taskQueue), {
          reachable: false,
          workers: 0,
        });
        return { store, delivering, held, fresh };
      }),
    );
    await temporal.restart();
    for (const { store, delivering, held, fresh } of accepted) {
      await untilDelivered(store, held);
      await untilDelivered(store, fresh);
      assert.equal((await requestsOf(store, held)).at(-1)?.error, null);
      assert.equal((await said(delivering.client, held)).length, 1);
      assert.equal((await temporalState(delivering.client, delivering.taskQueue)).reachable, true);
      await delivering.stop();
      await store.close();
    }
    await temporal.stop();
    await rm(folder, { recursive: true });
  });

  it('starts a saga in flight again when Temporal lost its state, with what it had not acted on', async () => {
    const temporal = await startTemporal();
    const all = await each(async (kind) => {
      const { store, delivering } = await opened(kind, 'lost', temporal.address);
      const decided = await startNotes(store, 'decided');
      const waiting = await startNotes(store, 'waiting');
      await hold(store, decided);
      await decideOn(store, decided, 'approve');
      await untilDelivered(store, decided);
      await untilDelivered(store, waiting);
      return { store, delivering, decided, waiting, before: (await sagaOf(store, waiting)).run_id };
    });
    await temporal.kill();
    await temporal.restart();
    for (const { store, delivering, decided, waiting, before } of all) {
      for (const traceId of [decided, waiting]) {
        const handle = delivering.client.workflow.getHandle(workflowId(traceId));
        await until('the saga to be started again', () => handle.describe().catch(() => null));
      }
      const sent = async () => (await said(delivering.client, decided)).length === 1;
      await until('the decision to be sent again', sent);
      await until('the new run to be kept', async () => {
        const { run_id } = await sagaOf(store, waiting);
        return run_id !== null && run_id !== before;
      });
      assert.equal((await sagaOf(store, decided)).status, 'AWAITING_HUMAN');
      await delivering.stop();
      await store.close();
    }
    await temporal.stop();
  });
});
