import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { createActivities } from '../../activities/create.ts';
import type { Activities, SettleCause } from '../../domain/answers.ts';
import { createToolServers } from '../../mcp/servers.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, saga, steps } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { entriesOf } from './ledger.ts';
import { heldAt } from './shown.ts';

const never = { enabled: false, maxAttempts: 1, baseDelayMs: 1, maxDelayMs: 1 };

describe('settle run twice on one input, as a local activity may be', () => {
  let stack: Stack;
  let settle: Activities['settle'];
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
    settle = createActivities({
      store: stack.store,
      trust: { authentication: false, trusted: false },
      tools: createToolServers({ stdioAllow: [], bundled: {}, env: {}, log: () => undefined }),
      models: { modelOf: () => assert.fail('no model is asked') },
      maxStepTokens: null,
      toolMessageLimit: 0,
      llmRetry: never,
      undoRetry: never,
      crash: () => undefined,
      log: { warn: () => undefined },
    }).settle;
  });
  after(() => stack.stop());

  /** A saga that waits, and nobody polls for it. */
  async function waiting(name: string, held: string) {
    await stack.startWorker();
    const traceId = await begun(stack, name);
    const { step_span_id } = await heldAt(stack, traceId, held);
    await stack.stopWorker();
    return { traceId, span: step_span_id };
  }

  /** Settles twice, and answers what both answered; the second wrote nothing. */
  async function twice(at: { traceId: string; span: string }, cause: SettleCause, id: string = randomUUID()) {
    const input = { ...at, iteration: 1, id, cause };
    const first = await settle(input);
    const entries = await entriesOf(stack, at.traceId);
    const rows = await steps(stack, at.traceId);
    assert.deepEqual(await settle(input), first);
    assert.deepEqual(await entriesOf(stack, at.traceId), entries);
    assert.deepEqual(await steps(stack, at.traceId), rows);
    assert.equal(first.of, id);
    const { of: _question, ...answer } = first;
    return answer;
  }

  const typesOf = async (traceId: string) => (await entriesOf(stack, traceId)).map((entry) => entry.type);

  it('answers a request the same and records its effect once, and so does the workflow later', async () => {
    const at = await waiting('w3', 'review#1');
    await stack.http.approve(at.traceId, at.span);
    const { id } = await stack.store.db
      .selectFrom('requests')
      .select('id')
      .where('trace_id', '=', at.traceId)
      .where('kind', '=', 'approve')
      .executeTakeFirstOrThrow();
    const answer = await twice(at, { kind: 'request', request: id }, id);
    assert.deepEqual(answer, { kind: 'approved', ended: false });
    await stack.startWorker();
    assert.equal((await ended(stack, at.traceId)).status, 'COMPLETED');
    const types = await typesOf(at.traceId);
    assert.equal(types.filter((type) => type === 'decision.approved').length, 1);
    assert.equal(types.filter((type) => type === 'step.completed').length, 3);
  });

  it('answers a typed signal the same and decides once', async () => {
    const at = await waiting('w3', 'review#1');
    const body = { review: 'review#1', guidance: 'shorter' };
    const answer = await twice(at, { kind: 'signal', name: 'retry', body, identity: 'ana@desk' });
    assert.deepEqual(answer, { kind: 'retried', iteration: 2 });
    assert.equal((await typesOf(at.traceId)).filter((type) => type === 'decision.retried').length, 1);
  });

  it('records a refusal once', async () => {
    const at = await waiting('w3', 'review#1');
    const refused = { kind: 'refused', name: 'approve', reason: 'no', identity: 'ana@desk' } as const;
    assert.deepEqual(await twice(at, refused), { kind: 'refused' });
    assert.deepEqual(await twice(at, { kind: 'refusals', count: 7 }), { kind: 'refused' });
    const types = await typesOf(at.traceId);
    assert.equal(types.filter((type) => type === 'refusal').length, 2);
    assert.equal((await saga(stack, at.traceId)).status, 'AWAITING_HUMAN');
  });

  it('leaves the review open and answers the rest of its time, when nothing has happened', async () => {
    const at = await waiting('w3-deadline', 'review#1');
    for (const kind of ['opened', 'deadline'] as const) {
      const answer = await settle({ ...at, iteration: 1, id: randomUUID(), cause: { kind } });
      assert.ok(answer.kind === 'pending');
      const { expiresInMs = 0 } = answer;
      assert.ok(expiresInMs > 3_000_000 && expiresInMs <= 3_600_000, String(expiresInMs));
    }
  });

  it('answers a cancel the same and keeps it once', async () => {
    const at = await waiting('tools-undo', 'review#1');
    assert.deepEqual(await twice(at, { kind: 'cancel' }), { kind: 'cancelled' });
    assert.equal((await typesOf(at.traceId)).filter((type) => type === 'cancel').length, 1);
  });
});
