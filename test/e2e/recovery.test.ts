import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { ApiError } from '../../api/client.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, saga, started, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { entriesOf } from '../workflows/ledger.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';

/** Longer than any of these tests: what hangs does not come to its effect. */
const HANGS_MS = 50_000;

describe('operator recovery', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());
  afterEach(() => repair());

  const control = () => join(stack.notes.folder, '.control.json');
  const rehearse = (tools: object) => writeFileSync(control(), JSON.stringify(tools));
  const repair = () => rmSync(control(), { force: true });
  const lines = (traceId: string, event: string) =>
    stack.record().filter((line) => line.event === event && line.key?.startsWith(traceId));

  async function undoOf(traceId: string, status: string) {
    return until(`an undo that is ${status}`, async () =>
      (await steps(stack, traceId)).find((row) => row.compensates_span_id !== null && row.status === status),
    );
  }

  async function conflict(asked: Promise<unknown>): Promise<string> {
    const error = await asked.then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.status, 409);
    return error.message;
  }

  it('a failed undo keeps the workflow open; repaired and taken up again, the saga is COMPENSATED', async () => {
    rehearse({ restore_note: { fail: 'the archive is locked' } });
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await stack.http.reject(traceId, step_span_id, { comment: 'no' });
    assert.equal((await ended(stack, traceId)).failure?.code, 'COMPENSATION_FAILED');
    const failed = await undoOf(traceId, 'FAILED');
    assert.equal((await shownOf(stack, traceId)).workflow, 'RUNNING');
    assert.match(await conflict(stack.http.retryStep(traceId, failed.step_span_id)), /retry-compensation/);

    repair();
    const body = { reason: 'the archive is unlocked', recovery_token: `${traceId}-1` };
    const answer = await stack.http.retryCompensation(traceId, failed.step_span_id, body);
    assert.equal(answer.status, 'scheduled');
    assert.equal(answer.worker_command_key, `${traceId}:${failed.step_span_id}:2`);
    const end = await ended(stack, traceId);
    assert.deepEqual([end.status, end.failure?.code], ['COMPENSATED', 'HUMAN_REJECTED']);
    assert.deepEqual(await stack.http.retryCompensation(traceId, failed.step_span_id, body), answer);
    await until('the workflow to end', async () => (await shownOf(stack, traceId)).workflow !== 'RUNNING');

    const key = `${traceId}:${failed.step_span_id}`;
    const calls = lines(traceId, 'call').filter(({ tool }) => tool === 'restore_note');
    assert.equal(calls.length, 6, 'five attempts, and one after the repair');
    assert.ok(calls.every((call) => call.key === key));
    const effects = lines(traceId, 'effect').map(({ tool }) => tool);
    assert.deepEqual(effects, ['put_note', 'restore_note']);
    const entries = await entriesOf(stack, traceId);
    const recovery = entries.find(({ type }) => type === 'recovery.retry-compensation');
    assert.match(JSON.stringify(recovery?.data), /"reason":"the archive is unlocked"/);
  });

  it('a commit that hangs: claim_active, then 409, and with allow_destructive called again with the same key', async () => {
    rehearse({ write_note: { delay_before_ms: HANGS_MS } });
    const traceId = await started(stack, 'crash-write', {
      subject: 'hangs',
      write: `hangs-${Date.now()}.md`,
    });
    const call = await until('the call', () => lines(traceId, 'call')[0]);
    const [step] = await steps(stack, traceId);
    assert.ok(step);
    const { step_span_id: span } = step;
    assert.equal((await stack.http.retryStep(traceId, span)).status, 'claim_active');
    const why = await conflict(stack.http.retryStep(traceId, span, { force: true }));
    assert.match(why, /allow_destructive/);
    assert.equal(lines(traceId, 'call').length, 1);

    repair();
    const force = { force: true, allow_destructive: true, reason: 'it hangs' };
    const both = await Promise.all([
      stack.http.retryStep(traceId, span, force),
      stack.http.retryStep(traceId, span, { ...force, decided_by: 'ben' }),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['scheduled', 'scheduled'],
    );
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const calls = lines(traceId, 'call');
    assert.equal(calls.length, 2, 'two operators, one call more');
    assert.deepEqual(calls[1], { ...call, ...calls[1], key: call.key, arguments: call.arguments });
    assert.equal(call.key, `${traceId}:${span}`);
    assert.equal(lines(traceId, 'effect').length, 1);
  });

  it('a step that waits for a worker process is requeued, and goes on when there is one', async () => {
    rehearse({ list_notes: { delay_before_ms: HANGS_MS } });
    const traceId = await started(stack, 'crash-thinking', {
      subject: 'later',
      write: `later-${Date.now()}.md`,
    });
    await until('the call of the agent', () =>
      stack
        .record()
        .find(
          ({ event, tool, key }) => event === 'call' && tool === 'list_notes' && key?.startsWith(traceId),
        ),
    );
    await stack.stopWorker();
    repair();
    const [step] = await steps(stack, traceId);
    const { status } = await stack.http.retryStep(traceId, step?.step_span_id ?? '');
    assert.equal(status, 'requeued');
    await stack.startWorker();
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal((await saga(stack, traceId)).failure, null);
  });
});

describe('operator recovery of an undo in back-off', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { WARDEN_UNDO_RETRY_BASE_DELAY_S: '600', WARDEN_UNDO_RETRY_MAX_DELAY_S: '600' },
    });
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  it('is requeued and due now, long before its pause is over', async () => {
    const control = join(stack.notes.folder, '.control.json');
    writeFileSync(control, JSON.stringify({ restore_note: { fail: 'not now' } }));
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await stack.http.reject(traceId, step_span_id);
    const undo = await until('an undo that failed once', async () =>
      (await steps(stack, traceId)).find(
        (row) => row.compensates_span_id !== null && row.error_details !== null,
      ),
    );
    assert.equal(undo.status, 'COMPENSATING');
    rmSync(control);
    const { status } = await stack.http.retryCompensation(traceId, undo.step_span_id);
    assert.equal(status, 'requeued');
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
  });
});
