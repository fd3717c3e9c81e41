import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { defaultPayloadConverter } from '@temporalio/common';
import { SIGNALS, workflowId } from '../../workflows/messages.ts';
import { begun, ENDINGS } from '../replay/endings.ts';
import { startProgram } from '../support/processes.ts';
import { deployFixtures, ended } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { eventsOf, historyOf } from '../workflows/history.ts';
import { heldAt, shownOf } from '../workflows/shown.ts';
import { onWorkflow, temporal } from '../workflows/temporal-command.ts';

interface Metadata {
  currentDetails: string;
  definition: { type: string; signalDefinitions: { name: string; description: string }[] };
}

describe('what an operator sees of a saga in Temporal’s own tools', () => {
  let stack: Stack;
  let traceId: string;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
    traceId = await begun(stack, 'w3-deadline');
    await heldAt(stack, traceId, 'review#1');
  });
  after(() => stack.stop());

  const metadata = (id: string) =>
    stack.client.workflow.getHandle(workflowId(id)).query<Metadata>('__temporal_workflow_metadata');

  /** What stands at each activity, timer and local activity of a history, after what it is. */
  async function summaries(id: string): Promise<string[]> {
    return eventsOf(await historyOf(stack, id)).flatMap((event) => {
      const activity = event.activityTaskScheduledEventAttributes?.activityId;
      const timer = event.timerStartedEventAttributes ? 'timer' : null;
      const what = activity ?? timer ?? (event.markerRecordedEventAttributes ? 'local' : null);
      const summary = event.userMetadata?.summary;
      if (what === null) return [];
      return [`${what}: ${summary ? String(defaultPayloadConverter.fromPayload(summary)) : ''}`];
    });
  }

  it('finds the sagas that wait, by status, saga, step and when they are due', async () => {
    const query = [
      `WardenStatus='AWAITING_HUMAN'`,
      `WardenNamespace='default'`,
      `WardenSaga='w3-deadline'`,
      `WardenStep='review'`,
      `WardenDue > '${new Date(Date.now()).toISOString()}'`,
    ].join(' AND ');
    const listed = async (condition: string) => {
      const text = await temporal(stack, 'workflow', 'list', '--query', condition, '--output', 'json');
      const found: { execution: { workflowId: string } }[] = JSON.parse(text);
      return found.some((each) => each.execution.workflowId === workflowId(traceId));
    };
    await until('it to be listed', () => listed(query));
    assert.equal(await listed(`WardenSaga='w3-deadline' AND WardenStatus='RUNNING'`), false);
  });

  it('reads the open review, its deadline and the commands that decide it, from the server itself', async () => {
    const { expires_at } = await heldAt(stack, traceId, 'review#1');
    const shown = await shownOf(stack, traceId);
    assert.deepEqual([shown.workflow, shown.status, shown.step], ['RUNNING', 'AWAITING_HUMAN', 'review']);
    // The workflow's clock and the store's differ by how long it took to tell.
    assert.ok(Math.abs((shown.due?.getTime() ?? 0) - Date.parse(expires_at ?? '')) < 60_000);
    assert.ok(shown.memoBytes < 2_048, `${shown.memoBytes}`);
    assert.deepEqual(Object.keys(shown.memo).sort(), ['approve', 'reject', 'retry', 'review']);
    const described = await onWorkflow(stack, traceId, 'describe');
    assert.match(described, /--name approve/);
    assert.match(described, /default\/w3-deadline 1/);
  });

  it('reads in the details what the saga does, and at every signal what it takes', async () => {
    const { currentDetails, definition } = await metadata(traceId);
    assert.match(currentDetails, /^AWAITING_HUMAN: review review#1 of step review, reason, iteration 1\./);
    assert.match(currentDetails, /It expires at \d{4}-\d\d-\d\dT/);
    assert.equal(definition.type, 'saga');
    const described = definition.signalDefinitions.filter((signal) => signal.name in SIGNALS);
    assert.deepEqual(
      described.map(({ name, description }) => ({ name, description })),
      Object.values(SIGNALS),
    );
    const typed = await onWorkflow(stack, traceId, 'metadata');
    assert.match(typed, /AWAITING_HUMAN/);
  });

  it('decides by the command of the memo, pasted into a terminal', async () => {
    const id = await begun(stack, 'held-commit');
    await heldAt(stack, id, 'write#1');
    const command = (await shownOf(stack, id)).memo['approve'];
    const { cli, address } = stack.temporal;
    const script = `temporal() { "$CLI" "$@"; }\n${command}\n`;
    const env = { CLI: cli, TEMPORAL_ADDRESS: address };
    const pasted = startProgram('terminal', '/bin/sh', ['-c', script], { env });
    assert.equal((await pasted.exited).code, 0, pasted.output());
    assert.equal((await ended(stack, id)).status, 'COMPLETED');
    const { currentDetails } = await metadata(id);
    assert.equal(currentDetails, 'COMPLETED');
  });

  it('sees each activity under the id of its step, with what it is about', async () => {
    const retried = (await ENDINGS['retried-then-approved']?.(stack)) ?? '';
    assert.deepEqual(await summaries(retried), [
      'think: think #1: reason',
      'review: review #1: reason, then review',
      'timer: deadline of review#1',
      'local: review #1: settle, request',
      'review: review #2: reason, then review',
      'timer: deadline of review#2',
      'local: review #2: settle, request',
      'write: write #1: call the tool',
    ]);
    const undone = (await ENDINGS['rejected-and-undone']?.(stack)) ?? '';
    assert.deepEqual(await summaries(undone), [
      'first: first #1: call the tool',
      'review: review #1: reason, then review',
      'timer: deadline of review#1',
      'local: review #1: settle, request',
      'first-undo: first: undo',
    ]);
    const held = (await ENDINGS['held-commit-approved']?.(stack)) ?? '';
    assert.deepEqual((await summaries(held)).slice(2), [
      'write: write #1: prepare the call, then review',
      'timer: deadline of write#1',
      'write: write #1: call the tool',
    ]);
  });

  it('sees how a saga ended, and why', async () => {
    const undone = (await ENDINGS['rejected-and-undone']?.(stack)) ?? '';
    const described = await onWorkflow(stack, undone, 'describe');
    assert.match(described, /HUMAN_REJECTED/);
    const shown = await shownOf(stack, undone);
    assert.deepEqual(
      [shown.workflow, shown.status, shown.step, shown.due],
      ['FAILED', 'COMPENSATED', undefined, undefined],
    );
    assert.match((await metadata(undone)).currentDetails, /^COMPENSATED: HUMAN_REJECTED$/);
    const stuck = (await ENDINGS['undo-failed-for-good']?.(stack)) ?? '';
    assert.match((await metadata(stuck)).currentDetails, /^FAILED: the undo of step first failed for good/);
  });
});
