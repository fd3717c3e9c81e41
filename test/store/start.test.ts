import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'mocha';
import { sagaInput, startSaga, type StartAsked } from '../../store/start.ts';
import { spanOf, undoSpanOf } from '../../store/spans.ts';
import { commit, reason, sagaOf, UNDO } from './definitions.ts';
import { deploy } from '../../store/definitions.ts';
import { ANA, deployed } from './sagas.ts';
import { onBothStores } from './stores.ts';

const newTrace = () => randomBytes(16).toString('hex');

onBothStores('a start', (use) => {
  async function asking(fields: Partial<StartAsked> = {}): Promise<StartAsked> {
    const steps = [reason('read'), commit('write', { hitl: true, compensation: UNDO })];
    const { name, version, namespace } = await deployed(use.store, steps);
    const asked = { namespace, name, version, input: {}, idempotencyKey: null, traceId: null, actor: ANA };
    return { ...asked, ...fields };
  }

  async function countOf(name: string): Promise<number> {
    return (await use.store.db.selectFrom('sagas').select('trace_id').where('name', '=', name).execute())
      .length;
  }

  it('writes the saga, all its step rows PENDING, its request and its first ledger entry, and tells delivery', async () => {
    const news: string[] = [];
    const stops = (['request', 'entry'] as const).map((each) =>
      use.store.onNews(each, () => news.push(each)),
    );
    const asked = await asking({ input: { topic: 'notes' } });
    news.length = 0;
    const result = await startSaga(use.store, asked);
    for (const stop of stops) stop();
    assert.ok(result.kind === 'started');
    assert.deepEqual(news.toSorted(), ['entry', 'request']);
    const trace = result.traceId;
    assert.match(trace, /^[0-9a-f]{32}$/);
    const steps = await use.store.db
      .selectFrom('steps')
      .select(['span_id', 'step_id', 'status', 'order_index', 'resolved_arguments'])
      .where('trace_id', '=', trace)
      .orderBy('order_index')
      .execute();
    const pending = { status: 'PENDING', resolved_arguments: {} };
    assert.deepEqual(steps, [
      { span_id: spanOf(trace, 0), step_id: 'read', order_index: 0, ...pending },
      { span_id: spanOf(trace, 1), step_id: 'write', order_index: 1, ...pending },
    ]);
    const requests = await use.store.db
      .selectFrom('requests')
      .select(['kind'])
      .where('trace_id', '=', trace)
      .execute();
    assert.deepEqual(requests, [{ kind: 'start' }]);
  });

  it('the workflow is given ids, kinds and times, and nothing of the content', async () => {
    const asked = await asking({ input: { secret: 'input' } });
    const result = await startSaga(use.store, asked);
    assert.ok('traceId' in result);
    const { traceId } = result;
    const { plan, ...input } = await sagaInput(use.store, traceId);
    assert.deepEqual([input.traceId, input.namespace], [traceId, 'default']);
    const undo = { span: undoSpanOf(traceId, 1), timeout: 60 };
    assert.deepEqual(plan, [
      { span: spanOf(traceId, 0), id: 'read', kind: 'reason', hitl: false, timeout: 60 },
      { span: spanOf(traceId, 1), id: 'write', kind: 'commit', hitl: true, timeout: 60, undo },
    ]);
  });

  it('with the same key, or the same trace id, and the same request answers the existing saga', async () => {
    const key = await asking({ idempotencyKey: 'monday' });
    const first = await startSaga(use.store, key);
    assert.ok('traceId' in first && first.kind === 'started');
    const existing = { kind: 'existing', traceId: first.traceId };
    assert.deepEqual(await startSaga(use.store, key), existing);
    assert.deepEqual(await startSaga(use.other, { ...key, traceId: first.traceId }), existing);
    assert.deepEqual(
      await startSaga(use.store, { ...key, idempotencyKey: null, traceId: first.traceId }),
      existing,
    );
    const members = { ...key, input: { ...key.input } };
    assert.deepEqual(await startSaga(use.store, members), existing);
    assert.equal(await countOf(key.name), 1);
  });

  it('with the same key or trace id and another request conflicts, and starts nothing', async () => {
    const asked = await asking({ idempotencyKey: `k-${newTrace()}`, traceId: newTrace() });
    assert.equal((await startSaga(use.store, asked)).kind, 'started');
    for (const other of [
      { ...asked, input: { other: true } },
      { ...asked, version: '2' },
      { ...asked, idempotencyKey: 'another' },
      { ...asked, traceId: newTrace() },
      { ...asked, namespace: 'elsewhere', idempotencyKey: null },
    ]) {
      const result = await startSaga(use.store, other);
      assert.ok(result.kind === 'conflict', JSON.stringify(result));
      assert.match(result.message, /already started a saga with another request; expected the same/);
    }
    assert.equal(await countOf(asked.name), 1);
  });

  it('a key belongs to its namespace', async () => {
    const asked = await asking({ idempotencyKey: 'tuesday' });
    assert.equal((await startSaga(use.store, asked)).kind, 'started');
    const other = await startSaga(use.store, { ...asked, namespace: 'elsewhere' });
    assert.equal(
      other.kind,
      'unknown',
      'not a conflict: there the key is free, only the definition is missing',
    );
  });

  it('of many at the same moment with one key makes exactly one saga, and answers it to all', async () => {
    for (const same of [{ idempotencyKey: `many-${newTrace()}` }, { traceId: newTrace() }]) {
      const asked = await asking(same);
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, index) => startSaga(index % 2 === 0 ? use.store : use.other, asked)),
      );
      assert.equal(results.filter(({ kind }) => kind === 'started').length, 1);
      assert.equal(results.filter(({ kind }) => kind === 'existing').length, 9);
      assert.equal(new Set(results.map((each) => ('traceId' in each ? each.traceId : ''))).size, 1);
      assert.equal(await countOf(asked.name), 1);
    }
  });

  it('of two at the same moment with one key and different requests starts one, the other conflicts', async () => {
    for (let pair = 0; pair < 5; pair += 1) {
      const asked = await asking({ idempotencyKey: newTrace() });
      const results = await Promise.all([
        startSaga(use.store, asked),
        startSaga(use.other, { ...asked, input: { other: true } }),
      ]);
      assert.deepEqual(results.map(({ kind }) => kind).toSorted(), ['conflict', 'started']);
    }
  });

  it('of a definition that is not deployed, or whose worker is not, is unknown and says which', async () => {
    const asked = await asking();
    const missing = await startSaga(use.store, { ...asked, version: '9' });
    assert.ok(missing.kind === 'unknown');
    assert.equal(missing.message, `no saga definition ${asked.name} 9 is deployed in namespace default`);
    const orphan = sagaOf([reason('read', { worker: 'nobody' })]);
    await deploy(use.store, orphan, ANA);
    const result = await startSaga(use.store, { ...asked, name: orphan.name });
    assert.ok(result.kind === 'unknown');
    assert.equal(result.message, 'the worker nobody 1 is not deployed in namespace default');
  });
});
