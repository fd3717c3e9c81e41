import assert from 'node:assert/strict';
import { afterEach, before, describe } from 'mocha';
import { until } from '../support/stack.ts';
import { odd, ODD_ENV, useOdd } from './odd.ts';
import { proves } from './rule.ts';
import { fails, refused, think, UNDO, useWorld, write } from './world.ts';

const WRITES = { tools: { allow: [{ name: 'write_note' }] } };
const LISTS = { tools: { allow: [{ name: 'list_notes' }] } };
/** Longer than any of these tests. */
const HANGS = { delay_before_ms: 50_000 };
const PATH = { path: { value: 'forced.md' }, content: { value: 'a' } };
const FORCE = { force: true, allow_destructive: true };

describe('recovery of a step', () => {
  const world = useWorld();
  const http = () => world.stack().http;
  afterEach(() => world.rehearse(null));

  const calls = (traceId: string) => world.record(traceId).filter(({ event }) => event === 'call');
  /** A saga whose step `a` is in the middle of its call. */
  async function calling(step: Parameters<typeof world.start>[0][number], delay = HANGS) {
    world.rehearse({ write_note: delay, list_notes: delay });
    const traceId = await world.start([step]);
    await until('the call', () => calls(traceId).length > 0);
    return { traceId, span: (await world.show(traceId, 'a')).step_span_id };
  }

  // Until a forced attempt has heard of its end some seconds pass: they are forced together, when they are first asked for.
  let alive: Awaited<ReturnType<typeof calling>>;
  let forced: Awaited<ReturnType<typeof calling>>;
  let thinking: Awaited<ReturnType<typeof calling>>;
  before(async () => {
    alive = await calling(write('a', WRITES));
    forced = await calling(write('a', { ...WRITES, with: PATH }));
    thinking = await calling(think('a', LISTS));
  });
  const asked = { ...FORCE, recovery_token: 'the same again', reason: 'it hangs', decided_by: 'olga' };
  async function force() {
    world.rehearse(null);
    const answer = await http().retryStep(forced.traceId, forced.span, asked);
    const again = await http().retryStep(forced.traceId, forced.span, asked);
    const thinks = await http().retryStep(thinking.traceId, thinking.span, { force: true });
    await http().retryStep(alive.traceId, alive.span, FORCE);
    const ends = await Promise.all([forced, thinking, alive].map(({ traceId }) => world.end(traceId)));
    return { answer, again, thinks, ends: ends.map(({ status }) => status) };
  }
  let forcing: ReturnType<typeof force> | null = null;
  const afterForce = () => (forcing ??= force());

  proves('REPAIR-1', async () => {
    const { traceId, span } = alive;
    const earlier = await world.show(traceId, 'a');
    assert.equal((await http().retryStep(traceId, span)).status, 'claim_active');
    assert.deepEqual(await world.show(traceId, 'a'), earlier);
    assert.equal(calls(traceId).length, 1);
  });

  proves('REPAIR-3', async () => {
    const { traceId, span } = alive;
    const error = await refused(http().retryStep(traceId, span, { force: true }));
    assert.equal(error.status, 409);
    assert.match(error.message, /allow_destructive/);
    assert.equal(calls(traceId).length, 1);
  });

  proves('REPAIR-11', async () => {
    const { traceId, span } = alive;
    const recovery_token = 'used before';
    await http().retryStep(traceId, span, { recovery_token });
    for (const other of [FORCE, { reason: 'another' }]) {
      const error = await refused(http().retryStep(traceId, span, { ...other, recovery_token }));
      assert.deepEqual([error.status, /recovery token/.test(error.message)], [409, true]);
    }
    assert.equal(calls(traceId).length, 1);
  });

  proves('REPAIR-4', async () => {
    const { answer, ends } = await afterForce();
    const { traceId, span } = forced;
    assert.deepEqual([answer.status, ends[0]], ['scheduled', 'COMPLETED']);
    assert.deepEqual(
      calls(traceId).map(({ key, arguments: args }) => [key, args]),
      [1, 2].map(() => [`${traceId}:${span}`, { path: 'forced.md', content: 'a' }]),
    );
    assert.equal((await world.show(traceId, 'a')).step_span_id, span);
    assert.equal(world.note('forced.md'), 'a');
  });

  proves('REPAIR-10', async () => {
    const { answer, again } = await afterForce();
    const { traceId, span } = forced;
    assert.deepEqual(again, answer);
    assert.deepEqual(await http().retryStep(traceId, span, asked), answer);
    assert.equal(calls(traceId).length, 2);
    const recoveries = (await world.ledger(traceId)).filter(({ type }) => type === 'recovery.retry-step');
    assert.equal(recoveries.length, 1);
  });

  proves('REPAIR-12', async () => {
    await afterForce();
    const entry = (await world.ledger(forced.traceId)).find(({ type }) => type === 'recovery.retry-step');
    assert.deepEqual(
      [entry?.span_id, entry?.actor.subject, entry?.data?.['reason']],
      [forced.span, 'olga', 'it hangs'],
    );
  });

  proves('REPAIR-14', async () => {
    const { thinks, ends } = await afterForce();
    assert.deepEqual([thinks.status, ends[1]], ['scheduled', 'COMPLETED']);
  });

  proves('REPAIR-13', async () => {
    // The call ends sooner than the attempt hears that it is to end.
    const { traceId, span } = await calling(write('a', WRITES), { delay_before_ms: 700 });
    assert.equal((await http().retryStep(traceId, span, FORCE)).status, 'scheduled');
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
    assert.equal(calls(traceId).length, 1);
  });

  proves('REPAIR-2', async () => {
    const { traceId, span } = await calling(think('a', LISTS));
    await world.stack().stopWorker();
    world.rehearse(null);
    assert.equal((await http().retryStep(traceId, span)).status, 'requeued');
    await world.stack().startWorker();
    assert.equal((await world.end(traceId)).status, 'COMPLETED');
  });

  proves('REPAIR-5', async () => {
    const traceId = await world.start([write('a', { hitl: true }), write('b')]);
    const { step_span_id: held } = await world.held(traceId);
    const { step_span_id: later } = await world.show(traceId, 'b');
    const refusals = [
      await refused(http().retryStep(traceId, held, FORCE)),
      await refused(http().retryStep(traceId, later, FORCE)),
    ];
    await http().approve(traceId, held);
    await world.end(traceId);
    refusals.push(await refused(http().retryStep(traceId, held, FORCE)));
    assert.deepEqual(
      refusals.map(({ status, message }) => [status, /AWAITING_HUMAN|PENDING|COMPLETED/.exec(message)?.[0]]),
      [
        [409, 'AWAITING_HUMAN'],
        [409, 'PENDING'],
        [409, 'COMPLETED'],
      ],
    );
  });
});

