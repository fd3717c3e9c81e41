import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { Cause } from '../../domain/answers.ts';
import type { JsonObject } from '../../domain/json.ts';
import { TokenLost } from '../../store/executions.ts';
import { openUndoLoop, recordUndoTurn } from '../../store/undo-loop.ts';
import type { Measured, UndoTurns } from '../../store/undo-turns.ts';
import { beginUndoCall, recordUndoFailure, recordUndone, takeUndo } from '../../store/undo.ts';
import { dies, stepRow } from './rows.ts';
import { accepted, ANSWERED_NO, failed, recoveriesOf, recoverOn } from './recoveries.ts';
import type { Run } from './sagas.ts';
import { onBothStores } from './stores.ts';

const COST: Measured = { usage: { worker: { llm_calls: 2 } }, timing: { llm_ms: 7 } };
const cost = (): Measured => COST;
const turn = (n: number): JsonObject => ({ kind: 'model', turn: n });
const result = (n: number): JsonObject => ({ kind: 'tool', turn: n });
const FAILED = { kind: 'answer', answer: { kind: 'failed' } };

onBothStores('an undo of several tools', (use) => {
  interface At {
    run: Run;
    cause: Cause;
  }

  /** An attempt takes the undo, and is told what it goes on with. */
  async function opens({ run, cause }: At, forced?: string) {
    const input = { ...run.undo(1, cause), ...(forced === undefined ? {} : { forced }) };
    const taken = await takeUndo(use.store, run.saga, input);
    assert.ok(taken.kind === 'go', JSON.stringify(taken));
    const { token, ref } = taken;
    const opened = await openUndoLoop(use.store, input, token, cost);
    const record = (n: number, entry: JsonObject, answers = false) =>
      recordUndoTurn(use.store, input, token, { n, entry, answers });
    const calls = (tool: string) =>
      beginUndoCall(use.store, input, { token, tool, idempotent: false, resolved: {} });
    return { input, token, ref, opened, record, calls };
  }

  function turnsOf(opened: Awaited<ReturnType<typeof openUndoLoop>>): UndoTurns {
    assert.ok(opened.kind === 'go', JSON.stringify(opened));
    return opened.turns;
  }

  const errorOf = async ({ run, cause }: At) =>
    (await stepRow(use.store, run, run.undo(1, cause).span)).error_details;

  it('goes on after a crash with the turns that were recorded', async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    assert.deepEqual(turnsOf(first.opened), { earlier: [], transcript: [], recorded: 0 });
    await first.record(0, turn(1));
    await first.record(0, turn(1));
    await first.record(1, result(1));
    await dies(use.store, first.ref);
    const { opened } = await opens(at);
    assert.deepEqual(turnsOf(opened), { earlier: [], transcript: [turn(1), result(1)], recorded: 2 });
    await assert.rejects(first.record(2, turn(2)), (error) => error instanceof TokenLost);
  });

  it('whose call has no result fails for good, SYSTEM_CRASH; with its result it goes on', async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    await first.record(0, turn(1));
    assert.deepEqual(await first.calls('append_note'), { kind: 'call' });
    await first.record(1, result(1), true);
    await dies(use.store, first.ref);
    const second = await opens(at);
    assert.equal(turnsOf(second.opened).recorded, 2);
    await second.record(2, turn(2));
    await second.calls('append_note');
    await dies(use.store, second.ref);
    const third = await opens(at);
    assert.deepEqual(third.opened, FAILED);
    const details = await errorOf(at);
    assert.deepEqual([details?.['code'], details?.['tool']], ['SYSTEM_CRASH', 'append_note']);
    const { usage } = await stepRow(use.store, at.run, third.input.span);
    assert.deepEqual(usage, COST.usage);
  });

  it("with an operator's force it is called again, once", async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    await first.record(0, turn(1));
    await first.calls('append_note');
    const asked = { act: 'retry-compensation', force: true } as const;
    await accepted(recoverOn(use.store, at.run, first.input.span, asked));
    const [request] = await recoveriesOf(use.store, at.run);
    const forced = await opens(at, request?.id);
    assert.deepEqual(turnsOf(forced.opened).transcript, [turn(1)]);
    assert.deepEqual(await forced.calls('append_note'), { kind: 'call' });
    await dies(use.store, forced.ref);
    assert.deepEqual((await opens(at, request?.id)).opened, FAILED);
  });

  it('a loop that failed is one of five attempts, told twice it counts once, and the next begins anew', async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    await first.record(0, turn(1));
    const end = { failure: ANSWERED_NO, called: false, final: false, loop: { recorded: 1, ...COST } };
    for (let told = 0; told < 2; told += 1) {
      const again = await recordUndoFailure(use.store, first.input, first.token, end);
      assert.deepEqual(again, { kind: 'again', failed: 1 });
    }
    const second = await opens(at);
    const mark = { kind: 'failed', ...ANSWERED_NO };
    assert.deepEqual(turnsOf(second.opened), { earlier: [turn(1), mark], transcript: [], recorded: 2 });
    const row = await stepRow(use.store, at.run, second.input.span);
    assert.deepEqual([row.usage, row.error_details?.['code']], [COST.usage, ANSWERED_NO.code]);
    await second.record(2, turn(1));
    assert.deepEqual(turnsOf((await opens(at)).opened).transcript, [turn(1)]);
    for (let failures = 2; failures <= 5; failures += 1) {
      const { opened, input, token } = await opens(at);
      const { recorded } = turnsOf(opened);
      const loop = { recorded, ...COST };
      const last = await recordUndoFailure(use.store, input, token, { ...end, loop });
      assert.deepEqual(last, failures === 5 ? FAILED : { kind: 'again', failed: failures });
    }
  });

  it('a turn that was recorded while the loop ran into its limit does not hide that it failed', async () => {
    const at = await failed(use.store);
    const { input, token, record } = await opens(at);
    await record(0, turn(1));
    const end = { failure: ANSWERED_NO, called: false, final: false, loop: { recorded: 0, ...COST } };
    assert.deepEqual(await recordUndoFailure(use.store, input, token, end), { kind: 'again', failed: 1 });
    assert.deepEqual(turnsOf((await opens(at)).opened).transcript, []);
  });

  it('a failure before the loop went on keeps its turns, and a call without result', async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    await first.record(0, turn(1));
    const before = { failure: ANSWERED_NO, called: false, final: false };
    await recordUndoFailure(use.store, first.input, first.token, before);
    const second = await opens(at);
    assert.deepEqual(turnsOf(second.opened).transcript, [turn(1)]);
    await second.calls('append_note');
    await recordUndoFailure(use.store, second.input, second.token, before);
    assert.deepEqual((await opens(at)).opened, FAILED);
  });

  it('of which three attempts in a row died without recording a turn has failed for good', async () => {
    const at = await failed(use.store);
    for (let deaths = 0; deaths < 3; deaths += 1) {
      const { opened, ref } = await opens(at);
      assert.equal(opened.kind, 'go');
      await dies(use.store, ref);
    }
    assert.deepEqual((await opens(at)).opened, FAILED);
    assert.match(String((await errorOf(at))?.['message']), /3 attempts in a row died/);
  });

  it('that is taken up again begins anew, and knows what the failed one had done', async () => {
    const at = await failed(use.store);
    const first = await opens(at);
    await first.record(0, turn(1));
    const end = { failure: ANSWERED_NO, called: false, final: true, loop: { recorded: 1, ...COST } };
    await recordUndoFailure(use.store, first.input, first.token, end);
    await accepted(recoverOn(use.store, at.run, first.input.span, { act: 'retry-compensation' }));
    const { opened, input } = await opens(at);
    const turns = turnsOf(opened);
    assert.deepEqual([turns.transcript, turns.recorded, turns.earlier.length], [[], 0, 2]);
    await recordUndone(use.store, input, { rollback_status: 'success' }, COST);
    const row = await stepRow(use.store, at.run, input.span);
    assert.deepEqual([row.status, row.usage], ['COMPENSATED', COST.usage]);
  });
});
