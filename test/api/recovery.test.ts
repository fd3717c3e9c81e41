import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { beginCall } from '../../store/call.ts';
import { takeStep } from '../../store/attempt.ts';
import { judge } from '../../store/judge.ts';
import { spanOf, undoSpanOf } from '../../store/spans.ts';
import { held, started, useApi, type TestApi } from './support.ts';

const WRITE = { kind: 'commit', hitl: false } as const;

/** A saga whose second step, a commit, is in the middle of its call. */
async function calling(api: TestApi): Promise<{ trace: string; span: string; path: string }> {
  const trace = await started(api);
  const span = spanOf(trace, 1);
  const ref = { traceId: trace, span, iteration: 1, phase: 'act' } as const;
  const taken = await takeStep(api.store, ref, WRITE);
  assert.ok(taken.kind === 'go');
  const call = { token: taken.token, tool: 'write_note', idempotent: false, sent: {}, prepared: null };
  await beginCall(api.store, ref, { ...call, prepared: { resolved: {}, verdict: null } });
  return { trace, span, path: `/v1/sagas/${trace}/steps/${span}` };
}

describe('POST …/retry-step and …/retry-compensation', () => {
  const api = useApi();

  it('an attempt that lives: 202 claim_active without force, 409 with force alone, 202 scheduled with both', async () => {
    const { trace, span, path } = await calling(api);
    const plain = await api.post(`${path}/retry-step`);
    assert.equal(plain.status, 202);
    assert.deepEqual(plain.body, {
      status: 'claim_active',
      idempotency_key: `${trace}:${span}`,
      worker_command_key: `${trace}:${span}:1`,
      recovery_token: plain.body.recovery_token,
    });
    const forced = await api.post(`${path}/retry-step`, { force: true });
    assert.equal(forced.status, 409);
    assert.match(forced.body.detail, /allow_destructive/);
    const both = { force: true, allow_destructive: true, reason: 'hangs', decided_by: 'ana' };
    const scheduled = await api.post(`${path}/retry-step`, both);
    assert.deepEqual([scheduled.status, scheduled.body.status], [202, 'scheduled']);
  });

  it('a token answers the very same body again, and is refused with other parameters', async () => {
    const { path } = await calling(api);
    const body = { recovery_token: 'ana-2030-01', reason: 'first' };
    const first = await api.post(`${path}/retry-step`, body);
    assert.equal(first.body.recovery_token, 'ana-2030-01');
    const again = await api.post(`${path}/retry-step`, body);
    assert.deepEqual([again.status, again.text], [202, first.text]);
    const other = await api.post(`${path}/retry-step`, { ...body, force: true, allow_destructive: true });
    assert.equal(other.status, 409);
    assert.match(other.body.detail, /ana-2030-01 was used with other parameters/);
  });

  it('409 for an undo span or a forward span in the wrong place, and for a step that does not run', async () => {
    const { trace, span } = await held(api);
    const path = `/v1/sagas/${trace}/steps`;
    const waiting = await api.post(`${path}/${span}/retry-step`);
    assert.equal(waiting.status, 409);
    assert.match(waiting.body.detail, /is AWAITING_HUMAN and the saga is AWAITING_HUMAN/);
    const forward = await api.post(`${path}/${span}/retry-compensation`);
    assert.equal(forward.status, 409);
    assert.match(forward.body.detail, /expected the span of an undo, got the forward step publish/);
    const undo = undoSpanOf(trace, 1);
    await judge(api.store, trace, async ({ tx, saga, now }) => {
      saga.status = 'COMPENSATING';
      const row = await tx
        .selectFrom('steps')
        .selectAll()
        .where('span_id', '=', spanOf(trace, 1))
        .executeTakeFirst();
      assert.ok(row);
      await tx
        .insertInto('steps')
        .values({
          trace_id: trace,
          span_id: undo,
          order_index: row.order_index,
          step_id: row.step_id,
          name: row.name,
          kind: row.kind,
          status: 'PENDING',
          worker: row.worker,
          worker_version: row.worker_version,
          compensates_span_id: row.span_id,
          started_at: now,
        })
        .execute();
    });
    const wrong = await api.post(`${path}/${undo}/retry-step`);
    assert.match(wrong.body.detail, /got the undo of write; take it up again with retry-compensation/);
    const early = await api.post(`${path}/${undo}/retry-compensation`);
    assert.equal(early.status, 409);
    assert.match(early.body.detail, /it has not begun/);
  });

  it('404 for what is unknown or of another namespace, 422 for what cannot be meant', async () => {
    const { trace, path } = await calling(api);
    const unknown = `/v1/sagas/${trace}/steps/${'f'.repeat(16)}`;
    for (const act of ['retry-step', 'retry-compensation']) {
      assert.equal((await api.post(`${unknown}/${act}`)).status, 404);
      assert.equal(
        (await api.post(`/v1/sagas/${'f'.repeat(32)}/steps/${'f'.repeat(16)}/${act}`)).status,
        404,
      );
      assert.equal((await api.post(`${path}/${act}?namespace=other`)).status, 404);
      const bad = [
        { force: 'yes' },
        { recovery_token: 'short' },
        { recovery_token: 'x'.repeat(129) },
        { reason: 7 },
      ];
      for (const body of bad)
        assert.equal((await api.post(`${path}/${act}`, body)).status, 422, JSON.stringify(body));
    }
  });
});