describe('recovery of an undo', () => {
  const world = useWorld({
    ...ODD_ENV,
    WARDEN_UNDO_RETRY_BASE_DELAY_S: '600',
    WARDEN_UNDO_RETRY_MAX_DELAY_S: '600',
  });
  const server = useOdd(world);
  const http = () => world.stack().http;
  afterEach(() => world.rehearse(null));

  async function undoOf(traceId: string, stepId: string) {
    const row = (await world.rows(traceId)).find(
      ({ step_id, compensates_span_id }) => step_id === stepId && compensates_span_id !== null,
    );
    assert.ok(row, `an undo of ${stepId}`);
    return row;
  }
  const failedUndo = (traceId: string, stepId: string) =>
    until(`the undo of ${stepId} to fail`, async () => {
      const rows = await world.rows(traceId);
      const row = rows.find(
        ({ step_id, compensates_span_id, error_details }) =>
          step_id === stepId && compensates_span_id !== null && error_details !== null,
      );
      return row ?? null;
    });

  proves('REPAIR-6', async () => {
    world.rehearse({ restore_note: { fail: 'not now' } });
    const traceId = await world.start([write('a', UNDO), fails('b')]);
    const undo = await failedUndo(traceId, 'a');
    const error = await refused(http().retryStep(traceId, undo.step_span_id, FORCE));
    assert.equal(error.status, 409);
    assert.match(error.message, /retry-compensation/);
    world.rehearse(null);
    await http().retryCompensation(traceId, undo.step_span_id);
    await world.end(traceId);
  });

  proves('REPAIR-7', async () => {
    const declared = server.undoBy('die');
    const { traceId, saga } = await world.run([write('a', UNDO), odd('b', 'take', declared), fails('c')]);
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'COMPENSATION_FAILED']);
    const undo = await undoOf(traceId, 'b');
    assert.deepEqual([undo.status, undo.error_details?.['code']], ['FAILED', 'SYSTEM_CRASH']);
    assert.equal(world.note('a.md'), 'a');
    const token = { recovery_token: 'once and no more' };
    const answer = await http().retryCompensation(traceId, undo.step_span_id, token);
    assert.equal(answer.status, 'scheduled');
    const { status, failure } = await world.end(traceId);
    assert.deepEqual(await http().retryCompensation(traceId, undo.step_span_id, token), answer);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'TOOL_OUTPUT_ERROR']);
    const keys = server.calls(traceId).flatMap(({ tool, key }) => (tool === 'die' ? [key] : []));
    assert.deepEqual(keys, [`${traceId}:${undo.step_span_id}`, `${traceId}:${undo.step_span_id}`]);
    assert.deepEqual(await world.statuses(traceId), [
      'a COMPLETED',
      'undo of a COMPENSATED',
      'b COMPLETED',
      'undo of b COMPENSATED',
      'c FAILED',
    ]);
    assert.equal(world.note('a.md'), null);
  });

  proves('REPAIR-8', async () => {
    world.rehearse({ restore_note: { fail: 'not now' } });
    const traceId = await world.start([write('a', UNDO), fails('b')]);
    const undo = await failedUndo(traceId, 'a');
    const forward = undo.compensates_span_id ?? '';
    const error = await refused(http().retryCompensation(traceId, forward));
    assert.equal(error.status, 409);
    assert.ok(error.message.includes(undo.step_span_id), error.message);
    world.rehearse(null);
    await http().retryCompensation(traceId, undo.step_span_id);
    await world.end(traceId);
  });

  proves('REPAIR-9', async () => {
    world.rehearse({ restore_note: { fail: 'not now' }, write_note: { delay_before_ms: 2_000 } });
    const undone = await world.start([write('a', UNDO), fails('b')]);
    const { step_span_id: undo } = await failedUndo(undone, 'a');
    const alive = await world.start([write('a', WRITES)]);
    await until('the call', () => world.record(alive).length > 0);
    const { step_span_id: step } = await world.show(alive, 'a');
    world.rehearse(null);
    const body = { recovery_token: 'a-token-of-mine' };
    const keys = [`${alive}:${step}`, `${undone}:${undo}`].map((key) => ({
      idempotency_key: key,
      worker_command_key: `${key}:1`,
    }));
    assert.deepEqual(
      [await http().retryStep(alive, step, body), await http().retryCompensation(undone, undo, body)],
      ['claim_active', 'requeued'].map((status, at) => ({ status, ...keys[at], ...body })),
    );
    assert.match((await http().retryStep(alive, step)).recovery_token, /^.{8,128}$/);
    for (const recovery_token of ['short', 'x'.repeat(129)]) {
      assert.equal((await refused(http().retryStep(alive, step, { recovery_token }))).status, 422);
      assert.equal((await refused(http().retryCompensation(undone, undo, { recovery_token }))).status, 422);
    }
    await Promise.all([world.end(alive), world.end(undone)]);
  });

  proves('REPAIR-15', async () => {
    world.rehearse({ restore_note: { fail: 'not now' } });
    const traceId = await world.start([write('a', UNDO), fails('b')]);
    const undo = await failedUndo(traceId, 'a');
    assert.equal(undo.status, 'COMPENSATING');
    world.rehearse(null);
    const { status } = await http().retryCompensation(traceId, undo.step_span_id);
    assert.equal(status, 'requeued');
    assert.equal((await world.end(traceId)).status, 'COMPENSATED');
  });

  proves('REPAIR-16', async () => {
    const { traceId } = await world.run([write('a', UNDO), fails('b')]);
    const undo = await undoOf(traceId, 'a');
    const error = await refused(http().retryCompensation(traceId, undo.step_span_id));
    assert.equal(error.status, 409);
    assert.match(error.message, /COMPENSATED/);
  });
});
