import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { createDatabase } from '../support/postgres.ts';
import { deployFixtures, ended, review, saga, started, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';

const run = promisify(execFile);

/** The tool `write_note` answers this long after its effect. */
async function slowTool({ notes }: Stack, delayMs: number): Promise<void> {
  const control = { write_note: { delay_after_ms: delayMs } };
  await writeFile(join(notes.folder, '.control.json'), JSON.stringify(control));
}

describe('what operators and a store that is away do to a call under way', () => {
  let stack: Stack;
  let url: string;
  before(async () => {
    url = await createDatabase('operators');
    stack = await startStack({ url });
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  const paths = (name: string) => ({
    first: `${name}-1.md`,
    write: `${name}.md`,
    last: `${name}-2.md`,
    subject: 'x',
  });
  const effectsAt = (path: string) =>
    stack.record().filter((line) => line.event === 'effect' && line.path === path).length;
  const temporal = (...args: string[]) =>
    run(stack.temporal.cli, [...args, '--address', stack.temporal.address]);

  async function whileWriting(name: string): Promise<string> {
    const traceId = await started(stack, 'plain', paths(name));
    await until('the call', () => effectsAt(`${name}.md`) === 1);
    return traceId;
  }

  it('a result in hand is written when the store answers again, and nothing is undone', async () => {
    await slowTool(stack, 1_000);
    const traceId = await whileWriting('locked');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('begin');
    await client.query('select 1 from sagas where trace_id = $1 for update', [traceId]);
    await delay(6_500); // The result's transaction waits for the lock for 5 s and fails.
    await client.query('rollback');
    await client.end();
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(effectsAt('locked.md'), 1);
  });

  it('an activity that is paused during its call keeps its result', async () => {
    await slowTool(stack, 12_000);
    const traceId = await whileWriting('paused');
    const activity = ['--activity-id', 'write', '--workflow-id', `saga-${traceId}`];
    await temporal('activity', 'pause', ...activity);
    await until('the result', async () => (await steps(stack, traceId))[1]?.status === 'COMPLETED');
    await temporal('activity', 'unpause', ...activity).catch(() => undefined);
    await slowTool(stack, 0);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(effectsAt('paused.md'), 1);
  });

  for (const result of [
    { kind: 'completed', ended: true },
    { kind: 'completed', ended: false },
    { kind: 'held', iteration: 7 },
    'done',
  ]) {
    it(`an activity completed by hand with ${JSON.stringify(result)} is asked again, and the row answers`, async () => {
      await slowTool(stack, 3_000);
      const traceId = await whileWriting(`by-hand-${JSON.stringify(result).length}`);
      const activity = ['--activity-id', 'write', '--workflow-id', `saga-${traceId}`];
      await temporal('activity', 'complete', ...activity, '--result', JSON.stringify(result));
      assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
      const path = `by-hand-${JSON.stringify(result).length}.md`;
      assert.equal(effectsAt(path), 1);
    });
  }

  it('typed requests that nobody made decide nothing, are recorded up to a limit, and cost little', async () => {
    await slowTool(stack, 0);
    const traceId = await started(stack, 'held-plain', { first: 'f-1.md', write: 'f.md', subject: 'x' });
    const held = await review(stack, traceId);
    const handle = stack.client.workflow.getHandle(`saga-${traceId}`);
    for (let n = 0; n < 40; n += 1) {
      await handle.signal('approve', { request: `forged-${n}` });
      await delay(20);
    }
    assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
    await stack.http.approve(traceId, held.step_span_id, {});
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(effectsAt('f.md'), 1);
    const events = (await handle.fetchHistory()).events ?? [];
    assert.ok(events.length < 40 * 6 + 60, `${events.length} events`);
    const refusals = await stack.store.db
      .selectFrom('ledger_entries')
      .select('n')
      .where('trace_id', '=', traceId)
      .where('type', '=', 'refusal')
      .execute();
    assert.ok(refusals.length > 0 && refusals.length <= 22, `${refusals.length} refusals`);
  });

  it('a cancel after a rejection is told so; a cancel while a step runs that fails is a cancel', async () => {
    await stack.stopWorker();
    const waiting = await started(stack, 'w3', { write: 'c.md', subject: 'x' });
    await stack.startWorker();
    const held = await review(stack, waiting);
    await stack.stopWorker();
    await stack.http.reject(waiting, held.step_span_id, {});
    await assert.rejects(stack.http.cancel(waiting, {}), /rejected by/);
    await stack.startWorker();
    assert.equal((await ended(stack, waiting)).failure?.code, 'HUMAN_REJECTED');
  });
});
