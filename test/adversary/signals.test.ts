import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { after, before, describe, it } from 'mocha';
import { workflowId } from '../../workflows/messages.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, review, saga } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { historyOf } from '../workflows/history.ts';
import { decisionsOf, refusalsOf } from '../workflows/ledger.ts';
import { heldAt } from '../workflows/shown.ts';
import { POISON_SIGNALS, type PoisonSignal } from './poison-signals.ts';

const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

/** Temporal itself gives a task back when a signal came before its end was taken, or when too many came meanwhile. */
const GIVEN_BACK: readonly unknown[] = [
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
];

/** So many refusals of a hold are recorded one by one. */
const ONE_BY_ONE = 20;

describe('poison signals', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  function send(traceId: string, { name, payloads }: PoisonSignal) {
    const { namespace } = stack.client.options;
    return stack.client.workflowService.signalWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: workflowId(traceId) },
      signalName: name,
      identity: 'mallory',
      requestId: randomUUID(),
      input: {
        payloads: payloads.map(({ encoding, data }) => ({
          metadata: { encoding: new TextEncoder().encode(encoding) },
          data,
        })),
      },
    });
  }

  /** It waits still, on the same payload, and a person decides it; only that decision is in its ledger. */
  async function decidedByAPerson(traceId: string, hash: string): Promise<void> {
    const open = await review(stack, traceId);
    assert.deepEqual([open.iteration, open.payload_hash], [1, hash]);
    assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
    await stack.http.approve(traceId, open.step_span_id, { payload_hash: hash });
    const { status, stuck } = await ended(stack, traceId);
    assert.deepEqual([status, stuck], ['COMPLETED', null]);
    const decisions = await decisionsOf(stack, traceId);
    assert.deepEqual(
      decisions.map(({ type, actor }) => [type, actor.subject]),
      [['decision.approved', 'local']],
    );
    assert.deepEqual(await failedTasks(traceId), []);
  }

  /** What failed in our own code. */
  async function failedTasks(traceId: string): Promise<string[]> {
    const { events } = await historyOf(stack, traceId);
    return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      !failed || GIVEN_BACK.includes(failed.cause) ? [] : [`${failed.cause} ${failed.failure?.message}`],
    );
  }

  async function assertRefused(table: readonly PoisonSignal[]): Promise<void> {
    const traceId = await begun(stack, 'w3');
    const { payload_hash } = await heldAt(stack, traceId, 'review#1');
    for (const each of table) await send(traceId, each);
    await until(`${table.length} refusals`, async () => {
      return (await refusalsOf(stack, traceId)).length >= table.length;
    });
    await decidedByAPerson(traceId, payload_hash);
    const refused = await refusalsOf(stack, traceId);
    assert.equal(refused.length, table.length);
    for (const each of refused) assert.ok(each.length > 10 && each.length < 1_000, each);
  }

  it('are each refused and recorded with the reason, and the saga goes on as the person says', async () => {
    const tables: PoisonSignal[][] = [];
    for (let at = 0; at < POISON_SIGNALS.length; at += ONE_BY_ONE) {
      tables.push(POISON_SIGNALS.slice(at, at + ONE_BY_ONE));
    }
    await Promise.all(tables.map(assertRefused));
  });

  it('are counted when one saga gets them all, five at a time and again while it is decided', async () => {
    const traceId = await begun(stack, 'w3');
    const { payload_hash } = await heldAt(stack, traceId, 'review#1');
    const small = POISON_SIGNALS.filter(({ payloads }) => payloads.every(({ data }) => data.length < 1_000));
    for (let at = 0; at < small.length; at += 5) {
      await Promise.all(small.slice(at, at + 5).map((each) => send(traceId, each)));
    }
    await until('the first refusals', async () => (await refusalsOf(stack, traceId)).length === ONE_BY_ONE);
    const flood = Promise.allSettled(small.map((each) => send(traceId, each)));
    await decidedByAPerson(traceId, payload_hash);
    const sent = (await flood).filter(({ status }) => status === 'fulfilled').length;
    const counted = await countOf(traceId);
    assert.ok(
      counted >= small.length && counted <= small.length + sent,
      `${counted} of ${small.length}+${sent}`,
    );
  });

  async function countOf(traceId: string): Promise<number> {
    let count = 0;
    for (const message of await refusalsOf(stack, traceId)) {
      count += Number(/^(\d+) more refused$/.exec(message)?.[1] ?? 1);
    }
    return count;
  }

  it('leave nothing stuck', async () => {
    assert.deepEqual((await stack.http.listSagas({ stuck: true })).items, []);
    assert.deepEqual((await stack.http.pendingReviews()).items, []);
  });
});
