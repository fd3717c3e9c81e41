import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { StepAnswer } from '../../domain/answers.ts';
import { asOwner, fail, takeStep } from '../../store/attempt.ts';
import { noteAlive, noteOrderlyStop, readTurns, TokenLost, writeTurn } from '../../store/executions.ts';
import { judge, endSaga } from '../../store/judge.ts';
import { openHold, retryOf } from '../../store/holding.ts';
import { completeStep, recordOutcome } from '../../store/outcome.ts';
import { commit, reason } from './definitions.ts';
import { ledgerOf, ledgerText, sagaRow, stepRow } from './rows.ts';
import {
  decideOn,
  holdOn,
  openingOf,
  settleOn,
  started,
  take,
  takeAnswer,
  think,
  type Run,
} from './sagas.ts';
import { onBothStores } from './stores.ts';

onBothStores('an attempt at a step', (use) => {
  const failure = { code: 'LLM_FAILED', message: 'no model' } as const;
  const lost = (error: unknown) => error instanceof TokenLost;

  async function turn(run: Run, token: number, n: number, said = n) {
    const ref = run.ref(0);
    return asOwner(use.store, ref, token, (court) => writeTurn(court, ref, n, { turn: said }));
  }

  it('takes its row: the first begins the step and the saga, each later one raises the token', async () => {
    const run = await started(use.store, [reason('read')]);
    assert.equal(await take(use.store, run, run.ref(0)), 1);
    assert.equal((await sagaRow(use.store, run)).status, 'RUNNING');
    assert.equal((await stepRow(use.store, run, run.span(0))).status, 'IN_PROGRESS');
    assert.equal(await take(use.store, run, run.ref(0)), 2);
    assert.deepEqual(await ledgerOf(use.store, run), ['start', 'step.in_progress'], 'begun once');
  });

  it('of two that take the row at once each has a token of its own, and one is the owner', async () => {
    const run = await started(use.store, [reason('read')]);
    const tokens = await Promise.all([
      take(use.store, run, run.ref(0)),
      take(use.other, run, run.ref(0)),
      take(use.store, run, run.ref(0)),
    ]);
    assert.deepEqual(tokens.toSorted(), [1, 2, 3]);
    assert.ok('own' in (await turn(run, 3, 0)));
  });

  it('whose token was raised writes nothing: no turn, no review, no failure, no outcome', async () => {
    const run = await started(use.store, [reason('read', { hitl: true })]);
    const ref = run.ref(0, 'prepare');
    const stale = await take(use.store, run, ref);
    const token = await take(use.store, run, ref);
    const before = await ledgerText(use.store, run);
    const [step] = run.saga.saga.steps;
    assert.ok(step);
    const opening = openingOf(step, null);
    await assert.rejects(openHold(use.store, ref, stale, { opening, verdict: null }), lost);
    const failing = asOwner(use.store, ref, stale, (court) =>
      fail(court, ref, failure, { uncertain: false }),
    );
    await assert.rejects(failing, lost);
    const written = asOwner(use.store, ref, stale, (court) => writeTurn(court, ref, 0, 'late'));
    await assert.rejects(written, lost);
    assert.deepEqual(await readTurns(use.store, ref), []);
    assert.equal(await noteAlive(use.store, ref, stale), false);
    assert.equal(await ledgerText(use.store, run), before);
    assert.equal(await noteAlive(use.store, ref, token), true);
    assert.equal((await openHold(use.store, ref, token, { opening, verdict: null })).kind, 'held');
    assert.equal(await noteAlive(use.store, ref, token), false, 'the outcome is known');
  });

  it('finds a recorded outcome and answers it, for ever and to every attempt', async () => {
    const run = await started(use.store, [reason('read'), reason('check')]);
    const ref = run.ref(0);
    const stale = await take(use.store, run, ref);
    const outcome: StepAnswer = { kind: 'completed', ended: false };
    assert.deepEqual(await think(use.store, run, 0, { text: 'read' }), outcome);
    const before = await ledgerText(use.store, run);
    assert.deepEqual(await takeAnswer(use.store, run, ref), outcome);
    const late = asOwner(use.store, ref, stale, (court) => fail(court, ref, failure, { uncertain: true }));
    assert.deepEqual(await late, { answer: outcome }, 'a stale attempt learns it too');
    await judge(use.store, run.trace, (court) => endSaga(court, 'FAILED', null));
    assert.deepEqual(await takeAnswer(use.store, run, ref), outcome, 'also after the end');
    assert.equal(await ledgerText(use.store, run).then((text) => text.startsWith(before.slice(0, -1))), true);
  });

  it('a failure inside its transaction leaves no trace of it', async () => {
    const run = await started(use.store, [reason('read')]);
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    const before = [await ledgerText(use.store, run), await sagaRow(use.store, run)];
    const broken = asOwner(use.store, ref, token, async (court) => {
      await completeStep(court, ref.span, { output: { data: {} } });
      await recordOutcome(court, ref, { kind: 'completed', ended: true });
      throw new Error('crashed');
    });
    await assert.rejects(broken, /^Error: crashed$/);
    assert.deepEqual([await ledgerText(use.store, run), await sagaRow(use.store, run)], before);
    assert.equal((await stepRow(use.store, run, run.span(0))).status, 'IN_PROGRESS');
    assert.ok('own' in (await turn(run, token, 0)), 'the attempt goes on');
  });

  it('three deaths in a row without a turn are an uncertain failure; a turn or an orderly stop is none', async () => {
    const run = await started(use.store, [reason('read'), reason('check')]);
    await take(use.store, run, run.ref(0));
    const second = await take(use.store, run, run.ref(0));
    await turn(run, second, 0);
    for (let stops = 0; stops < 4; stops += 1) {
      const token = await take(use.store, run, run.ref(0));
      await noteOrderlyStop(use.store, run.ref(0), token);
      await noteOrderlyStop(use.store, run.ref(0), token - 1);
    }
    for (let deaths = 0; deaths < 3; deaths += 1) await take(use.store, run, run.ref(0));
    const answer = await takeAnswer(use.store, run, run.ref(0));
    assert.deepEqual(answer, { kind: 'failed', code: 'SYSTEM_CRASH', uncertain: true, ended: false });
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(0)), answer);
    assert.equal((await ledgerOf(use.store, run)).filter((type) => type === 'step.failed').length, 1);
  });

  it('keeps its turns in order for the next one', async () => {
    const run = await started(use.store, [reason('read')]);
    const first = await take(use.store, run, run.ref(0));
    for (let n = 0; n < 12; n += 1) await turn(run, first, n);
    const next = await take(use.store, run, run.ref(0));
    const turns = await readTurns(use.store, run.ref(0));
    assert.deepEqual(
      turns,
      Array.from({ length: 12 }, (_, n) => ({ turn: n })),
    );
    await turn(run, next, 3);
    await assert.rejects(turn(run, next, 3, 4), /turn 3 of \w+ to be written once/);
    assert.deepEqual(await readTurns(use.store, run.ref(0)), turns);
  });

  it('at a step of an ended saga answers how it ended, and at one of a saga that turned round cancelled', async () => {
    const run = await started(use.store, [reason('read'), commit('write')]);
    const ref = run.ref(0);
    const token = await take(use.store, run, ref);
    await judge(use.store, run.trace, async ({ saga }) => {
      saga.status = 'COMPENSATING';
    });
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(1)), { kind: 'cancelled' });
    const thinking = asOwner(use.store, ref, token, () => assert.fail('nothing runs forward any more'));
    assert.deepEqual(await thinking, { answer: { kind: 'cancelled' } });
    await judge(use.store, run.trace, (court) =>
      endSaga(court, 'COMPENSATED', { code: 'CANCELLED', message: 'cancelled', step_id: null }),
    );
    const ended = { kind: 'ended', status: 'COMPENSATED', code: 'CANCELLED' };
    assert.deepEqual(await takeAnswer(use.store, run, run.ref(1)), ended);
    assert.deepEqual(await asOwner(use.store, ref, token, () => assert.fail('ended')), { answer: ended });
  });

  it('of a saga that is not in the store rejects and says so', async () => {
    const run = await started(use.store, [reason('read')]);
    const [step] = run.saga.saga.steps;
    assert.ok(step);
    const nowhere = { ...run.ref(0), traceId: 'f'.repeat(32) };
    await assert.rejects(takeStep(use.store, nowhere, step), /expected saga f{32} in the store, found none/);
  });

  it('of an iteration that a reviewer asked for is told the guidance, else that of the step', async () => {
    const guided = reason('draft', { hitl: true, hitl_max_retries: 2, hitl_retry_guidance: 'be brief' });
    const run = await started(use.store, [guided]);
    await holdOn(use.store, run, 0);
    assert.equal(await retryOf(use.store, run.ref(0, 'prepare'), guided), null);
    await decideOn(use.store, run, 0, { verb: 'retry', guidance: 'shorter' });
    await settleOn(use.store, run, 0, { kind: 'opened' });
    const second = await retryOf(use.store, run.ref(0, 'prepare', 2), guided);
    assert.deepEqual(second, { attempt: 1, max_retries: 2, guidance: 'shorter' });
    await holdOn(use.store, run, 0, { iteration: 2 });
    await decideOn(use.store, run, 0, { verb: 'retry' });
    await settleOn(use.store, run, 0, { kind: 'opened' }, { iteration: 2 });
    const third = await retryOf(use.store, run.ref(0, 'prepare', 3), guided);
    assert.deepEqual(third, { attempt: 2, max_retries: 2, guidance: 'be brief' });
  });
});
