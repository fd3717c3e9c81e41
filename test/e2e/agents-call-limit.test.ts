import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { deployFixtures, ended, started, steps } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';

/** The scripted model calls list_notes in a step of this id, whatever comes of it. */
const reasoning = (onToolError: string): string =>
  JSON.stringify({
    kind: 'saga',
    name: `limit-${onToolError}`,
    version: '1',
    description: 'Lists notes.',
    steps: [
      {
        id: 'draft',
        name: 'Draft',
        kind: 'reason',
        worker: 'agents-scripted',
        worker_version: '1',
        prompt: 'think.md',
        with: { subject: { from: '$.input.subject' } },
        tools: { allow: [{ name: 'list_notes' }] },
        on_tool_error: onToolError,
      },
    ],
  });

describe('a tool call that takes longer than WARDEN_MCP_CALL_TIMEOUT_S', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { WARDEN_MCP_CALL_TIMEOUT_S: '1' } });
    await deployFixtures(stack);
    for (const how of ['fail', 'return']) await stack.http.deploy(reasoning(how));
    const late = { delay_after_ms: 600_000 };
    const control = { write_note: late, put_note: late, list_notes: late };
    writeFileSync(join(stack.notes.folder, '.control.json'), JSON.stringify(control));
  });
  after(() => stack.stop());

  async function run(name: string, input: object) {
    const traceId = await started(stack, name, input);
    const saga = await ended(stack, traceId);
    const [step, undo] = await steps(stack, traceId);
    const calls = stack.record().filter((line) => line.event === 'call' && line.key?.startsWith(traceId));
    return { saga, step, undo, tools: calls.map(({ tool }) => tool) };
  }

  it('has no result: of a tool that is not idempotent it is not made again, and is undone', async () => {
    const { saga, step, undo, tools } = await run('crash-write', { write: 'late.md', subject: 'x' });
    assert.deepEqual([saga.status, saga.failure?.code], ['COMPENSATED', 'SYSTEM_CRASH']);
    assert.match(
      String(step?.error_details?.['message']),
      /may have taken effect .*WARDEN_MCP_CALL_TIMEOUT_S/,
    );
    assert.match(String(step?.error_details?.['last_error']), /given up/);
    assert.equal(undo?.status, 'COMPENSATED');
    assert.deepEqual(tools, ['write_note', 'restore_note']);
  });

  it('of an idempotent one it is made again with the same key, three times in all', async () => {
    const { saga, step, tools } = await run('crash-put', { write: 'again.md', subject: 'x' });
    assert.deepEqual([saga.status, saga.failure?.code], ['COMPENSATED', 'SYSTEM_CRASH']);
    assert.equal(step?.error_details?.['calls'], 3);
    assert.deepEqual(tools, ['put_note', 'put_note', 'put_note', 'restore_note']);
  });

  it('inside a react step it fails the step with TOOL_INVOKE_FAILED, where a failed call does', async () => {
    const { saga, step } = await run('limit-fail', { subject: 'x' });
    assert.deepEqual([saga.status, saga.failure?.code], ['FAILED', 'TOOL_INVOKE_FAILED']);
    assert.match(String(step?.error_details?.['message']), /WARDEN_MCP_CALL_TIMEOUT_S/);
  });

  it('and is given to the model as an error, where that is what a failed call does', async () => {
    const { saga, step } = await run('limit-return', { subject: 'x' });
    assert.deepEqual([saga.status, step?.status], ['COMPLETED', 'COMPLETED']);
  });
});
