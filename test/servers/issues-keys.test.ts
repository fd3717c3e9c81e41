import assert from 'node:assert/strict';
import {
  appendFileSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { ToolSet } from '../../mcp/servers.ts';
import { at, createIssues } from './issues.ts';
import type { Issues } from './issues.ts';
import { call } from './notes.ts';

describe('a tool of the issues server that acts', () => {
  let issues: Issues;
  let one: ToolSet;
  let other: ToolSet;
  before(async () => {
    issues = await createIssues();
    [one, other] = await Promise.all([issues.open('one'), issues.open('other')]);
  });
  after(() => issues.close());

  it('acts once for a key, under concurrency and under two server processes on one file', async () => {
    const calls = Array.from({ length: 20 }, (_, n) =>
      call(n % 2 === 0 ? one : other, 'add_issue_comment', at(4, { body: `by ${n}` }), 'once'),
    );
    const answers = await Promise.all(calls);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(issues.issue(4).comments.length, 1);
    assert.equal(issues.lines('effect', 'once').length, 1);
    assert.equal(issues.lines('call', 'once').length, 20);
  });

  it('loses no change to another, whichever server makes it', async () => {
    const calls = Array.from({ length: 16 }, (_, n) =>
      call(n % 2 === 0 ? one : other, 'add_issue_comment', at(5, { body: `${n}` }), `many-${n}`),
    );
    await Promise.all(calls);
    const { comments } = issues.issue(5);
    assert.equal(comments.length, 16);
    assert.equal(new Set(comments.map(({ id }) => id)).size, 16);
  });

  it('gets the first result again, with other arguments and later', async () => {
    const first = await call(one, 'update_issue', at(4, { labels: ['feature'] }), 'again');
    assert.deepEqual(await call(other, 'update_issue', at(5, { labels: ['x'] }), 'again'), first);
    assert.deepEqual(issues.issue(5).labels, []);
  });

  it('acts each time without a key, and each tool acts for a key of its own', async () => {
    await call(one, 'add_issue_comment', at(2, { body: 'a' }));
    await call(one, 'add_issue_comment', at(2, { body: 'a' }));
    await call(one, 'add_issue_comment', at(2, { body: 'b' }), 'shared');
    await call(one, 'update_issue', at(2, { state: 'closed' }), 'shared');
    assert.equal(issues.issue(2).comments.length, 3);
    assert.deepEqual([issues.issue(2).state, issues.issue(2).state_reason], ['closed', 'completed']);
  });

  it('that refused may be called again with the same key', async () => {
    await assert.rejects(call(one, 'add_issue_comment', at(99, { body: 'x' }), 'refused'), /no issue 99/);
    await call(one, 'add_issue_comment', at(4, { body: 'x' }), 'refused');
    assert.equal(issues.lines('effect', 'refused').length, 1);
  });

  it('refuses what does not fit, in words, and changes nothing', async () => {
    const before = readFileSync(issues.file, 'utf8');
    const refused = async (tool: string, args: Parameters<typeof call>[2], why: RegExp) =>
      await assert.rejects(call(one, tool, args, 'bad'), why);
    await refused('update_issue', at(4, { status: 'closed' }), /arguments of update_issue/);
    await refused('update_issue', at(4, { state: 'closed', duplicate_of: 3 }), /state_reason "duplicate"/);
    const duplicate = { state: 'closed', state_reason: 'duplicate' };
    await refused('update_issue', at(4, { ...duplicate, duplicate_of: 4 }), /no duplicate of itself/);
    await refused('update_issue', at(4, { ...duplicate, duplicate_of: 98 }), /no issue 98/);
    await refused(
      'add_issue_comment',
      { ...at(4, { body: 'x' }), repo: 'other' },
      /has the issues of lantern-app/,
    );
    await refused('add_issue_comment', at(4, { body: 'x'.repeat(70_000) }), /arguments of add_issue_comment/);
    await refused('add_issue_comment', at(1.5, { body: 'x' }), /arguments of add_issue_comment/);
    assert.equal(readFileSync(issues.file, 'utf8'), before);
  });
});

describe('the file of the issues server', () => {
  let issues: Issues;
  beforeEach(async () => {
    issues = await createIssues();
  });
  afterEach(() => issues.close());

  it('holds an effect and its key together: after kill -9 nothing is done twice', async () => {
    const tools = await issues.open('one');
    const calls = Array.from({ length: 30 }, (_, n) =>
      call(tools, 'add_issue_comment', at(4, { body: `${n}` }), `k${n}`),
    );
    const [first] = calls;
    await first;
    process.kill(issues.lines('start')[0]?.pid ?? 0, 'SIGKILL');
    await Promise.allSettled(calls);
    const next = await issues.open('next');
    for (let n = 0; n < 30; n += 1) {
      await call(next, 'add_issue_comment', at(4, { body: `${n}` }), `k${n}`);
    }
    const bodies = issues.issue(4).comments.map(({ body }) => body);
    assert.deepEqual(bodies.toSorted(), Array.from({ length: 30 }, (_, n) => `${n}`).toSorted());
  });

  it('survives a record line and a temporary file that were cut off', async () => {
    appendFileSync(issues.record, '{"at":"2026-01-01T00:00:00.000Z","event":"eff');
    writeFileSync(`${issues.file}.tmp`, '{"repository": {"own');
    const tools = await issues.open('one');
    await call(tools, 'add_issue_comment', at(4, { body: 'x' }), 'k');
    assert.equal(issues.lines('effect', 'k').length, 1);
    assert.deepEqual(readdirSync(dirname(issues.file)).sort(), ['issues.json', 'record.jsonl']);
  });

  it('is never written over when it cannot be read, and is served again when it can', async () => {
    const whole = readFileSync(issues.file, 'utf8');
    const tools = await issues.open('one');
    for (const [torn, why] of [
      [whole.slice(0, 700), /is not JSON .* copy config\/issues\.json/],
      [whole.replace('"title"', '"titel"'), /cannot be used: .*titel/s],
      [whole.replace('"number": 2', '"number": 1'), /two issues have the same number/],
    ] as const) {
      writeFileSync(issues.file, torn);
      await assert.rejects(call(tools, 'get_issue', at(4)), why);
      await assert.rejects(call(tools, 'add_issue_comment', at(4, { body: 'x' }), 'k'), why);
      assert.equal(readFileSync(issues.file, 'utf8'), torn);
    }
    writeFileSync(issues.file, whole);
    await call(tools, 'add_issue_comment', at(4, { body: 'x' }), 'k');
    assert.equal(issues.issue(4).comments.length, 1);
  });

  it('must be there: without it every call is answered how to begin', async () => {
    const whole = readFileSync(issues.file, 'utf8');
    rmSync(issues.file);
    const tools = await issues.open('one');
    await assert.rejects(call(tools, 'get_issue', at(4)), /copy config\/issues\.json there/);
    writeFileSync(issues.file, whole);
    assert.equal((await call(tools, 'get_issue', at(4)))['number'], 4);
  });

  it('is replaced where it is when it is named by a link', async () => {
    renameSync(issues.file, `${issues.file}.real`);
    symlinkSync(`${issues.file}.real`, issues.file);
    const tools = await issues.open('one');
    await call(tools, 'add_issue_comment', at(4, { body: 'x' }), 'k');
    assert.ok(lstatSync(issues.file).isSymbolicLink());
    assert.equal(issues.issue(4).comments.length, 1);
  });

  it('may be edited by a person while a server runs', async () => {
    const tools = await issues.open('one');
    issues.edit(4, (issue) => (issue.title = 'Edited'));
    assert.equal((await call(tools, 'get_issue', at(4)))['title'], 'Edited');
  });
});
