import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { isJsonObject } from '../../domain/json.ts';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, review, saga, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';
import { decisionsOf, entriesOf, refusalsOf } from '../workflows/ledger.ts';
import { heldAt } from '../workflows/shown.ts';
import { signalled } from '../workflows/temporal-command.ts';

describe('a signal typed with the Temporal CLI', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  /** Why the next signal of a saga was refused. */
  const refusal = (traceId: string) =>
    until('a refusal', async () => (await refusalsOf(stack, traceId)).at(-1));

  const isOpen = async (traceId: string) => {
    assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
    assert.equal((await stack.http.pendingReviews({ trace_id: traceId })).items.length, 1);
  };

  it('approves the review that it names, and the ledger keeps who says that he sent it, as a label', async () => {
    const traceId = await begun(stack, 'w3');
    const { payload_hash } = await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'approve', '{"review":"review#1","comment":"fine"}');
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const decisions = await decisionsOf(stack, traceId);
    assert.equal(decisions.length, 1);
    const { type, actor, data } = decisions[0] ?? {};
    assert.equal(type, 'decision.approved');
    assert.equal(actor?.subject, 'temporal');
    assert.match(actor.label ?? '', /^temporal-cli:/);
    assert.deepEqual(data, { iteration: 1, payload_hash, comment: 'fine', source: 'signal' });
    const waiting = await stack.store.db
      .selectFrom('requests')
      .select('kind')
      .where('trace_id', '=', traceId)
      .where('consumed_at', 'is', null)
      .where('kind', '!=', 'start')
      .execute();
    assert.deepEqual(waiting, []);
  });

  it('approves a held commit, which is called once with what was shown', async () => {
    const traceId = await begun(stack, 'held-commit');
    const { sent } = await heldAt(stack, traceId, 'write#1');
    await signalled(stack, traceId, 'approve', '{"review":"write#1"}');
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const effects = stack.record().filter((line) => line.event === 'effect' && line.key?.startsWith(traceId));
    assert.deepEqual(
      effects.map((line) => line.path),
      [sent?.['path']],
    );
  });

  it('is refused and recorded when an approve or a retry does not name its review', async () => {
    const traceId = await begun(stack, 'w3');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'approve');
    assert.match(await refusal(traceId), /approve must name its review: send \{"review": "review#1"\}/);
    await signalled(stack, traceId, 'retry', '"again"');
    await until('both refusals', async () => (await refusalsOf(stack, traceId)).length === 2);
    assert.match(await refusal(traceId), /retry must name its review/);
    const [entry] = (await entriesOf(stack, traceId)).filter((each) => each.type === 'refusal');
    assert.match(entry?.actor.label ?? '', /^temporal-cli:/);
    await isOpen(traceId);
    await stack.http.approve(traceId, step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  it('rejects the open review without naming it, and a plain text is the comment', async () => {
    const traceId = await begun(stack, 'tools-undo');
    await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'reject', '"too long"');
    const { status, failure } = await ended(stack, traceId);
    assert.equal(status, 'COMPENSATED');
    assert.equal(failure?.code, 'HUMAN_REJECTED');
    assert.match(failure.message, /^rejected by temporal-cli:.*: too long$/);
    const [decision] = await decisionsOf(stack, traceId);
    assert.ok(isJsonObject(decision?.data));
    assert.equal(decision.data['comment'], 'too long');
    const undone = stack.record().filter((line) => line.event === 'undo' && line.undone?.startsWith(traceId));
    assert.equal(undone.length, 1);
  });

  it('rejects with the reviewer’s own details', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'reject', '{"error_details":{"code":"TYPO","line":3}}');
    await ended(stack, traceId);
    const failed = (await steps(stack, traceId)).find((step) => step.step_id === 'review');
    assert.equal(failed?.error_details?.['code'], 'HUMAN_REJECTED');
    assert.equal(failed.error_details['reviewer_code'], 'TYPO');
    assert.equal(failed.error_details['line'], 3);
  });

  it('retries with guidance, which the next iteration is shown', async () => {
    const traceId = await begun(stack, 'w3');
    const { step_span_id } = await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'retry', '{"review":"review#1","guidance":"shorter"}');
    await heldAt(stack, traceId, 'review#2');
    const { resolved_arguments } = await stack.http.showStep(traceId, step_span_id);
    assert.deepEqual(resolved_arguments['_hitl_retry'], { attempt: 1, max_retries: 3, guidance: 'shorter' });
    // One about the first iteration decides nothing any more.
    await signalled(stack, traceId, 'approve', '{"review":"review#1"}');
    assert.match(await refusal(traceId), /the open review is "review#2", not "review#1"/);
    await isOpen(traceId);
    await signalled(stack, traceId, 'approve', '{"review":"review#2"}');
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
  });

  it('may have members that nobody knows; they mean nothing', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'approve', '{"review":"review#1","output":{"summary":"mine"},"x":[{}]}');
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const held = (await steps(stack, traceId)).find((step) => step.step_id === 'review');
    const { output_payload } = await stack.http.showStep(traceId, held?.step_span_id ?? '');
    assert.doesNotMatch(JSON.stringify(output_payload), /mine/);
  });

  it('is refused and recorded when it has a name that nobody knows', async () => {
    const traceId = await begun(stack, 'w3');
    await heldAt(stack, traceId, 'review#1');
    await signalled(stack, traceId, 'aprove', '{"review":"review#1"}');
    assert.match(await refusal(traceId), /^aprove: no such signal; expected one of approve, reject, retry$/);
    await isOpen(traceId);
    await review(stack, traceId);
  });
});
