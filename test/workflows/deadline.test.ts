import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { after, before, describe, it } from 'mocha';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, saga } from '../support/sagas.ts';
import { fixtures, quietRuntime, startStack, until, type Stack } from '../support/stack.ts';
import { timeSkippingServer } from '../support/temporal.ts';
import { eventTypes, historyOf } from './history.ts';
import { heldAt } from './shown.ts';

/** The store's own clock, ahead by what the test says. */
const TURNED = sql<Date>`clock_timestamp() + coalesce(nullif(current_setting('test.ahead', true), ''), '0 s')::interval`;

describe('a deadline of days, judged by the clock of the store', () => {
  let env: TestWorkflowEnvironment;
  let stack: Stack;
  before(async () => {
    quietRuntime();
    const path = await timeSkippingServer();
    env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
    stack = await startStack({ temporalAddress: env.address, clock: TURNED });
    await deployFixtures(stack);
  });
  after(async () => {
    await stack.stop();
    await env.teardown();
  });

  const turnStore = (ahead: string) =>
    sql`select set_config('test.ahead', ${ahead}, false)`.execute(stack.store.db);
  const count = async (traceId: string, type: string) =>
    eventTypes(await historyOf(stack, traceId)).filter((each) => each === type).length;

  it('is waited for again when the timer woke the hold too early, and then expires the review', async () => {
    const traceId = await begun(stack, 'tools-undo');
    await heldAt(stack, traceId, 'review#1');
    await env.sleep('73h');
    await until('the timer to be set again', async () => (await count(traceId, 'TimerStarted')) === 2);
    assert.equal(await count(traceId, 'TimerFired'), 1);
    assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
    await turnStore('3 days');
    await env.sleep('73h');
    const { status, failure } = await ended(stack, traceId);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'REVIEW_EXPIRED']);
    const undone = stack.record().filter((line) => line.event === 'undo' && line.undone?.startsWith(traceId));
    assert.equal(undone.length, 1);
  });

  it('of a year is one timer, and a history that does not grow', async () => {
    const file = join(fixtures, 'manifests', 'w3-deadline.yaml');
    const text = readFileSync(file, 'utf8').replace('name: w3-deadline', 'name: year');
    await stack.http.deploy(text.replace('expires: 1h', 'expires: P365D'));
    const traceId = await begun(stack, 'year');
    const held = await heldAt(stack, traceId, 'review#1');
    const before = await historyOf(stack, traceId);
    await env.sleep('364d');
    await turnStore('364 days');
    assert.deepEqual(eventTypes(await historyOf(stack, traceId)), eventTypes(before));
    await stack.http.approve(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  it('refuses a decision after it, though the timer has not woken the hold yet', async () => {
    await turnStore('0 s');
    const traceId = await begun(stack, 'tools-undo');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await turnStore('4 days');
    await assert.rejects(stack.http.approve(traceId, step_span_id), /expired/);
    assert.equal((await stack.http.pendingReviews({ trace_id: traceId })).items.length, 0);
    await env.sleep('73h');
    assert.equal((await ended(stack, traceId)).failure?.code, 'REVIEW_EXPIRED');
  });
});
