import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { ApiError, ApiUnreachable, createApiClient } from '../../api/client.ts';
import { started, useApi } from './support.ts';

const NOTES = { name: 'notes', version: '1' };

describe('starting a saga over HTTP', () => {
  const api = useApi();
  const start = (body: object) => api.post('/v1/sagas/start', body);

  it('is 202 with the trace id, and the same key again answers the same saga', async () => {
    const first = await start({ ...NOTES, input: { a: 1, b: 2 }, idempotency_key: 'once' });
    assert.equal(first.status, 202);
    assert.deepEqual(Object.keys(first.body), ['trace_id']);
    const again = await start({
      ...NOTES,
      namespace: 'default',
      input: { b: 2, a: 1 },
      idempotency_key: 'once',
    });
    assert.deepEqual([again.status, again.body], [202, first.body]);
    const other = await start({ ...NOTES, input: { a: 2 }, idempotency_key: 'once' });
    assert.equal(other.status, 409);
  });

  it('twenty starts with one key at the same moment are one saga', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => start({ ...NOTES, idempotency_key: 'race' })),
    );
    assert.equal(new Set(answers.map(({ status, body }) => `${status} ${body.trace_id}`)).size, 1);
  });

  it('a trace id that is given is taken, and given again with another request 409', async () => {
    const trace_id = randomBytes(16).toString('hex');
    assert.deepEqual((await start({ ...NOTES, trace_id })).body, { trace_id });
    assert.deepEqual((await start({ ...NOTES, trace_id })).body, { trace_id });
    assert.equal((await start({ ...NOTES, trace_id, input: { a: 1 } })).status, 409);
  });

  it('an unknown definition is 404, a bad value 422 with its place', async () => {
    assert.equal((await start({ name: 'nobody', version: '1' })).status, 404);
    assert.equal((await start({ ...NOTES, namespace: 'other' })).status, 404);
    const wrong: [object, string][] = [
      [{}, 'name'],
      [{ name: 'notes', version: 1 }, 'version'],
      [{ ...NOTES, name: 'x'.repeat(129) }, 'name'],
      [{ ...NOTES, version: 'x'.repeat(51) }, 'version'],
      [{ ...NOTES, namespace: 'Upper' }, 'namespace'],
      [{ ...NOTES, namespace: 'a\n' }, 'namespace'],
      [{ ...NOTES, input: [] }, 'input'],
      [{ ...NOTES, input: 'text' }, 'input'],
      [{ ...NOTES, idempotency_key: 'x'.repeat(257) }, 'idempotency_key'],
      [{ ...NOTES, idempotency_key: '' }, 'idempotency_key'],
      [{ ...NOTES, trace_id: 'A'.repeat(32) }, 'trace_id'],
    ];
    for (const [body, member] of wrong) {
      const { status, body: problem, text } = await start(body);
      assert.equal(status, 422, text);
      assert.deepEqual(problem.detail[0].loc, ['body', member]);
    }
  });

  it('null members are absent ones', async () => {
    const body = { ...NOTES, namespace: null, input: null, idempotency_key: null, trace_id: null };
    assert.equal((await start(body)).status, 202);
  });

  it('the export of the ledger is one JSON entry a line, of one saga when asked', async () => {
    const trace = await started(api);
    const answer = await api.get('/v1/ledger/export');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ seq }) => seq),
      lines.map((_line, at) => at + 1),
    );
    const own = (await api.get(`/v1/ledger/export?trace_id=${trace}`)).text.trimEnd().split('\n');
    assert.deepEqual(
      own.map((line) => JSON.parse(line).type),
      ['start'],
    );
    const later = await api.get(`/v1/ledger/export?after_seq=${lines.length}`);
    assert.equal(later.text, '');
    assert.equal((await api.get('/v1/ledger/export?after_seq=-1')).status, 422);
    assert.equal((await api.get('/v1/ledger/export?project=p')).status, 422);
  });

  it('health is 200; ready is 503 with the state of each part until all are there', async () => {
    assert.deepEqual((await api.get('/v1/health')).body, { status: 'ok' });
    const ready = await api.get('/v1/ready');
    assert.equal(ready.status, 200);
    const parts = { temporal: { reachable: true }, store: { reachable: true }, workers: { count: 1 } };
    assert.deepEqual(ready.body, { ready: true, ...parts });
    api.temporal = { reachable: false, workers: 0 };
    const away = await api.get('/v1/ready');
    assert.equal(away.status, 503);
    assert.ok(away.headers.get('retry-after'));
    assert.deepEqual(away.body.temporal, { reachable: false });
    assert.deepEqual(await api.client.ready(), {
      ready: false,
      temporal: { reachable: false },
      store: { reachable: true },
      workers: { count: 0 },
    });
    api.temporal = { reachable: true, workers: 0 };
    assert.match((await api.get('/v1/ready')).body.detail, /worker process/);
    api.temporal = { reachable: true, workers: 1 };
  });

  it('the client says what the server said, or that nobody answered', async () => {
    await assert.rejects(api.client.startSaga({ name: 'x'.repeat(200), version: '' }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 422);
      assert.match(error.message, /^name: .*\nversion: /);
      return true;
    });
    await assert.rejects(api.client.showStep('0'.repeat(32), '0'.repeat(16)), /no step/);
    await assert.rejects(createApiClient('http://127.0.0.1:1').health(), ApiUnreachable);
    const [item] = (await api.client.listDefinitions('worker')).items;
    assert.equal(item?.adapter, 'langchain');
  });

  it('a store that is away is 503 with Retry-After, and ready says which part is missing', async () => {
    const trace = await started(api);
    await api.closeStore();
    for (const answer of [
      await start(NOTES),
      await api.get('/v1/sagas'),
      await api.post(`/v1/sagas/${trace}/cancel`),
      await api.get('/v1/ledger/export'),
      await api.ask('POST', '/v1/manifests', {
        body: 'kind: worker\nname: w\nversion: "1"\nprovider: mock\nmodel_name: mock\nsystem_prompt: x\n',
      }),
    ]) {
      assert.equal(answer.status, 503, answer.text);
      assert.ok(answer.headers.get('retry-after'));
    }
    assert.deepEqual((await api.get('/v1/ready')).body.store, { reachable: false });
    assert.equal((await api.get('/v1/health')).status, 200);
  });
});
