import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { deployFixtures, ended, review, saga, started, steps } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';

for (const kind of ['PGlite', 'PostgreSQL'] as const) {
  describe(`a saga from start to end, on ${kind}`, () => {
    let stack: Stack;
    before(async () => {
      stack = await startStack(kind === 'PGlite' ? {} : { url: await createDatabase('story') });
      await deployFixtures(stack);
    });
    after(() => stack.stop());

    it('waits for a person, and after the approval calls the tool once with what was approved', async () => {
      const traceId = await started(stack, 'w3', { write: 'story.md', subject: 'a story' });
      const held = await review(stack, traceId);
      assert.equal(held.review_subject, 'output');
      assert.equal((await saga(stack, traceId)).status, 'AWAITING_HUMAN');
      await stack.http.approve(traceId, held.step_span_id, { payload_hash: held.payload_hash });
      assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
      assert.equal(readFileSync(join(stack.notes.folder, 'story.md'), 'utf8'), 'a story');
      assert.deepEqual(
        (await steps(stack, traceId)).map(({ step_id, status }) => `${step_id} ${status}`),
        ['think COMPLETED', 'review COMPLETED', 'write COMPLETED'],
      );
      const effects = stack.record().filter((line) => line.event === 'effect' && line.path === 'story.md');
      assert.equal(effects.length, 1);
    });

    it('is undone in reverse order when a later step fails', async () => {
      const paths = { first: 'u1.md', second: 'u2.md', third: 'u3.md', fourth: '../outside.md' };
      const traceId = await started(stack, 'three', { ...paths, subject: 'undo me' });
      const { status, failure } = await ended(stack, traceId);
      assert.equal(status, 'COMPENSATED');
      assert.equal(failure?.code, 'TOOL_OUTPUT_ERROR');
      const undone = stack
        .record()
        .filter((line) => line.event === 'undo' && line.undone?.startsWith(traceId));
      const spans = (await steps(stack, traceId)).filter((step) => step.compensates_span_id === null);
      const expected = spans.slice(0, 3).map((step) => `${traceId}:${step.step_span_id}`);
      assert.deepEqual(
        undone.map((line) => line.undone),
        expected.toReversed(),
      );
    });
  });
}
