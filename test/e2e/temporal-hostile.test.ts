import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { workflowId } from '../../workflows/messages.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, review, saga } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { eventTypes, historyOf } from '../workflows/history.ts';
import { decisionsOf, refusalsOf } from '../workflows/ledger.ts';
import { heldAt } from '../workflows/shown.ts';
import { onWorkflow, signalled } from '../workflows/temporal-command.ts';

interface Raw {
  encoding: string;
  data: Uint8Array;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: string): Raw => ({ encoding: 'json/plain', data: text(value) });

const UNDECODABLE: Raw[] = [
  json('{"review":'),
  json(''),
  { encoding: 'json/plain', data: Uint8Array.of(0xff, 0xfe, 0x00) },
  { encoding: 'binary/encrypted', data: Uint8Array.of(1, 2, 3) },
  { encoding: 'binary/plain', data: text('{"review":"review#1"}') },
  { encoding: 'json/protobuf', data: text('{"review":"review#1"}') },
  { encoding: 'binary/protobuf', data: Uint8Array.of(8, 150, 1) },
  { encoding: '', data: text('{"review":"review#1"}') },
  { encoding: 'no/such', data: text('{"review":"review#1"}') },
];

const MEANINGLESS = [
  '[]',
  '7',
  'true',
  '[{"review":"review#1"}]',
  '{"review":7,"comment":{"a":1},"guidance":[],"error_details":"x"}',
  '{"review":"review#1 "}',
  '{"review":"__proto__","__proto__":{"review":"review#1"}}',
  `{"error_details":${'{"a":'.repeat(500)}1${'}'.repeat(500)},"review":"review#1"}`,
];

describe('a saga that waits, and signals that nobody should send', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  /** As any client of Temporal can, past every converter. */
  function send(traceId: string, signalName: string, ...payloads: Raw[]) {
    const { namespace } = stack.client.options;
    return stack.client.workflowService.signalWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: workflowId(traceId) },
      signalName,
      identity: 'mallory',
      requestId: randomUUID(),
      input: {
        payloads: payloads.map(({ encoding, data }) => ({ metadata: { encoding: text(encoding) }, data })),
      },
    });
  }

  /** It waits still, no task of it has failed, and a person can decide it. */
  async function waitsAndCompletes(traceId: string): Promise<void> {
    const { step_span_id } = await review(stack, traceId);
    const { status } = await saga(stack, traceId);
    assert.equal(status, 'AWAITING_HUMAN');
    await stack.http.approve(traceId, step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal((await saga(stack, traceId)).stuck, null);
    const decisions = await decisionsOf(stack, traceId);
    assert.deepEqual(
      decisions.map((each) => each.actor.subject),
      ['local'],
    );
  }

  it('waits on after signals that cannot be decoded, each refused and recorded', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    for (const raw of UNDECODABLE) await send(traceId, 'approve', raw);
    await until('all refusals', async () => (await refusalsOf(stack, traceId)).length === UNDECODABLE.length);
    for (const each of await refusalsOf(stack, traceId)) assert.match(each, /^approve: expected/);
    await waitsAndCompletes(traceId);
    const types = eventTypes(await historyOf(stack, traceId));
    assert.equal(types.includes('WorkflowTaskFailed'), false);
  });

  it('waits on after signals that mean nothing, under our names and under others', async () => {
    const traceId = await begun(stack, 'held-commit');
    await heldAt(stack, traceId, 'write#1');
    for (const each of MEANINGLESS)
      await send(traceId, 'approve', json(each.replaceAll('review#1', 'write#1')));
    const names = ['__temporal_x', 'constructor', '__proto__', 'APPROVE', 'x'.repeat(900), 'a\u202eb\n'];
    for (const name of names) await send(traceId, name, UNDECODABLE[0] ?? json('1'));
    const count = MEANINGLESS.length + names.length;
    await until('all refusals', async () => (await refusalsOf(stack, traceId)).length === count);
    await waitsAndCompletes(traceId);
  });

  it('waits on after forged requests, on a held reason step and on a held commit', async () => {
    for (const [name, held] of [
      ['w3', 'review#1'],
      ['held-commit', 'write#1'],
    ] as const) {
      const traceId = await begun(stack, name);
      await heldAt(stack, traceId, held);
      const forged = ['nonsense', `cancel-${traceId}`, `start-${traceId}`, '', 'x'.repeat(100_000), '../..'];
      for (const request of forged) {
        for (const signal of ['approve', 'reject', 'retry']) {
          await send(traceId, signal, json(JSON.stringify({ request, review: held })));
        }
      }
      await until(
        'quiet',
        async () => eventTypes(await historyOf(stack, traceId)).at(-1) !== 'WorkflowExecutionSignaled',
      );
      assert.deepEqual(await decisionsOf(stack, traceId), []);
      assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
      await waitsAndCompletes(traceId);
      const effects = stack
        .record()
        .filter((line) => line.event === 'effect' && line.key?.startsWith(traceId));
      assert.equal(effects.length, 1);
    }
  });

  it('waits on after signals of two megabytes, also when another worker reads its history anew', async () => {
    const traceId = await begun(stack, 'w3');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    const large = 'x'.repeat(2_000_000);
    await send(traceId, 'approve', json(JSON.stringify({ comment: large })));
    await send(traceId, 'reject', json(JSON.stringify({ review: large })));
    await send(traceId, large.slice(0, 900), json(JSON.stringify(large)));
    await until('the refusals', async () => (await refusalsOf(stack, traceId)).length === 3);
    // More than that Temporal itself does not take.
    await assert.rejects(send(traceId, 'reject', json(JSON.stringify(large + large.slice(0, 200_000)))));
    for (const each of await refusalsOf(stack, traceId)) assert.ok(each.length < 1000, `${each.length}`);
    await stack.stopWorker();
    await stack.startWorker();
    await stack.http.approve(traceId, step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal((await refusalsOf(stack, traceId)).length, 3);
  });

  it('takes two megabytes of comment from the Temporal CLI, cut to what a comment may have', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    const folder = await mkdtemp(join(tmpdir(), 'warden-input-'));
    const file = join(folder, 'input.json');
    await writeFile(file, JSON.stringify({ review: 'review#1', comment: '\u{1f600}'.repeat(400_000) }));
    await onWorkflow(stack, traceId, 'signal', '--name', 'approve', '--input-file', file);
    await rm(folder, { recursive: true });
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const [decision] = await decisionsOf(stack, traceId);
    assert.equal(JSON.stringify(decision?.data).match(/\u{1f600}/gu)?.length, 5_000);
  });

  it('records twenty refusals of a thousand one by one, and the count of the rest', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    for (let sent = 0; sent < 1_000; sent += 50) {
      await Promise.all(Array.from({ length: 50 }, () => send(traceId, 'approve', json('{}'))));
    }
    await until('twenty refusals', async () => (await refusalsOf(stack, traceId)).length === 20);
    await waitsAndCompletes(traceId);
    const refused = await refusalsOf(stack, traceId);
    assert.equal(refused.length, 21);
    assert.equal(refused.at(-1), '980 more refused');
  });

  it('is decided by a person who signals in the middle of a flood', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    const flood = Array.from({ length: 100 }, () => send(traceId, 'approve', ...UNDECODABLE.slice(0, 1)));
    await signalled(stack, traceId, 'approve', '{"review":"review#1"}');
    await Promise.allSettled(flood);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal((await decisionsOf(stack, traceId)).length, 1);
  });
});
