import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import { deployFixtures, ended, review, started, steps } from '../support/sagas.ts';
import { startStack, until, type RecordLine, type Stack } from '../support/stack.ts';
import { sharedTemporal } from '../support/temporal.ts';

type System = Pick<Stack, 'http' | 'record' | 'notes'>;

/** Starts a saga whose note a model is to take back, and rejects its review. */
async function rejected(system: System, name: string): Promise<{ traceId: string; note: string }> {
  const write = `${name}-${(notes += 1)}.md`;
  const traceId = await started(system, name, { subject: 'bees', write });
  const held = await review(system, traceId);
  const note = join(system.notes.folder, write);
  assert.ok(existsSync(note));
  await system.http.reject(traceId, held.step_span_id, {});
  return { traceId, note };
}

let notes = 0;

async function undoOf(system: System, traceId: string) {
  const row = (await steps(system, traceId)).find((each) => each.compensates_span_id !== null);
  assert.ok(row, 'there is an undo');
  return system.http.showStep(traceId, row.step_span_id);
}

/** What arrived at the tool server under the undo's key, or took effect there. */
function lines(system: System, traceId: string, event: string, undoSpan = ''): RecordLine[] {
  return system
    .record()
    .filter((line) => line.event === event && line.key?.startsWith(`${traceId}:${undoSpan}`));
}

const toolsOf = (found: readonly RecordLine[]) => found.map(({ tool }) => tool);
const callsOf = (usage: JsonObject | null): unknown =>
  isJsonObject(usage?.['worker']) ? usage['worker']['llm_calls'] : null;

describe('an undo of several tools', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  it('is carried out by the model, turn by turn, and the saga is COMPENSATED', async () => {
    const { traceId, note } = await rejected(stack, 'agents-undo');
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    assert.ok(!existsSync(note));
    const undo = await undoOf(stack, traceId);
    assert.equal(undo.status, 'COMPENSATED');
    const { rollback_status, compensation_mode, data, tool_results } = undo.output_payload ?? {};
    assert.deepEqual([rollback_status, compensation_mode, data], ['success', 'react', { summary: '' }]);
    assert.ok(Array.isArray(tool_results));
    assert.deepEqual(
      tool_results.map((result) => (isJsonObject(result) ? result['tool'] : null)),
      ['list_notes', 'restore_note'],
    );
    assert.equal(callsOf(undo.usage), 3);
    assert.ok(isJsonObject(undo.timing) && isJsonObject(undo.timing['worker']));
    const keys = lines(stack, traceId, 'call', undo.step_span_id).map(({ key }) => key);
    assert.equal(new Set(keys).size, 2, 'each call has a key of its own');
  });

  /** The undo of `agents-undo-append` in the middle of the call that must not be repeated. */
  async function calling(delay: JsonObject) {
    const control = join(stack.notes.folder, '.control.json');
    writeFileSync(control, JSON.stringify({ append_note: delay }));
    const { traceId, note } = await rejected(stack, 'agents-undo-append');
    await until('the call', () => toolsOf(lines(stack, traceId, 'call')).includes('append_note'));
    rmSync(control);
    return { traceId, log: `${note}.log` };
  }

  it('is not ended in the middle of a call by a worker that stops: it goes on after it', async () => {
    const { traceId, log } = await calling({ delay_after_ms: 1_000 });
    await stack.stopWorker();
    await stack.startWorker();
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    assert.equal(readFileSync(log, 'utf8'), 'undone ');
    assert.equal(callsOf((await undoOf(stack, traceId)).usage), 3);
  });

  it("is ended in the middle of a call by an operator's force, and makes that call again", async () => {
    const { traceId, log } = await calling({ delay_before_ms: 50_000 });
    const { step_span_id } = await undoOf(stack, traceId);
    assert.equal((await stack.http.retryCompensation(traceId, step_span_id)).status, 'claim_active');
    const forced = { force: true, allow_destructive: true };
    assert.equal((await stack.http.retryCompensation(traceId, step_span_id, forced)).status, 'scheduled');
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    assert.equal(readFileSync(log, 'utf8'), 'undone ');
    const calls = lines(stack, traceId, 'call', step_span_id);
    assert.deepEqual(toolsOf(calls), ['restore_note', 'append_note', 'append_note']);
    assert.equal(calls[1]?.key, calls[2]?.key);
  });

  it('fails after five loops, each from the beginning, and is taken up again by retry-compensation', async () => {
    const control = join(stack.notes.folder, '.control.json');
    writeFileSync(control, JSON.stringify({ restore_note: { fail: 'the archive is locked' } }));
    const { traceId, note } = await rejected(stack, 'agents-undo');
    assert.equal((await ended(stack, traceId)).failure?.code, 'COMPENSATION_FAILED');
    const failed = await undoOf(stack, traceId);
    const { code, summary, attempts } = failed.error_details ?? {};
    assert.deepEqual([failed.status, code, attempts], ['FAILED', 'COMPENSATION_FAILED', 5]);
    assert.match(String(summary), /the archive is locked/);
    assert.equal(callsOf(failed.usage), 15);
    const calls = lines(stack, traceId, 'call', failed.step_span_id);
    assert.deepEqual(toolsOf(calls), Array.from({ length: 5 }, () => ['list_notes', 'restore_note']).flat());
    assert.equal(new Set(calls.map(({ key }) => key)).size, 2, 'the same call again has the same key');

    rmSync(control);
    await stack.http.retryCompensation(traceId, failed.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPENSATED');
    assert.ok(!existsSync(note));
  });
});

