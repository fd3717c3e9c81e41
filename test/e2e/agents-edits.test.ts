import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { ApiError } from '../../api/client.ts';
import type { ApproveBody } from '../../api/contract-reviews.ts';
import { readExportLine } from '../../ledger/export-line.ts';
import { deployFixtures, ended, review, started, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';

describe('a reviewer who edits what is on hold', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
  });
  after(() => stack.stop());

  const start = (path: string) => started(stack, 'agents-edits', { subject: 'a subject', path });
  const callsOf = (traceId: string) =>
    stack
      .record()
      .filter((line) => line.event === 'call' && line.tool === 'put_note' && line.key?.startsWith(traceId));

  /** Approves the open review, or says why it was refused; it is open then as it was. */
  async function approve(traceId: string, body: ApproveBody): Promise<string[] | null> {
    const held = await review(stack, traceId);
    try {
      await stack.http.approve(traceId, held.step_span_id, body);
      return null;
    } catch (error) {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 422, error.message);
      assert.deepEqual(await review(stack, traceId), held);
      return error.message.split('\n');
    }
  }

  /** Waits for the review of this step. */
  const held = (traceId: string, step: string) =>
    until(`the review of ${step}`, async () => {
      const open = await review(stack, traceId);
      return open.step_id === step ? open : null;
    });

  it('has a later step get the edited output, and its facts as they were', async () => {
    const traceId = await start('drafts/output.md');
    const first = await held(traceId, 'draft');
    assert.deepEqual(first.review_payload, {
      data: { text: 'about a subject' },
      facts: { list: { first: 'export.md' } },
    });
    const output = { data: { text: 'edited' }, facts: { list: { first: 'forged' } } };
    assert.equal(await approve(traceId, { output, payload_hash: first.payload_hash }), null);
    const second = await held(traceId, 'write');
    const resolved = { path: 'drafts/output.md', content: 'edited', seen: 'export.md' };
    assert.deepEqual(
      [second.review_payload, second.sent],
      [resolved, { path: resolved.path, content: 'edited' }],
    );
    assert.equal(await approve(traceId, {}), null);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.deepEqual(
      callsOf(traceId).map((line) => line.arguments),
      [second.sent],
    );
  });

  it('has the tool called with exactly the edited arguments', async () => {
    const traceId = await start('drafts/arguments.md');
    await held(traceId, 'draft');
    await approve(traceId, {});
    await held(traceId, 'write');
    const edit = { path: 'drafts/elsewhere.md', content: 'edited', unknown: true };
    assert.equal(await approve(traceId, { arguments: edit, decided_by: 'ana' }), null);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const sent = { path: edit.path, content: 'edited' };
    assert.deepEqual(
      callsOf(traceId).map((line) => line.arguments),
      [sent],
    );
    const write = (await steps(stack, traceId)).at(-1);
    const shown = await stack.http.showStep(traceId, write?.step_span_id ?? '');
    assert.deepEqual(shown.resolved_arguments, edit);
    const text = await (await stack.http.exportLedger({ trace_id: traceId })).text();
    const decided = text.split('\n').flatMap((each) => {
      const line = readExportLine(each);
      return line.kind === 'entry' && line.entry.type === 'decision.approved' ? [line.entry.data] : [];
    });
    assert.equal(decided.length, 2);
    assert.match(
      JSON.stringify(decided[1]),
      /"op":"replace","path":"\/path","value":"drafts\/elsewhere\.md"/,
    );
  });

  it('is told what schema and policy refuse, all at once, and the review stays open', async () => {
    const traceId = await start('drafts/refused.md');
    await held(traceId, 'draft');
    for (const [output, ...expected] of [
      [{ data: { text: 5 } }, /output\.data\.text/],
      [{ data: { text: 'x'.repeat(41), more: 1 } }, /output\.data\.text/, /more/],
      [{ data: { text: 'rude' } }, /"polite" denied/],
      [{ data: {} }, /text/, /polite/],
    ] as const) {
      const said = await approve(traceId, { output });
      for (const pattern of expected) assert.match(said?.join('\n') ?? '', pattern);
    }
    await approve(traceId, {});
    await held(traceId, 'write');
    for (const [edit, ...expected] of [
      [{ path: 'drafts/a.md' }, /content/],
      [{ path: 'drafts/a.md', content: ['a'] }, /content/],
      [{ path: 'published/a.md', content: 'a' }, /"only drafts" denied/],
      [{ path: '', content: 7 }, /path/, /content/, /"only drafts" denied/],
    ] as const) {
      const said = await approve(traceId, { arguments: edit });
      for (const pattern of expected) assert.match(said?.join('\n') ?? '', pattern);
    }
    assert.deepEqual(callsOf(traceId), []);
    assert.equal(await approve(traceId, {}), null);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    const expected = { path: 'drafts/refused.md', content: 'about a subject' };
    assert.deepEqual(
      callsOf(traceId).map((line) => line.arguments),
      [expected],
    );
  });
});
