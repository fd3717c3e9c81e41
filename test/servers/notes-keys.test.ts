import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import type { ToolSet } from '../../mcp/servers.ts';
import { untilTrue } from '../mcp/fixtures/until.ts';
import { call, createNotes } from './notes.ts';
import type { Notes } from './notes.ts';

const text = (notes: Notes, path: string) => readFileSync(notes.at(path), 'utf8');

describe('a keyed tool of the notes server', () => {
  let notes: Notes;
  let one: ToolSet;
  let other: ToolSet;
  before(async () => {
    notes = await createNotes();
    [one, other] = await Promise.all([notes.open('one'), notes.open('other')]);
  });
  after(() => notes.close());

  it('acts once for a key, under concurrency and under two server processes on one record', async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = `trace:round-${round}`;
      const path = `round-${round}.md`;
      const calls = Array.from({ length: 20 }, (_, n) =>
        call(n % 2 === 0 ? one : other, 'put_note', { path, content: `by ${n}` }, key),
      );
      const answers = await Promise.all(calls);
      assert.equal(notes.lines('effect', key).length, 1);
      assert.equal(notes.lines('call', key).length, 20);
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
    }
  });

  it('gets the first result again, with other arguments, and later, and also when nothing was to be done', async () => {
    const first = await call(one, 'put_note', { path: 'again.md', content: 'one' }, 'again');
    const second = await call(other, 'put_note', { path: 'other.md', content: 'two' }, 'again');
    assert.deepEqual(second, first);
    assert.ok(!existsSync(notes.at('other.md')));

    assert.deepEqual(await call(one, 'delete_note', { path: 'later.md' }, 'early'), {
      path: 'later.md',
      deleted: false,
    });
    await call(one, 'put_note', { path: 'later.md', content: 'x' });
    assert.deepEqual(await call(other, 'delete_note', { path: 'later.md' }, 'early'), {
      path: 'later.md',
      deleted: false,
    });
    assert.ok(existsSync(notes.at('later.md')));
  });

  it('acts each time without a key, and each tool acts for a key of its own', async () => {
    await call(one, 'put_note', { path: 'free.md', content: '1' });
    await call(one, 'put_note', { path: 'free.md', content: '2' });
    assert.equal(text(notes, 'free.md'), '2');
    await call(one, 'put_note', { path: 'shared.md', content: '1' }, 'shared');
    await call(one, 'delete_note', { path: 'shared.md' }, 'shared');
    assert.ok(!existsSync(notes.at('shared.md')));
  });

  it('that refused may be called again with the same key', async () => {
    await assert.rejects(call(one, 'put_note', { path: '../x', content: '' }, 'refused'), /relative path/);
    await call(one, 'put_note', { path: 'refused.md', content: 'x' }, 'refused');
    assert.equal(notes.lines('effect', 'refused').length, 1);
  });
});

describe('a tool that is not keyed', () => {
  it('acts at every call, and the record shows it', async () => {
    const notes = await createNotes();
    try {
      const tools = await notes.open('one');
      await call(tools, 'append_note', { path: 'a.md', content: 'x' }, 'k');
      await call(tools, 'append_note', { path: 'a.md', content: 'x' }, 'k');
      assert.equal(text(notes, 'a.md'), 'xx');
      assert.deepEqual(
        notes.lines('effect', 'k').map(({ previous }) => previous),
        [null, 'x'],
      );
    } finally {
      await notes.close();
    }
  });
});

describe('the record of the notes server', () => {
  let notes: Notes;
  beforeEach(async () => {
    notes = await createNotes();
  });
  afterEach(() => notes.close());

  it('survives kill -9 during a call: who comes next acts, and nobody else', async () => {
    const tools = await notes.open('one', '--delay-after-effect-ms', '60000');
    const lost = assert.rejects(call(tools, 'put_note', { path: 'a.md', content: 'x' }, 'k'), /went away/);
    await untilTrue(() => notes.lines('effect', 'k').length === 1);
    process.kill(notes.lines('start')[0]?.pid ?? 0, 'SIGKILL');
    await lost;
    const next = await notes.open('next');
    const answer = await call(next, 'put_note', { path: 'a.md', content: 'y' }, 'k');
    assert.deepEqual(answer, { path: 'a.md', bytes: 1, created: true });
    assert.equal(notes.lines('effect', 'k').length, 1);
    assert.equal(text(notes, 'a.md'), 'x');
  });

  it('survives a line that was cut off: the next line is whole, and what came before is known', async () => {
    const tools = await notes.open('one');
    await call(tools, 'put_note', { path: 'a.md', content: 'x' }, 'k');
    appendFileSync(notes.record, '{"at":"2026-01-01T00:00:00.000Z","event":"eff');
    const next = await notes.open('next');
    await call(next, 'put_note', { path: 'a.md', content: 'y' }, 'k');
    await call(next, 'put_note', { path: 'b.md', content: 'z' }, 'l');
    assert.equal(text(notes, 'a.md'), 'x');
    assert.equal(notes.lines('effect').length, 2);
    const unreadable = readFileSync(notes.record, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith('}'));
    assert.deepEqual(unreadable, ['{"at":"2026-01-01T00:00:00.000Z","event":"eff']);
  });

  it('takes a claim over from a server that is dead, or whose pid another one has', async () => {
    const claim = (key: string, pid: number) =>
      JSON.stringify({ at: '', event: 'claim', tool: 'put_note', key, claim: key, pid });
    const gone = 2 ** 22 + 1;
    const tools = await notes.open('one');
    const { pid = 0 } = notes.lines('start')[0] ?? {};
    appendFileSync(notes.record, `${claim('dead', gone)}\n${claim('again', pid)}\n`);
    await call(tools, 'put_note', { path: 'dead.md', content: 'x' }, 'dead');
    // A server started again under its old pid says so with its start line.
    appendFileSync(notes.record, `${JSON.stringify({ at: '', event: 'start', pid })}\n`);
    await call(tools, 'put_note', { path: 'again.md', content: 'x' }, 'again');
    assert.equal(notes.lines('effect').length, 2);
  });

  it('has a line for each call as it came, unknown tools and bad arguments included', async () => {
    const tools = await notes.open('one');
    await assert.rejects(
      call(tools, 'put_note', { path: 'a.md', wrong: true }, 'k'),
      /arguments of put_note/,
    );
    await call(tools, 'list_notes', {});
    const [start, first, second] = notes.lines();
    assert.equal(start?.event, 'start');
    assert.deepEqual(
      { ...first, at: '' },
      {
        at: '',
        event: 'call',
        tool: 'put_note',
        arguments: { path: 'a.md', wrong: true },
        key: 'k',
      },
    );
    assert.match(first?.at ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual([second?.tool, second?.key], ['list_notes', null]);
  });

  it('written by another program in between is read all the same', async () => {
    writeFileSync(notes.record, 'not JSON\n{"event":"unknown"}\n[]\n\n');
    const tools = await notes.open('one');
    await call(tools, 'put_note', { path: 'a.md', content: 'x' }, 'k');
    assert.equal(notes.lines('effect', 'k').length, 1);
  });
});
