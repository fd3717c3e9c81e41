import assert from 'node:assert/strict';
import { it } from 'mocha';
import { beginCall, recordResult } from '../../store/call.ts';
import { StillCalling, TokenLost } from '../../store/executions.ts';
import { consumeRequest } from '../../store/requests.ts';
import { judge } from '../../store/judge.ts';
import { markClosed } from '../../store/terminated.ts';
import { commit, reason, UNDO } from './definitions.ts';
import { accepted, failed, recoveriesOf, recoverOn, refused } from './recoveries.ts';
import { dies, entriesOf, executionRow, ledgerText, stepRow } from './rows.ts';
import {
  BEN,
  calling,
  decideOn,
  DONE,
  holdOn,
  settleOn,
  started,
  take,
  takeAnswer,
  type Run,
} from './sagas.ts';
import { onBothStores } from './stores.ts';

const FORCE = { force: true, allowDestructive: true };

onBothStores('retry-step', (use) => {
  /** A commit whose call began. */
  async function hangs(): Promise<Run> {
    const run = await started(use.store, [commit('write', { compensation: UNDO })]);
    const token = await take(use.store, run, run.ref(0));
    assert.deepEqual(await beginCall(use.store, run.ref(0), calling(run, run.ref(0), token)), {
      kind: 'call',
    });
    return run;
  }

  /** A forced retry of a commit that hangs, as its request. */
  async function forcedOn(run: Run): Promise<string> {
    await accepted(recoverOn(use.store, run, run.span(0), FORCE));
    const request = (await recoveriesOf(use.store, run)).at(-1);
    assert.ok(request);
    return request.id;
  }

  it('of an attempt that lives answers claim_active, and nothing happens but an entry with the reason', async () => {
    const run = await hangs();
    const before = await executionRow(use.store, run.ref(0));
    const answer = await accepted(recoverOn(use.store, run, run.span(0), { reason: 'it is slow' }));
    assert.deepEqual(answer, {
      status: 'claim_active',
      idempotency_key: `${run.trace}:${run.span(0)}`,
      worker_command_key: `${run.trace}:${run.span(0)}:1`,
      recovery_token: answer.recovery_token,
    });
    assert.deepEqual(await recoveriesOf(use.store, run), []);
    assert.deepEqual(await executionRow(use.store, run.ref(0)), before);
    const last = (await entriesOf(use.store, run)).at(-1);
    assert.equal(last?.type, 'recovery.retry-step');
    assert.match(JSON.stringify(last?.data), /"reason":"it is slow"/);
  });

  it('of one in back-off, or one whose process died, is requeued by a request', async () => {
    const run = await hangs();
    await dies(use.store, run.ref(0));
    const { status } = await accepted(recoverOn(use.store, run, run.span(0)));
    assert.equal(status, 'requeued');
    const [request] = await recoveriesOf(use.store, run);
    assert.match(request?.id ?? '', /^recover-[0-9a-f-]{36}$/);
    assert.deepEqual([request?.kind, request?.span_id, request?.iteration], ['retry_step', run.span(0), 1]);
  });

  it('with force on a commit needs allow_destructive; on a reason step it does not', async () => {
    const run = await hangs();
    const why = await refused(recoverOn(use.store, run, run.span(0), { force: true }));
    assert.match(why, /write is a commit: .*allow_destructive/);
    assert.deepEqual(await recoveriesOf(use.store, run), []);
    assert.equal((await accepted(recoverOn(use.store, run, run.span(0), FORCE))).status, 'scheduled');
    const thinking = await started(use.store, [reason('think')]);
    await take(use.store, thinking, thinking.ref(0));
    const forced = await accepted(recoverOn(use.store, thinking, thinking.span(0), { force: true }));
    assert.equal(forced.status, 'scheduled');
  });

  it('by two operators at once, both with force, writes one request, and both are told so', async () => {
    const run = await hangs();
    const answers = await Promise.all([
      accepted(recoverOn(use.store, run, run.span(0), FORCE)),
      accepted(recoverOn(use.other, run, run.span(0), { ...FORCE, actor: BEN })),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['scheduled', 'scheduled'],
    );
    const requests = await recoveriesOf(use.store, run);
    assert.equal(requests.length, 1);
    const entries = (await entriesOf(use.store, run)).filter(({ type }) => type === 'recovery.retry-step');
    assert.deepEqual(entries.map(({ actor }) => actor.subject).toSorted(), ['ana', 'ben']);
    // The saga was told; until an attempt takes the row with it, the same again is still under way.
    await judge(use.store, run.trace, (court) => consumeRequest(court, requests[0]?.id ?? ''));
    await accepted(recoverOn(use.store, run, run.span(0), FORCE));
    assert.equal((await recoveriesOf(use.store, run)).length, 1);
  });

  it('a flood of the same writes one request; a later one with force is another', async () => {
    const run = await hangs();
    await dies(use.store, run.ref(0));
    for (let times = 0; times < 20; times += 1) await accepted(recoverOn(use.store, run, run.span(0)));
    assert.equal((await recoveriesOf(use.store, run)).length, 1);
    assert.equal((await accepted(recoverOn(use.store, run, run.span(0), FORCE))).status, 'requeued');
    await accepted(recoverOn(use.store, run, run.span(0)));
    assert.equal((await recoveriesOf(use.store, run)).length, 2);
  });

  it('the same token with the same parameters answers the same again and does nothing, whatever happened since', async () => {
    const run = await hangs();
    const token = { recoveryToken: 'token-of-ana' };
    const first = await accepted(recoverOn(use.store, run, run.span(0), token));
    assert.equal(first.recovery_token, 'token-of-ana');
    await dies(use.store, run.ref(0));
    const before = await ledgerText(use.store, run);
    assert.deepEqual(await accepted(recoverOn(use.other, run, run.span(0), token)), first);
    await recordResult(use.store, run.ref(0), DONE, {});
    const after = await ledgerText(use.store, run);
    assert.notEqual(after, before, 'the result');
    assert.deepEqual(await accepted(recoverOn(use.store, run, run.span(0), token)), first);
    assert.equal(await ledgerText(use.store, run), after);
    assert.deepEqual(await recoveriesOf(use.store, run), []);
  });

  it('the same token with other parameters is refused; a token of a refused one is still free', async () => {
    const run = await hangs();
    const token = { recoveryToken: 'token-of-ana' };
    await refused(recoverOn(use.store, run, run.span(0), { ...token, force: true }));
    await accepted(recoverOn(use.store, run, run.span(0), { ...token, ...FORCE }));
    for (const other of [
      {},
      { force: true },
      { ...FORCE, reason: 'another' },
      { act: 'retry-compensation' as const },
    ]) {
      const why = await refused(recoverOn(use.store, run, run.span(0), { ...token, ...other }));
      assert.match(why, /token-of-ana was used with other parameters/);
    }
  });

  it('is refused of a step that does not run, in words that say where the saga is', async () => {
    const run = await started(use.store, [reason('read'), commit('write', { hitl: true })]);
    assert.match(
      await refused(recoverOn(use.store, run, run.span(0))),
      /read is PENDING and the saga is PENDING/,
    );
    const unknown = await recoverOn(use.store, run, 'f'.repeat(16));
    assert.equal(unknown.kind, 'unknown');
    assert.equal((await recoverOn(use.store, run, run.span(0), { namespace: 'other' })).kind, 'unknown');
    const held = await started(use.store, [commit('write', { hitl: true })]);
    await holdOn(use.store, held, 0);
    assert.match(
      await refused(recoverOn(use.store, held, held.span(0))),
      /AWAITING_HUMAN: it waits for a decision/,
    );
    const last = (await entriesOf(use.store, held)).at(-1);
    assert.equal(last?.type, 'refusal');
    const { run: turned } = await failed(use.store);
    assert.match(await refused(recoverOn(use.store, turned, turned.span(2))), /three is FAILED/);
  });

  it('is refused of a saga whose workflow was terminated, with what a person can do', async () => {
    const run = await hangs();
    await markClosed(use.store, run.trace, { status: 'TERMINATED' });
    assert.match(
      await refused(recoverOn(use.store, run, run.span(0), FORCE)),
      /nothing carries this saga out any more/,
    );
  });

  it('that names another iteration, or a payload that was not the one on hold, is refused', async () => {
    const run = await started(use.store, [commit('write', { hitl: true })]);
    await holdOn(use.store, run, 0);
    await decideOn(use.store, run, 0, { verb: 'retry' });
    await settleOn(use.store, run, 0, { kind: 'opened' });
    const queued = await accepted(recoverOn(use.store, run, run.span(0), { iteration: 2 }));
    assert.equal(queued.status, 'requeued', 'the second iteration is queued');
    assert.match(
      await refused(recoverOn(use.store, run, run.span(0), { iteration: 1 })),
      /expected iteration 2/,
    );
    const hash = { payloadHash: 'a'.repeat(64) };
    assert.match(await refused(recoverOn(use.store, run, run.span(0), hash)), /no payload on hold/);
  });

  it('an attempt with force takes over from one that lives, and calls again over its call, once', async () => {
    const run = await hangs();
    const forced = await forcedOn(run);
    await assert.rejects(take(use.store, run, run.ref(0)), (error) => error instanceof StillCalling);
    const ref = { ...run.ref(0), forced };
    const token = await take(use.store, run, ref);
    assert.deepEqual(await beginCall(use.store, ref, calling(run, ref, token)), { kind: 'call' });
    assert.deepEqual((await executionRow(use.store, ref)).calls, 2);
    await assert.rejects(take(use.store, run, ref), (error) => error instanceof StillCalling);
    await dies(use.store, ref);
    const uncertain = { kind: 'failed', code: 'SYSTEM_CRASH', uncertain: true, ended: false };
    assert.deepEqual(await takeAnswer(use.store, run, ref), uncertain, 'its force was used up');
  });

  it('an attempt with force that died before its call has not used it up', async () => {
    const run = await hangs();
    const ref = { ...run.ref(0), forced: await forcedOn(run) };
    const frozen = await take(use.store, run, ref);
    await dies(use.store, ref);
    const token = await take(use.store, run, ref);
    await assert.rejects(
      beginCall(use.store, ref, calling(run, ref, frozen)),
      (error) => error instanceof TokenLost,
    );
    assert.deepEqual(await beginCall(use.store, ref, calling(run, ref, token)), { kind: 'call' });
  });

  it('an id that is no request with force for this execution gives no force', async () => {
    const run = await hangs();
    await dies(use.store, run.ref(0));
    await accepted(recoverOn(use.store, run, run.span(0)));
    const [plain] = await recoveriesOf(use.store, run);
    const other = await hangs();
    const foreign = await forcedOn(other);
    const uncertain = { kind: 'failed', code: 'SYSTEM_CRASH', uncertain: true, ended: false };
    for (const forced of [plain?.id ?? '', foreign, `start-${run.trace}`, '']) {
      const again = await hangs();
      await dies(use.store, again.ref(0));
      assert.deepEqual(await takeAnswer(use.store, again, { ...again.ref(0), forced }), uncertain);
    }
    assert.deepEqual(await takeAnswer(use.store, run, { ...run.ref(0), forced: plain?.id ?? '' }), uncertain);
  });

  it('the result of the call that was forced over stands when it comes first', async () => {
    const run = await hangs();
    const ref = { ...run.ref(0), forced: await forcedOn(run) };
    assert.deepEqual(await recordResult(use.store, run.ref(0), DONE, {}), { kind: 'completed', ended: true });
    assert.deepEqual(await takeAnswer(use.store, run, ref), { kind: 'completed', ended: true });
    assert.equal((await stepRow(use.store, run, run.span(0))).status, 'COMPLETED');
  });

  it('a forced call that failed leaves the first one unknown: the failure is uncertain', async () => {
    const run = await hangs();
    const ref = { ...run.ref(0), forced: await forcedOn(run) };
    const token = await take(use.store, run, ref);
    await beginCall(use.store, ref, calling(run, ref, token));
    const no = { kind: 'failed', failure: { code: 'TOOL_OUTPUT_ERROR', message: 'no' } } as const;
    const answer = await recordResult(use.store, ref, no, {});
    assert.deepEqual(answer, { kind: 'failed', code: 'TOOL_OUTPUT_ERROR', uncertain: true, ended: false });
  });

  it('a reason step of which three attempts died is begun once more with force, and not without end', async () => {
    const run = await started(use.store, [reason('think')]);
    const lose = async (ref = run.ref(0)) => {
      await take(use.store, run, ref);
      await dies(use.store, ref);
    };
    for (let deaths = 0; deaths < 3; deaths += 1) await lose();
    const { status } = await accepted(recoverOn(use.store, run, run.span(0), { force: true }));
    assert.equal(status, 'requeued');
    const [request] = await recoveriesOf(use.store, run);
    const ref = { ...run.ref(0), forced: request?.id ?? '' };
    for (let deaths = 0; deaths < 3; deaths += 1) await lose(ref);
    assert.equal((await takeAnswer(use.store, run, ref)).kind, 'failed');
  });
});
