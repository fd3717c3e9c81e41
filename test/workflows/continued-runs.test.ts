import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { deployFixtures, ended, review, started } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { shortRuns, startTemporal, type TemporalServer } from '../support/temporal.ts';
import { workflowId } from '../../workflows/messages.ts';
import { historyOf } from './history.ts';
import { entriesOf, refusalsOf } from './ledger.ts';
import { onWorkflow } from './temporal-command.ts';

const SUGGEST_AFTER = 30;
/** Of the saga of many steps; the last one fails. */
const STEPS = 200;

describe('runs that a saga goes on in', () => {
  let temporal: TemporalServer;
  let stack: Stack;
  before(async () => {
    temporal = await startTemporal({ config: shortRuns(SUGGEST_AFTER) });
    stack = await startStack({ temporalAddress: temporal.address });
    await deployFixtures(stack);
  });
  after(async () => {
    await stack.stop();
    await temporal.stop();
  });

  const handle = (traceId: string) => stack.client.workflow.getHandle(workflowId(traceId));
  const present = async (traceId: string) => (await handle(traceId).describe()).runId;
  const effects = (traceId: string) =>
    stack.record().filter((line) => line.event === 'effect' && line.key?.startsWith(traceId));
  const resets = async (traceId: string) =>
    (await entriesOf(stack, traceId)).filter((entry) => entry.type === 'recovery.reset');

  /** A saga on hold in iteration `last`, by as many retries. */
  async function retried(write: string, last: number) {
    const traceId = await started(stack, 'held-plain', { write, first: `first-${write}`, subject: 'x' });
    for (let iteration = 1; ; iteration++) {
      const held = await until(`iteration ${iteration}`, async () => {
        const open = await review(stack, traceId);
        return open.iteration === iteration && open;
      });
      if (iteration === last) return { traceId, held };
      await stack.http.retry(traceId, held.step_span_id, { iteration, guidance: 'again' });
    }
  }

  /** Reconcile has seen the run that is there now. */
  async function seen(traceId: string): Promise<string> {
    return until('the run to be known', async () => {
      const row = await stack.store.db
        .selectFrom('sagas')
        .select('run_id')
        .where('trace_id', '=', traceId)
        .executeTakeFirstOrThrow();
      return row.run_id === (await present(traceId)) && row.run_id;
    });
  }

  it('are not taken for resets, and a reset of one is', async () => {
    const { traceId, held } = await retried('resets.md', 5);
    const { firstExecutionRunId } = await startOf(traceId);
    const runId = await seen(traceId);
    assert.notEqual(runId, firstExecutionRunId);
    assert.deepEqual(await resets(traceId), []);
    await onWorkflow({ temporal }, traceId, 'reset', '--type', 'FirstWorkflowTask', '--reason', 'a test');
    await until('another run', async () => (await present(traceId)) !== runId);
    await seen(traceId);
    assert.equal((await resets(traceId)).length, 1);
    await stack.http.approve(traceId, held.step_span_id, { iteration: 5 });
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(effects(traceId).length, 2);
  });

  it('are gone on with by another worker process, which replays only the last of them', async () => {
    const { traceId, held } = await retried('worker.md', 5);
    const { firstExecutionRunId } = await startOf(traceId);
    await stack.stopWorker();
    assert.notEqual(await present(traceId), firstExecutionRunId);
    for (let at = 0; at < 30; at++) await handle(traceId).signal('approve', { review: 'none#1' });
    await stack.http.approve(traceId, held.step_span_id, { iteration: 5 });
    await stack.startWorker();
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal(effects(traceId).length, 2);
  });

  it('count every signal that was refused, in whichever of them it came', async () => {
    const traceId = await started(stack, 'held-plain', { write: 'c.md', first: 'counted.md', subject: 'x' });
    const held = await review(stack, traceId);
    let sent = 0;
    for (let run = 1; run <= 4; run++) {
      const runId = await present(traceId);
      for (; (await present(traceId)) === runId; sent++) {
        await handle(traceId).signal('approve', { review: 'none#1' });
      }
    }
    await stack.http.approve(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const refusals = await refusalsOf(stack, traceId);
    const counts = refusals.map((message) => Number(/^(\d+) more refused/.exec(message)?.[1] ?? 1));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      sent,
    );
  });

  it(`are short, however many steps a saga of ${STEPS} has made and undoes`, async () => {
    await stack.http.deploy(manyCommits());
    const traceId = await started(stack, 'many', { bad: '../outside.md' });
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    const keyed = effects(traceId).map((line) => line.key);
    const forward = keyed.slice(0, STEPS - 1);
    assert.equal(new Set(forward).size, STEPS - 1);
    const lengths = await lengthsOf(traceId);
    assert.ok(lengths.length > (12 * STEPS) / (2 * SUGGEST_AFTER), `${lengths.length} runs`);
    assert.ok(Math.max(...lengths) < 2 * SUGGEST_AFTER, lengths.join(' '));
    const undone = stack
      .record()
      .filter((line) => line.event === 'undo' && line.undone?.startsWith(traceId))
      .map((line) => line.undone);
    assert.deepEqual(undone, forward.toReversed());
    assert.deepEqual(await resets(traceId), []);
  });

  /** Of each of its runs. */
  async function lengthsOf(traceId: string): Promise<number[]> {
    const lengths: number[] = [];
    const runs = stack.client.workflow.list({ query: `WorkflowId = '${workflowId(traceId)}'` });
    for await (const { historyLength } of runs) lengths.push(historyLength);
    return lengths;
  }

  async function startOf(traceId: string) {
    const [first] = (await historyOf(stack, traceId)).events ?? [];
    assert.ok(first?.workflowExecutionStartedEventAttributes);
    return first.workflowExecutionStartedEventAttributes;
  }
});

function manyCommits(): string {
  const step = (at: number) => ({
    id: `s${at}`,
    name: `Step ${at}`,
    kind: 'commit',
    worker: 'tester',
    worker_version: '1',
    with: {
      path: at === STEPS ? { from: '$.input.bad' } : { value: `many-${at}.md` },
      content: { value: 'x' },
    },
    tools: { allow: [{ name: 'put_note' }] },
    timeout_seconds: 30,
    compensation: 'restore.yaml',
  });
  const steps = Array.from({ length: STEPS }, (_, at) => step(at + 1));
  return JSON.stringify({ kind: 'saga', name: 'many', version: '1', description: 'Many commits.', steps });
}
