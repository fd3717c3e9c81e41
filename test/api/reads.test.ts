import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import { judge } from '../../store/judge.ts';
import { spanOf, undoSpanOf } from '../../store/spans.ts';
import { held, SAGA, SENT, started, useApi, WORKER } from './support.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('lists over HTTP', () => {
  const api = useApi();

  it('a saga in the list has exactly the members of the contract', async () => {
    const trace = await started(api, { idempotency_key: 'k1', input: { a: 1 } });
    const { body } = await api.get(`/v1/sagas?trace_id=${trace}`);
    const { definition_id, started_at, digest: ran, ...rest } = body.items[0];
    assert.match(ran, /^[0-9a-f]{64}$/);
    assert.match(started_at, TIME);
    assert.match(definition_id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(rest, {
      trace_id: trace,
      namespace: 'default',
      status: 'PENDING',
      start_idempotency_key: 'k1',
      name: 'notes',
      version: '1',
      ended_at: null,
      failure: null,
      stuck: null,
    });
    assert.deepEqual({ limit: body.limit, offset: body.offset }, { limit: 50, offset: 0 });
  });

  it('sagas come newest first, page by page, and filters narrow them', async () => {
    const traces: string[] = [];
    for (let n = 0; n < 5; n += 1) traces.push(await started(api));
    const newest = [...traces].reverse();
    const of = async (query: string) => {
      const { body } = await api.get(`/v1/sagas?${query}`);
      return body.items.map((item: { trace_id: string }) => item.trace_id);
    };
    assert.deepEqual(await of('limit=5'), newest);
    assert.deepEqual([...(await of('limit=2')), ...(await of('limit=3&offset=2'))], newest);
    const [done, failed, stuck] = traces;
    assert.ok(done && failed && stuck);
    await judge(api.store, done, async ({ saga }) => void (saga.status = 'COMPLETED'));
    const failure = { code: 'LLM_FAILED', message: 'away', step_id: 'read' } as const;
    await judge(api.store, failed, async ({ saga }) => {
      saga.status = 'FAILED';
      saga.failure = failure;
    });
    const why = { code: 'WORKFLOW_TASK_FAILED', message: 'stopped', hint: 'look at it in Temporal' };
    await judge(api.store, stuck, async ({ saga }) => void (saga.stuck = why));
    assert.deepEqual(
      await of('limit=5&in_flight=true'),
      (await of('limit=9')).filter((id: string) => id !== done && id !== failed).slice(0, 5),
    );
    assert.deepEqual(await of('failed=true'), [failed]);
    assert.deepEqual(await of('stuck=1'), [stuck]);
    assert.deepEqual(await of('status=COMPLETED&status=FAILED'), [failed, done]);
    assert.deepEqual(await of('name=other'), []);
    assert.deepEqual(await of('namespace=other'), []);
    const shown = (await api.get('/v1/sagas?failed=true')).body.items[0];
    assert.deepEqual(shown.failure, failure);
    assert.deepEqual((await api.get('/v1/sagas?stuck=true')).body.items[0].stuck, why);
  });

  it('in_flight with status is 400, a value that a list does not know 422', async () => {
    assert.equal((await api.get('/v1/sagas?in_flight=true&status=FAILED')).status, 400);
    assert.equal((await api.get('/v1/sagas?in_flight=false&status=FAILED')).status, 200);
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'offset=-1',
      'offset=99999999999999999999',
      'status=DONE',
      'in_flight=maybe',
      'trace_id=1',
      'namespace=A',
      'limit=1&limit=2',
    ]) {
      const answer = await api.get(`/v1/sagas?${query}`);
      assert.equal(answer.status, 422, query);
      assert.equal(answer.body.detail[0].loc[0], 'query');
    }
    assert.equal((await api.get('/v1/sagas?unknown=1&limit=100&offset=9007199254740991')).status, 200);
  });

  it('a status that is none is told with its place and those that there are, never as missing', async () => {
    const trace = await started(api);
    for (const [path, known] of [
      ['/v1/sagas?status=FOO', 'COMPENSATED'],
      ['/v1/sagas?status=FAILED&status=FOO', 'COMPENSATED'],
      [`/v1/sagas/steps?trace_id=${trace}&status=FOO`, 'SKIPPED'],
    ] as const) {
      const { status, body } = await api.get(path);
      assert.equal(status, 422, path);
      const [{ loc, msg, type }] = body.detail;
      assert.deepEqual(loc, ['query', 'status', path.includes('FAILED') ? 1 : 0]);
      assert.equal(type, 'enum');
      assert.match(msg, new RegExp(`expected one of .*"${known}"`));
    }
    const [{ loc, type }] = (await api.get('/v1/sagas/steps')).body.detail;
    assert.deepEqual([loc, type], [['query', 'trace_id'], 'missing']);
  });

  it('steps come in order, an undo directly after its step and under its id, name, kind and place', async () => {
    const { trace } = await held(api);
    const forward = spanOf(trace, 1);
    const undo = undoSpanOf(trace, 1);
    await api.store.db
      .insertInto('steps')
      .values({
        trace_id: trace,
        span_id: undo,
        order_index: 99,
        step_id: 'whatever',
        name: 'Whatever',
        kind: 'commit',
        status: 'COMPENSATING',
        worker: 'undoer',
        worker_version: '2',
        compensates_span_id: forward,
        started_at: new Date(),
      })
      .execute();
    const { body } = await api.get(`/v1/sagas/steps?trace_id=${trace}`);
    assert.deepEqual(
      body.items.map((item: Record<string, unknown>) => [
        item['order_index'],
        item['step_id'],
        item['step_span_id'],
        item['status'],
      ]),
      [
        [0, 'read', spanOf(trace, 0), 'COMPLETED'],
        [1, 'write', forward, 'COMPLETED'],
        [1, 'write', undo, 'COMPENSATING'],
        [2, 'publish', spanOf(trace, 2), 'AWAITING_HUMAN'],
      ],
    );
    const { started_at, ...shown } = body.items[2];
    assert.match(started_at, TIME);
    assert.deepEqual(shown, {
      step_span_id: undo,
      saga_trace_id: trace,
      namespace: 'default',
      step_id: 'write',
      step_name: 'Write',
      step_kind: 'commit',
      order_index: 1,
      status: 'COMPENSATING',
      worker: 'undoer',
      worker_version: '2',
      compensates_span_id: forward,
      end_time: null,
      error_details: null,
      timing: { worker: {}, engine: {} },
      usage: null,
    });
    const filtered = await api.get(`/v1/sagas/steps?trace_id=${trace}&status=COMPENSATING&status=PENDING`);
    assert.equal(filtered.body.items.length, 1);
    const paged = await api.get(`/v1/sagas/steps?trace_id=${trace}&limit=1&offset=2`);
    assert.equal(paged.body.items[0].step_span_id, undo);
  });

  it('the steps of an unknown saga, or of one of another namespace, are 404; without trace_id 422', async () => {
    const trace = await started(api);
    assert.equal((await api.get(`/v1/sagas/steps?trace_id=${'0'.repeat(32)}`)).status, 404);
    assert.equal((await api.get(`/v1/sagas/steps?trace_id=${trace}&namespace=other`)).status, 404);
    assert.deepEqual((await api.get(`/v1/sagas/steps?trace_id=${trace}&status=FAILED`)).body.items, []);
    const answer = await api.get('/v1/sagas/steps');
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.detail, [
      { loc: ['query', 'trace_id'], msg: 'Field required', type: 'missing' },
    ]);
  });

  it('one step is shown with its arguments, output and prompt', async () => {
    const { trace, span } = await held(api);
    const done = await api.get(`/v1/sagas/${trace}/steps/${spanOf(trace, 0)}`);
    assert.equal(done.body.prompt_ref, 'read.j2');
    assert.deepEqual(done.body.output_payload, { data: { notes: 2 } });
    assert.deepEqual(done.body.resolved_arguments, {});
    const waiting = await api.get(`/v1/sagas/${trace}/steps/${span}`);
    assert.deepEqual(waiting.body.resolved_arguments, SENT);
    assert.equal(waiting.body.output_payload, null);
    assert.equal((await api.get(`/v1/sagas/${trace}/steps/${'0'.repeat(16)}`)).status, 404);
    assert.equal((await api.get(`/v1/sagas/${trace}/steps/${span}?namespace=other`)).status, 404);
    assert.equal((await api.get(`/v1/sagas/${trace}/steps/xyz`)).status, 422);
  });

  it('what waits for review has all that a reviewer needs, and what a rejection would undo', async () => {
    const { trace, span } = await held(api, { expiresMs: 3_600_000 });
    const { body } = await api.get(`/v1/sagas/pending-review?trace_id=${trace}`);
    const [{ started_at, expires_at, ...item }] = body.items;
    assert.match(started_at, TIME);
    assert.match(expires_at, TIME);
    assert.deepEqual(item, {
      namespace: 'default',
      saga_trace_id: trace,
      step_span_id: span,
      step_id: 'publish',
      step_name: 'Publish',
      step_kind: 'commit',
      order_index: 2,
      worker: 'clerk',
      worker_version: '1',
      review_subject: 'arguments',
      review_payload: SENT,
      sent: SENT,
      payload_hash: digest(SENT),
      iteration: 1,
      retries_left: 1,
      policy: { name: 'safe', cel: 'true', verdict: 'allowed' },
      undo_plan: [
        {
          order: 1,
          step_id: 'write',
          step_name: 'Write',
          step_span_id: spanOf(trace, 1),
          tool: 'delete_note',
          undo: 'declared',
        },
        {
          order: 2,
          step_id: 'read',
          step_name: 'Read',
          step_span_id: spanOf(trace, 0),
          tool: null,
          undo: 'none',
        },
      ],
    });
  });

  it('the undo plan is of the definition that the saga froze, whatever is deployed later', async () => {
    const { trace } = await held(api);
    await api.client.deploy(SAGA.replace('    compensation: unwrite.yaml\n', ''));
    const later = await held(api);
    const plan = async (id: string) => {
      const { body } = await api.get(`/v1/sagas/pending-review?trace_id=${id}`);
      return body.items[0].undo_plan.map((item: { undo: string }) => item.undo);
    };
    assert.deepEqual(await plan(trace), ['declared', 'none']);
    assert.deepEqual(await plan(later.trace), ['none', 'none']);
    await api.client.deploy(SAGA);
  });

  it('the digest of a saga names what it runs: a deploy changes that of later sagas, never its own', async () => {
    const digestOf = async (trace: string) =>
      (await api.get(`/v1/sagas?trace_id=${trace}`)).body.items[0].digest;
    const first = await started(api);
    const before = await digestOf(first);
    assert.equal(await digestOf(await started(api)), before);
    for (const changed of [SAGA.replace('Reads, writes', 'Reads'), WORKER.replace('keep', 'tidy')]) {
      await api.client.deploy(changed);
      assert.notEqual(await digestOf(await started(api)), before);
      assert.equal(await digestOf(first), before);
      await api.client.deploy(WORKER);
      await api.client.deploy(SAGA);
    }
    assert.equal(await digestOf(await started(api)), before, 'the same again has the same digest');
  });

  it('what waits comes newest first, is filtered by kind, and leaves the list with its decision', async () => {
    const first = await held(api);
    const second = await held(api);
    const of = async (query: string) => {
      const { body } = await api.get(`/v1/sagas/pending-review?${query}`);
      return body.items.map((item: { saga_trace_id: string }) => item.saga_trace_id);
    };
    assert.deepEqual(await of('limit=2'), [second.trace, first.trace]);
    assert.deepEqual(await of('limit=1&offset=1'), [first.trace]);
    assert.deepEqual(await of('kind=reason'), []);
    assert.deepEqual(await of('namespace=other'), []);
    await api.client.approve(second.trace, second.span);
    assert.deepEqual(await of('limit=1&kind=commit'), [first.trace]);
  });
});