describe('an undo of several tools whose worker process is killed with -9 in the middle of a call', function () {
  this.timeout(200_000);
  let cluster: Cluster;
  before(async () => {
    const url = await createDatabase('agents_undo');
    cluster = await createCluster({ temporal: (await sharedTemporal()).address, url });
    await cluster.startApi();
    await deployFixtures(cluster);
  });
  after(() => cluster.stop());

  it('goes on where it was with a tool that may be called again, and fails for good with one that may not', async () => {
    const worker = await cluster.startWorker();
    cluster.rehearse({
      restore_note: { delay_after_ms: 3_000 },
      append_note: { delay_after_ms: 60_000 },
    });
    const { traceId: lost, note } = await rejected(cluster, 'agents-undo-append');
    await until('the call that must not be made again', () =>
      toolsOf(lines(cluster, lost, 'effect')).includes('append_note'),
    );
    const { traceId: again } = await rejected(cluster, 'agents-undo');
    await until('the call that may be made again', () =>
      toolsOf(lines(cluster, again, 'effect')).includes('restore_note'),
    );
    assert.equal((await worker.kill()).signal, 'SIGKILL');
    cluster.rehearse(null);
    await cluster.startWorker();

    assert.equal((await ended(cluster, again)).status, 'COMPENSATED');
    const undone = await undoOf(cluster, again);
    const calls = lines(cluster, again, 'call', undone.step_span_id);
    assert.deepEqual(toolsOf(calls), ['list_notes', 'restore_note', 'restore_note']);
    assert.equal(calls[1]?.key, calls[2]?.key);
    assert.equal(callsOf(undone.usage), 3, 'no turn is asked for again');
    assert.equal(
      toolsOf(lines(cluster, again, 'effect')).filter((tool) => tool === 'restore_note').length,
      1,
    );

    assert.equal((await ended(cluster, lost)).failure?.code, 'COMPENSATION_FAILED');
    const failed = await undoOf(cluster, lost);
    assert.deepEqual(
      [failed.status, failed.error_details?.['code'], failed.error_details?.['tool']],
      ['FAILED', 'SYSTEM_CRASH', 'append_note'],
    );
    assert.equal(readFileSync(`${note}.log`, 'utf8'), 'undone ');

    await cluster.http.retryCompensation(lost, failed.step_span_id);
    assert.equal((await ended(cluster, lost)).status, 'COMPENSATED');
    assert.equal(
      readFileSync(`${note}.log`, 'utf8'),
      'undone undone ',
      "an operator's word is one call more",
    );
    const restores = lines(cluster, lost, 'call').filter(({ tool }) => tool === 'restore_note');
    assert.equal(new Set(restores.map(({ key }) => key)).size, 1);
  });
});
