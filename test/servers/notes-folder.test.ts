import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'mocha';
import type { ToolSet } from '../../mcp/servers.ts';
import { call, createNotes } from './notes.ts';
import type { Notes } from './notes.ts';

describe('the notes server', () => {
  let notes: Notes;
  let tools: ToolSet;
  before(async () => {
    notes = await createNotes();
    tools = await notes.open('one');
    writeFileSync(join(dirname(notes.folder), 'secret.md'), 'secret');
  });
  after(() => notes.close());

  it('says of each tool whether it reads, and whether it is idempotent', () => {
    const said = [...tools.tools.values()].map(({ name, readOnly, idempotent }) => [
      name,
      readOnly,
      idempotent,
    ]);
    assert.deepEqual(said, [
      ['list_notes', true, true],
      ['read_note', true, true],
      ['read_notes', true, true],
      ['write_note', false, false],
      ['append_note', false, false],
      ['put_note', false, true],
      ['delete_note', false, true],
      ['restore_note', false, true],
    ]);
  });

  it('never leaves its folder by a path', async () => {
    const outside = [
      '../secret.md',
      '/etc/passwd',
      'a/../../secret.md',
      './a.md',
      'a//b.md',
      'a/',
      '.control.json',
    ];
    outside.push('..', '.', 'a\\b.md', 'a/.b', '..\\secret.md', 'a\0.md', '', '%2e%2e/secret.md/..');
    for (const path of outside) {
      await assert.rejects(call(tools, 'read_note', { path }), /path|Too small/, path);
      await assert.rejects(call(tools, 'put_note', { path, content: 'x' }), /path|Too small/, path);
      await assert.rejects(call(tools, 'delete_note', { path }), /path|Too small/, path);
      if (path !== '') await assert.rejects(call(tools, 'list_notes', { folder: path }), /path/, path);
    }
    assert.deepEqual(readdirSync(dirname(notes.folder)).sort(), ['notes', 'record.jsonl', 'secret.md']);
    assert.equal(notes.lines('effect').length, 0);
  });

  it('never leaves its folder through a link', async () => {
    symlinkSync(dirname(notes.folder), notes.at('up'));
    symlinkSync(join(dirname(notes.folder), 'secret.md'), notes.at('link.md'));
    symlinkSync(join(dirname(notes.folder), 'nowhere'), notes.at('dangling.md'));
    for (const path of ['up/secret.md', 'link.md', 'dangling.md', 'up/new.md']) {
      await assert.rejects(call(tools, 'read_note', { path }), /symbolic link/);
      await assert.rejects(call(tools, 'write_note', { path, content: 'x' }), /symbolic link/);
      await assert.rejects(call(tools, 'delete_note', { path }), /symbolic link/);
    }
    await assert.rejects(call(tools, 'list_notes', { folder: 'up' }), /symbolic link/);
    assert.deepEqual((await call(tools, 'list_notes', {})).paths, []);
    assert.equal(readFileSync(join(dirname(notes.folder), 'secret.md'), 'utf8'), 'secret');
    assert.ok(!existsSync(join(dirname(notes.folder), 'nowhere')));
  });

  it('lists, reads, writes and deletes notes', async () => {
    await call(tools, 'write_note', { path: 'drafts/b.md', content: 'bé' });
    await call(tools, 'write_note', { path: 'drafts/a.md', content: 'a' });
    const { notes: listed, paths } = await call(tools, 'list_notes', { folder: 'drafts' });
    assert.deepEqual(paths, ['drafts/a.md', 'drafts/b.md']);
    assert.deepEqual(listed, [
      { path: 'drafts/a.md', bytes: 1 },
      { path: 'drafts/b.md', bytes: 3 },
    ]);
    assert.deepEqual(await call(tools, 'read_notes', { paths: ['drafts/b.md'] }), {
      notes: [{ path: 'drafts/b.md', bytes: 3, content: 'bé' }],
    });
    assert.deepEqual(await call(tools, 'delete_note', { path: 'drafts/b.md' }), {
      path: 'drafts/b.md',
      deleted: true,
    });
    await assert.rejects(call(tools, 'read_note', { path: 'drafts/b.md' }), /there is no note/);
  });

  it('does not take a folder, a large file or what is no text for a note', async () => {
    mkdirSync(notes.at('folder'));
    writeFileSync(notes.at('binary'), Buffer.from([0xff, 0xfe, 0x00]));
    writeFileSync(notes.at('large'), 'x'.repeat(5 * 1024 * 1024));
    for (const [path, message] of [
      ['folder', /is a directory/],
      ['binary', /not UTF-8 text/],
      ['large', /at most 4194304 bytes/],
    ] as const) {
      await assert.rejects(call(tools, 'read_note', { path }), message);
      await assert.rejects(call(tools, 'put_note', { path, content: 'x' }), message);
      await assert.rejects(call(tools, 'delete_note', { path }), message);
    }
    await assert.rejects(call(tools, 'list_notes', { folder: 'binary' }), /expected a folder/);
    await assert.rejects(call(tools, 'read_note', { path: 'binary/deeper' }), /as if it were a folder/);
  });

  it('answers no more than a client takes as one message', async () => {
    writeFileSync(notes.at('big.md'), 'x'.repeat(3 * 1024 * 1024));
    assert.equal((await call(tools, 'read_note', { path: 'big.md' })).bytes, 3 * 1024 * 1024);
    await assert.rejects(call(tools, 'read_notes', { paths: ['big.md', 'big.md'] }), /read fewer at once/);
  });

  it('rehearses failures that its control file names: neither has an effect', async () => {
    const control = { put_note: { fail: 'disk full' }, append_note: { refuse: 'not today' } };
    writeFileSync(notes.at('.control.json'), JSON.stringify(control));
    await assert.rejects(call(tools, 'put_note', { path: 'r.md', content: 'x' }, 'r1'), /^Error: disk full$/);
    await assert.rejects(call(tools, 'append_note', { path: 'r.md', content: 'x' }, 'r2'), {
      name: 'ToolCallRefused',
      message: /not today/,
    });
    writeFileSync(notes.at('.control.json'), '{"put_note":{"explode":true}}');
    await assert.rejects(
      call(tools, 'put_note', { path: 'r.md', content: 'x' }, 'r3'),
      /\.control\.json: expected/,
    );
    writeFileSync(notes.at('.control.json'), '{}');
    assert.ok(!existsSync(notes.at('r.md')));
    assert.equal(notes.lines('effect', 'r1').length + notes.lines('effect', 'r2').length, 0);
  });
});
