import assert from 'node:assert/strict';
import { before, describe } from 'mocha';
import { until } from '../support/stack.ts';
import { odd, ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';
import { fails, UNDO, useWorld, write } from './world.ts';

describe('how an undo goes', () => {
  const world = useWorld(ODD_ENV);
  const server = useOdd(world);
  const http = () => world.stack().http;
  const undoOf = async (traceId: string, stepId: string) => {
    const row = (await world.rows(traceId)).find(
      ({ step_id, compensates_span_id }) => step_id === stepId && compensates_span_id !== null,
    );
    assert.ok(row, `an undo of ${stepId}`);
    return await http().showStep(traceId, row.step_span_id);
  };

  // Five attempts take their time, so these wait together.
  let failing: Record<'refused' | 'erring' | 'between', Awaited<ReturnType<typeof world.run>>>;
  before(async () => {
    const [refused, erring, between] = await Promise.all([
      world.run([odd('a', 'take', server.undoBy('refuse')), fails('b')]),
      world.run([odd('a', 'take', server.undoBy('err')), fails('b')]),
      world.run([write('a', UNDO), odd('b', 'take', server.undoBy('err')), fails('c')]),
    ]);
    failing = { refused, erring, between };
  });

  proves('UNDO-9', async () => {
    const { traceId, saga } = failing.refused;
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'COMPENSATION_FAILED']);
    const undo = await undoOf(traceId, 'a');
    assert.deepEqual(
      [undo.status, undo.error_details?.['code'], undo.error_details?.['attempts']],
      ['FAILED', 'TOOL_INVOKE_FAILED', 5],
    );
    const calls = server.calls(traceId).filter(({ tool }) => tool === 'refuse');
    assert.deepEqual(
      calls.map(({ key }) => key),
      Array<string>(5).fill(`${traceId}:${undo.step_span_id}`),
    );
  });

  proves('UNDO-10', async () => {
    const { traceId, saga } = failing.erring;
    assert.equal(saga.failure?.code, 'COMPENSATION_FAILED');
    const { error_details } = await undoOf(traceId, 'a');
    assert.deepEqual([error_details?.['code'], error_details?.['attempts']], ['TOOL_OUTPUT_ERROR', 5]);
    assert.equal(server.calls(traceId).filter(({ tool }) => tool === 'err').length, 5);
  });

  proves('UNDO-11', async () => {
    const { traceId, saga } = failing.between;
    assert.deepEqual(
      [saga.status, saga.failure?.code, saga.failure?.step_id],
      ['FAILED', 'COMPENSATION_FAILED', 'b'],
    );
    assert.equal((await undoOf(traceId, 'b')).status, 'FAILED');
    assert.equal((await undoOf(traceId, 'a')).status, 'PENDING');
    assert.equal(world.note('a.md'), 'a');
    assert.equal(world.record(traceId).filter(({ tool }) => tool === 'restore_note').length, 0);
  });

  proves('UNDO-12', async () => {
    world.rehearse({ restore_note: { fail: 'the archive is locked' } });
    const { traceId, saga } = await world.run([
      write('a', UNDO),
      odd('b', 'take', server.undoBy('take')),
      fails('c'),
    ]);
    const { step_span_id, status } = await undoOf(traceId, 'a');
    assert.deepEqual(
      [saga.status, status, (await undoOf(traceId, 'b')).status],
      ['FAILED', 'FAILED', 'COMPENSATED'],
    );
    await http().retryCompensation(traceId, step_span_id);
    assert.equal((await world.end(traceId)).status, 'FAILED');
    world.rehearse(null);
    await http().retryCompensation(traceId, step_span_id);
    assert.equal((await world.end(traceId)).status, 'COMPENSATED');
    const types = (await world.ledger(traceId)).map(({ type }) => type);
    assert.deepEqual(
      types.filter((type) => ['undo.compensated', 'undo.failed', 'end'].includes(type)),
      ['undo.compensated', 'undo.failed', 'end', 'undo.failed', 'end', 'undo.compensated', 'end'],
    );
  });

  proves('UNDO-15', async () => {
    const by = server.undoBy('take', {
      facts: { from: '$._compensation' },
      said: { from: '$.steps.a.output.data.took.text' },
    });
    const { traceId } = await world.run([odd('a', 'take', by), odd('b', 'die', by)]);
    const [undoB, undoA] = server.calls(traceId).slice(2);
    const facts = async (id: string, index: number, more: object) => {
      const forward = (await world.show(traceId, id)).step_span_id;
      const undo = (await undoOf(traceId, id)).step_span_id;
      return {
        undo_span_id: undo,
        forward_span_id: forward,
        forward_step_id: id,
        forward_order_index: index,
        idempotency_key: `${traceId}:${undo}`,
        forward_idempotency_key: `${traceId}:${forward}`,
        ...more,
      };
    };
    const known = { forward_status: 'COMPLETED', has_forward_output: true };
    const lost = { forward_status: 'FAILED', has_forward_output: false };
    assert.deepEqual(undoA?.arguments, {
      facts: await facts('a', 0, { ...known, blind_cleanup: false, dirty_failure: false }),
      said: 'a',
    });
    assert.deepEqual(undoB?.arguments, {
      facts: await facts('b', 1, { ...lost, blind_cleanup: true, dirty_failure: true }),
      said: 'a',
    });
  });

  proves('UNDO-18', async () => {
    const { traceId } = await world.run([
      odd('a', 'take', server.undoBy('take', { n: { value: 1 } })),
      fails('b'),
    ]);
    const data = { took: { n: 1 } };
    const { output_payload, resolved_arguments, error_details } = await undoOf(traceId, 'a');
    assert.deepEqual(output_payload, {
      rollback_status: 'success',
      compensation_mode: 'single_tool',
      data,
      tool_results: [{ tool: 'take', data }],
    });
    assert.deepEqual([resolved_arguments, error_details], [{}, null]);
  });

  proves('UNDO-20', async () => {
    world.rehearse({ restore_note: { fail: 'not yet' } });
    const traceId = await world.start([write('a', UNDO), fails('b')]);
    await until(
      'a failed attempt',
      async () =>
        (await world.statuses(traceId)).includes('undo of a COMPENSATING') &&
        (await undoOf(traceId, 'a')).error_details !== null,
    );
    world.rehearse(null);
    const { status } = await world.end(traceId);
    assert.equal(status, 'COMPENSATED');
    assert.equal((await undoOf(traceId, 'a')).error_details, null);
  });
});
