import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { asOwner, fail } from '../../store/attempt.ts';
import { beginCall, recordResult } from '../../store/call.ts';
import { openHold } from '../../store/holding.ts';
import { skip } from '../../store/skip.ts';
import type { Measured } from '../../store/timing.ts';
import { commit, reason } from './definitions.ts';
import { stepRow } from './rows.ts';
import { calling, decideOn, DONE, openingOf, settleOn, started, take, type Run } from './sagas.ts';
import { onBothStores } from './stores.ts';

onBothStores('the timing of a step', (use) => {
  async function timing(run: Run): Promise<{ worker: JsonObject; engine: JsonObject }> {
    const { timing: found } = await stepRow(use.store, run, run.span(0));
    const { worker, engine } = found ?? {};
    assert.ok(isJsonObject(worker) && isJsonObject(engine), JSON.stringify(found));
    return { worker, engine };
  }

  /** Without what depends on the clock. */
  function measuredOf({ total_ms: _total, hold_ms: _hold, ...engine }: JsonObject): JsonObject {
    return engine;
  }

  async function called(run: Run, measured: Measured): Promise<void> {
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    await beginCall(use.store, ref, calling(run, ref, token));
    await recordResult(use.store, ref, DONE, measured);
  }

  it('has what was measured, in whole milliseconds, without zeros', async () => {
    const run = await started(use.store, [commit('write')]);
    await called(run, {
      worker: { hydration_ms: 0.4, setup_ms: 2.6, tool_ms: 7 },
      engine: { when_cel_ms: 0, schedule_ms: 2, policy_ms: 1.2 },
    });
    const { worker, engine } = await timing(run);
    assert.deepEqual(worker, { setup_ms: 3, tool_ms: 7 });
    assert.deepEqual(measuredOf(engine), { schedule_ms: 2, policy_ms: 1 });
  });

  it('counts from the dispatch to the record, and nothing where the clocks say that it came before', async () => {
    const run = await started(use.store, [commit('write')]);
    await called(run, { dispatchedAt: Date.now() - 3_600_000 });
    const { dispatch_to_ingest_ms: took } = (await timing(run)).engine;
    assert.ok(typeof took === 'number' && Number.isInteger(took) && took > 3_000_000, String(took));
    const other = await started(use.store, [commit('write')]);
    await called(other, { dispatchedAt: Date.now() + 3_600_000 });
    assert.equal((await timing(other)).engine['dispatch_to_ingest_ms'], undefined);
  });

  it('adds up over the phases and iterations of a step, and a decision takes nothing from it', async () => {
    const run = await started(use.store, [commit('write', { hitl: true })]);
    const step = run.saga.saga.steps[0];
    assert.ok(step);
    for (const iteration of [1, 2]) {
      const ref = run.ref(0, 'prepare', iteration);
      const token = await take(use.store, run, ref);
      const measured = { worker: { setup_ms: 3 }, engine: { policy_ms: 4, when_cel_ms: 1 } };
      await openHold(use.store, ref, token, {
        opening: { ...openingOf(step, null), measured },
        verdict: null,
      });
      assert.deepEqual(await timing(run), {
        worker: { setup_ms: 3 * iteration },
        engine: { policy_ms: 4 * iteration, when_cel_ms: iteration },
      });
      await decideOn(use.store, run, 0, { verb: iteration === 1 ? 'retry' : 'approve' });
      await settleOn(use.store, run, 0, { kind: 'opened' }, { iteration });
    }
    const ref = run.ref(0, 'act', 2);
    const token = await take(use.store, run, ref);
    await beginCall(use.store, ref, calling(run, ref, token));
    await recordResult(use.store, ref, DONE, { worker: { setup_ms: 1, tool_ms: 5 } });
    const { worker, engine } = await timing(run);
    assert.deepEqual(worker, { setup_ms: 7, tool_ms: 5 });
    assert.deepEqual(measuredOf(engine), { policy_ms: 8, when_cel_ms: 2 });
  });

  it('is kept of a step that failed, and of one that was skipped', async () => {
    const measured = { worker: { llm_ms: 9 }, engine: { when_cel_ms: 2 } };
    const failing = await started(use.store, [reason('think')]);
    const token = await take(use.store, failing, failing.ref(0));
    const failure = { code: 'LLM_FAILED', message: 'away' } as const;
    await asOwner(use.store, failing.ref(0), token, (court) =>
      fail(court, failing.ref(0), failure, { uncertain: false, measured }),
    );
    assert.deepEqual((await timing(failing)).worker, { llm_ms: 9 });
    const skipped = await started(use.store, [reason('think')]);
    await skip(use.store, skipped.ref(0), await take(use.store, skipped, skipped.ref(0)), measured);
    assert.equal((await timing(skipped)).engine['when_cel_ms'], 2);
  });
});
