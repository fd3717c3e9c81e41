import assert from 'node:assert/strict';
import { it } from 'mocha';
import { takeStep } from '../../store/attempt.ts';
import { TokenLost } from '../../store/executions.ts';
import type { Store } from '../../store/store.ts';
import { reason } from './definitions.ts';
import { started, type Run } from './sagas.ts';
import { at, onBothStores } from './stores.ts';

onBothStores('an attempt that begins after a later one has taken over', (use) => {
  const times = [1, 2, 3].map((second) => new Date(Date.UTC(2030, 0, 1, 0, 0, second)));
  const [earlier, later, latest] = times;

  function taken(store: Store, run: Run, scheduledAt: Date | undefined) {
    return takeStep(store, run.ref(0), { kind: 'reason', hitl: false }, scheduledAt);
  }

  it('takes nothing from one that lives, and does not hinder the one that comes after', async () => {
    const run = await started(use.store, [reason('read')]);
    assert.deepEqual(await taken(use.store, run, later), { kind: 'go', token: 1, review: null });
    await assert.rejects(taken(use.other, run, earlier), (error) => error instanceof TokenLost);
    assert.deepEqual(await taken(use.other, run, latest), { kind: 'go', token: 2, review: null });
  });

  it('takes over from one that is dead: a clock that was set back stops no saga', async () => {
    const run = await started(use.store, [reason('read')]);
    assert.deepEqual(await taken(use.store, run, later), { kind: 'go', token: 1, review: null });
    const inAMinute = at(use.store, new Date(Date.now() + 60_000));
    assert.deepEqual(await taken(inAMinute, run, earlier), { kind: 'go', token: 2, review: null });
  });
});
