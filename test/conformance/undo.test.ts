import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { odd, ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';
import { fails, think, UNDO, useWorld, write } from './world.ts';

describe('what is undone', () => {
  const world = useWorld(ODD_ENV);
  const server = useOdd(world);
  const http = () => world.stack().http;
  /** Keys of the calls that undid something, in their order. */
  const undone = (traceId: string) =>
    world
      .record(traceId)
      .flatMap(({ event, tool, arguments: args }) =>
        event === 'call' && tool === 'restore_note' ? [String(args?.['forward_key'])] : [],
      );

  proves('UNDO-1', async () => {
    world.file('policies', 'never.yaml', { name: 'never', cel: 'false' });
    world.file('schemas', 'never.json', { type: 'object', not: {} });
    const done = [write('a', UNDO), write('b', UNDO)];
    const known = [
      fails('c', UNDO),
      write('c', { policy: 'never.yaml', ...UNDO }),
      think('c', { output_schema: 'never.json', ...UNDO }),
      odd('c', 'refuse', UNDO),
    ];
    const runs = await Promise.all(known.map((step) => world.run([...done, step, write('d')])));
    for (const { traceId, saga } of runs) {
      assert.equal(saga.status, 'COMPENSATED');
      assert.deepEqual(await world.statuses(traceId), [
        'a COMPLETED',
        'undo of a COMPENSATED',
        'b COMPLETED',
        'undo of b COMPENSATED',
        'c FAILED',
        'd SKIPPED',
      ]);
    }
  });

  proves('UNDO-2', async () => {
    world.rehearse({ restore_note: { delay_before_ms: 100 } });
    const { traceId, rows } = await world.run([...['a', 'b', 'c'].map((id) => write(id, UNDO)), fails('d')]);
    world.rehearse(null);
    const keyOf = (id: string) =>
      `${traceId}:${rows.find((row) => row.step_id === id && row.compensates_span_id === null)?.step_span_id}`;
    // The server writes "undo" when a call acts, after its delay: the next call comes only then.
    const happened = world
      .record(traceId)
      .flatMap(({ event, tool, undone: key }) =>
        event === 'undo' ? [`undid ${key}`] : event === 'call' && tool === 'restore_note' ? ['call'] : [],
      );
    assert.deepEqual(
      happened,
      ['c', 'b', 'a'].flatMap((id) => ['call', `undid ${keyOf(id)}`]),
    );
  });

  proves('UNDO-3', async () => {
    const { traceId, saga } = await world.run([write('a', UNDO), write('b'), write('c', UNDO), fails('d')]);
    assert.equal(saga.status, 'COMPENSATED');
    assert.deepEqual(await world.statuses(traceId), [
      'a COMPLETED',
      'undo of a COMPENSATED',
      'b COMPLETED',
      'c COMPLETED',
      'undo of c COMPENSATED',
      'd FAILED',
    ]);
    assert.equal(world.note('b.md'), 'b');
  });

  proves('UNDO-4', async () => {
    const { traceId, rows } = await world.run([write('a', UNDO), fails('b')]);
    const [forward, undo] = rows;
    assert.ok(forward && undo);
    assert.equal(undo.compensates_span_id, forward.step_span_id);
    assert.notEqual(undo.step_span_id, forward.step_span_id);
    const same = (row: typeof undo) => [row.step_id, row.step_name, row.step_kind, row.order_index];
    assert.deepEqual(same(undo), same(forward));
    assert.equal((await http().showStep(traceId, undo.step_span_id)).status, 'COMPENSATED');
  });

  proves('UNDO-5', async () => {
    world.rehearse({ write_note: { delay_before_ms: 1_000 } });
    const late = { tools: { allow: [{ name: 'write_note' }] }, timeout_seconds: 0.3, ...UNDO };
    const { traceId, saga, rows } = await world.run([write('a', UNDO), write('late', late)]);
    world.rehearse(null);
    assert.equal(saga.status, 'COMPENSATED');
    assert.equal(saga.failure?.code, 'STEP_TIMED_OUT');
    assert.deepEqual(await world.statuses(traceId), [
      'a COMPLETED',
      'undo of a COMPENSATED',
      'late TIMED_OUT',
      'undo of late COMPENSATED',
    ]);
    const keys = rows.flatMap((row) =>
      row.compensates_span_id === null ? [`${traceId}:${row.step_span_id}`] : [],
    );
    assert.deepEqual(undone(traceId), keys.toReversed());
  });

  proves('UNDO-6', async () => {
    const by = server.undoBy('take', { key: { from: '$._compensation.forward_idempotency_key' } });
    const { traceId, saga, rows } = await world.run([odd('a', 'take', by), odd('b', 'die', by)]);
    assert.deepEqual([saga.status, saga.failure?.code], ['COMPENSATED', 'SYSTEM_CRASH']);
    const b = await world.show(traceId, 'b');
    assert.deepEqual([b.status, b.error_details?.['code']], ['FAILED', 'SYSTEM_CRASH']);
    const calls = server.calls(traceId).map((call) => [call.tool, call.arguments['key'] ?? call.key]);
    const [a] = rows;
    const [first, second] = [`${traceId}:${a?.step_span_id}`, `${traceId}:${b.step_span_id}`];
    assert.deepEqual(calls, [
      ['take', first],
      ['die', second],
      ['take', second],
      ['take', first],
    ]);
  });

  proves('UNDO-7', async () => {
    const { traceId, saga, rows } = await world.run([odd('a', 'die_hinted')]);
    assert.equal(saga.status, 'COMPLETED');
    const key = `${traceId}:${rows[0]?.step_span_id}`;
    const call = { tool: 'die_hinted', arguments: { text: 'a' }, key };
    assert.deepEqual(
      server
        .calls(traceId)
        .map(({ tool, arguments: args, key: own }) => ({ tool, arguments: args, key: own })),
      [call, call],
    );
  });

  proves('UNDO-13', async () => {
    const { traceId, saga } = await world.run([odd('a', 'die'), write('b')]);
    assert.equal(saga.status, 'COMPENSATED');
    assert.deepEqual(await world.statuses(traceId), ['a FAILED', 'b SKIPPED']);
  });

  proves('UNDO-14', async () => {
    const { traceId, saga } = await world.run([write('a'), write('b'), fails('c')]);
    assert.equal(saga.status, 'COMPENSATED');
    assert.deepEqual(await world.statuses(traceId), ['a COMPLETED', 'b COMPLETED', 'c FAILED']);
  });

  proves('UNDO-19', async () => {
    world.rehearse({ write_note: { delay_before_ms: 700 } });
    const late = { tools: { allow: [{ name: 'write_note' }] }, timeout_seconds: 0.2, ...UNDO };
    const { traceId } = await world.run([write('too-late', late)]);
    const [key] = undone(traceId);
    // The server takes its calls one after the other: this one is answered after the late one.
    const { traceId: next } = await world.run([
      write('next', { tools: { allow: [{ name: 'write_note' }] } }),
    ]);
    world.rehearse(null);
    assert.equal(world.record(traceId).find(({ event }) => event === 'call')?.key, key);
    assert.ok(world.record(next).some(({ event }) => event === 'effect'));
    assert.deepEqual(
      world.record(traceId).filter(({ event, tool }) => event === 'effect' && tool === 'write_note'),
      [],
    );
    assert.equal(world.note('too-late.md'), null);
  });
});
