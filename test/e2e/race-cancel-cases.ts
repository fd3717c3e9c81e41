/** Cancels of a saga at a known place: in the middle of a step, at its last boundary, twice, and too late. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { started, steps } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { spanOf, undoSpanOf } from '../../store/spans.ts';
import { assertNames, done, never, ofType, shoot, undone, verifiedChain, witness } from './race-evidence.ts';
import type { RaceStack } from './race-stack.ts';
import { inFlight, type Watch } from './race-watch.ts';

type Rehearsal = Record<string, { delay_before_ms?: number; delay_after_ms?: number }>;

/** Tells the notes server to be slow, so that a cancel can meet a call that is under way. */
function rehearse({ notes }: RaceStack, rehearsal: Rehearsal): void {
  writeFileSync(join(notes.folder, '.control.json'), JSON.stringify(rehearsal));
}

/** Waits until the tool server's record has such a line about a key. */
function seen({ record }: RaceStack, event: string, key: string) {
  return until(`${event} of ${key}`, () => record().some((line) => line.event === event && line.key === key));
}

const paths = (name: string) => ({
  ...{ first: `${name}-1.md`, write: `${name}-2.md`, last: `${name}-3.md` },
  subject: name,
});

export function cancelCases(at: () => { stack: RaceStack; watch: Watch }): void {
  const cancel = (traceId: string, who = 'ben') =>
    shoot(at().stack.urls[1], 'cancel', { traceId, span: null, who });
  const story = (traceId: string) => {
    const witnessed = witness(at().stack.record());
    return [0, 1, 2].map((position) => witnessed(traceId, position));
  };
  const forwardOf = async (traceId: string) =>
    (await steps(at().stack, traceId))
      .filter((step) => step.compensates_span_id === null)
      .map(({ step_id, status }) => `${step_id} ${status}`);
  const cancelled = async (traceId: string) => {
    const { status, failure } = await at().watch.ended(traceId);
    assert.deepEqual([status, failure?.code], ['COMPENSATED', 'CANCELLED']);
  };

  describe('a cancel', () => {
    afterEach(() => rmSync(join(at().stack.notes.folder, '.control.json'), { force: true }));

    it('waits for the call that is under way, lets it count, undoes it, and goes no further', async () => {
      const { stack } = at();
      rehearse(stack, { write_note: { delay_before_ms: 700 } });
      const traceId = await started(stack, 'plain', paths('midway'));
      await seen(stack, 'call', `${traceId}:${spanOf(traceId, 1)}`);
      assert.deepEqual(story(traceId), [done, { ...never, calls: 1 }, never]);
      assert.equal((await cancel(traceId)).code, 202);
      await cancelled(traceId);
      assert.deepEqual(story(traceId), [undone, undone, never]);
      assert.deepEqual(await forwardOf(traceId), ['first COMPLETED', 'write COMPLETED', 'last SKIPPED']);
    });

    it('while the last step runs undoes a saga that would have completed', async () => {
      const { stack } = at();
      const traceId = await started(stack, 'plain', paths('last'));
      rehearse(stack, { put_note: { delay_after_ms: 700 } });
      await seen(stack, 'effect', `${traceId}:${spanOf(traceId, 2)}`);
      assert.equal((await cancel(traceId)).code, 202);
      await cancelled(traceId);
      assert.deepEqual(story(traceId), [undone, undone, undone]);
    });

    it('stops an agent after the turn in flight; one that only read needs no undo', async () => {
      const { stack } = at();
      rehearse(stack, { list_notes: { delay_before_ms: 700 } });
      const traceId = await started(stack, 'race-react', paths('agent'));
      await until('the call of the agent', () =>
        stack.record().some((line) => line.tool === 'list_notes' && line.key?.startsWith(traceId)),
      );
      assert.equal((await cancel(traceId)).code, 202);
      await cancelled(traceId);
      assert.deepEqual(story(traceId), [undone, { ...never }, never]);
      assert.deepEqual(await forwardOf(traceId), ['first COMPLETED', 'think FAILED', 'write SKIPPED']);
    });

    it('asked five times at once is one cancel, and an approval after it is told who cancelled', async () => {
      const { stack, watch } = at();
      const traceId = await started(stack, 'held-plain', paths('five'));
      const { step_span_id: span } = await watch.review(traceId);
      const shots = await inFlight(5, 5, (index) =>
        shoot(stack.urls[index % 2 === 0 ? 0 : 1], 'cancel', { traceId, span: null, who: `ben ${index}` }),
      );
      assert.deepEqual(shots.map(({ code, status }) => `${code} ${status}`).toSorted(), [
        ...Array.from({ length: 4 }, () => '202 already_queued'),
        '202 queued',
      ]);
      assert.deepEqual([...new Set(shots.map(({ key }) => key))], [`cancel-${traceId}`]);
      const late = await shoot(stack.urls[1], 'approve', { traceId, span, who: 'ana' });
      assert.equal(late.code, 409);
      await cancelled(traceId);
      assert.equal((await cancel(traceId)).status, 'already_queued', 'the same cancel, when it has happened');
      const entries = await verifiedChain(stack.http, traceId);
      const winner = shots.find(({ status }) => status === 'queued');
      const [entry, ...others] = ofType(entries, /^cancel$/);
      assert.equal(others.length, 0);
      assertNames(late, { act: 'cancel', who: winner?.who ?? '' }, entry);
    });

    it('after the end is 409, and nothing is undone', async () => {
      const { stack, watch } = at();
      const traceId = await started(stack, 'plain', paths('over'));
      assert.equal((await watch.ended(traceId)).status, 'COMPLETED');
      const late = await cancel(traceId);
      assert.equal(late.code, 409);
      assert.match(late.detail, /COMPLETED/);
      assert.deepEqual(story(traceId), [done, done, done]);
      const entries = await verifiedChain(stack.http, traceId);
      assert.deepEqual([ofType(entries, /^cancel$/).length, ofType(entries, /^refusal$/).length], [0, 1]);
    });

    it('of a saga that is being undone for another reason is 409, and does not change the reason', async () => {
      const { stack, watch } = at();
      rehearse(stack, { restore_note: { delay_before_ms: 700 } });
      const traceId = await started(stack, 'held-plain', paths('rejected'));
      const { step_span_id: span } = await watch.review(traceId);
      assert.equal((await shoot(stack.urls[0], 'reject', { traceId, span, who: 'ana' })).code, 202);
      await seen(stack, 'call', `${traceId}:${undoSpanOf(traceId, 0)}`);
      const late = await cancel(traceId);
      assert.equal(late.code, 409);
      assert.match(late.detail, /COMPENSATING/);
      const { status, failure } = await watch.ended(traceId);
      assert.deepEqual([status, failure?.code], ['COMPENSATED', 'HUMAN_REJECTED']);
    });

    it('sent right after the start is acted on before anything is done, or undoes what was', async () => {
      const { stack, watch } = at();
      await inFlight(10, 5, async (index) => {
        const traceId = await started(stack, 'plain', paths(`early-${index}`));
        assert.equal((await cancel(traceId)).code, 202);
        const { status, failure } = await watch.ended(traceId);
        const begun = story(traceId).filter(({ calls }) => calls > 0).length;
        assert.deepEqual([status, failure?.code], [begun > 0 ? 'COMPENSATED' : 'FAILED', 'CANCELLED']);
        assert.deepEqual(
          story(traceId),
          [0, 1, 2].map((position) => (position < begun ? undone : never)),
        );
      });
    });
  });
}
