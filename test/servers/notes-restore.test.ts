import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import type { ToolSet } from '../../mcp/servers.ts';
import { call, createNotes } from './notes.ts';
import type { Notes } from './notes.ts';

describe('restore_note', () => {
  let notes: Notes;
  let one: ToolSet;
  let other: ToolSet;
  before(async () => {
    notes = await createNotes();
    [one, other] = await Promise.all([notes.open('one'), notes.open('other')]);
  });
  after(() => notes.close());
  const text = (path: string) => readFileSync(notes.at(path), 'utf8');

  it('puts back what was there before the call with the forward key', async () => {
    writeFileSync(notes.at('old.md'), '\ufeffbefore\r\n');
    await call(one, 'put_note', { path: 'old.md', content: 'after' }, 'f1');
    assert.deepEqual(await call(other, 'restore_note', { forward_key: 'f1' }, 'u1'), {
      restored: ['old.md'],
    });
    assert.equal(text('old.md'), '\ufeffbefore\r\n');
  });

  it('deletes a note that did not exist', async () => {
    await call(one, 'put_note', { path: 'new/note.md', content: 'x' }, 'f2');
    await call(one, 'restore_note', { forward_key: 'f2' }, 'u2');
    assert.ok(!existsSync(notes.at('new/note.md')));
  });

  it('puts a deleted note back', async () => {
    writeFileSync(notes.at('gone.md'), 'kept');
    await call(one, 'delete_note', { path: 'gone.md' }, 'f3');
    await call(one, 'restore_note', { forward_key: 'f3' }, 'u3');
    assert.equal(text('gone.md'), 'kept');
  });

  it('of a key that wrote several times puts back what was there before the first', async () => {
    writeFileSync(notes.at('thrice.md'), '0');
    for (const content of ['1', '2', '3'])
      await call(one, 'write_note', { path: 'thrice.md', content }, 'f4');
    await call(one, 'restore_note', { forward_key: 'f4' }, 'u4');
    assert.equal(text('thrice.md'), '0');
  });

  it('of a call that never came changes nothing, and the call is refused should it still arrive', async () => {
    assert.deepEqual(await call(one, 'restore_note', { forward_key: 'f5' }, 'u5'), { restored: [] });
    for (const tool of ['put_note', 'write_note', 'append_note']) {
      await assert.rejects(
        call(other, tool, { path: 'late.md', content: 'x' }, 'f5'),
        /undone before it arrived/,
      );
    }
    await assert.rejects(call(other, 'delete_note', { path: 'old.md' }, 'f5'), /undone before it arrived/);
    assert.ok(!existsSync(notes.at('late.md')));
    assert.equal(notes.lines('effect', 'f5').length, 0);
  });

  it('with the same key again has no second effect', async () => {
    await call(one, 'put_note', { path: 'twice.md', content: 'x' }, 'f6');
    await Promise.all(
      [one, other, one].map((tools) => call(tools, 'restore_note', { forward_key: 'f6' }, 'u6')),
    );
    writeFileSync(notes.at('twice.md'), 'somebody else');
    await call(other, 'restore_note', { forward_key: 'f6' }, 'u6');
    assert.equal(text('twice.md'), 'somebody else');
    assert.equal(notes.lines('effect', 'u6').length, 1);
  });

  it('racing with the call that it undoes leaves nothing, whoever comes first', async () => {
    for (let round = 0; round < 60; round += 1) {
      const path = `race-${round}.md`;
      await Promise.allSettled([
        call(one, 'put_note', { path, content: 'x' }, `race-${round}`),
        call(other, 'restore_note', { forward_key: `race-${round}` }, `undo-${round}`),
      ]);
      assert.ok(!existsSync(notes.at(path)), `round ${round} left its note`);
    }
  });
});
