import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { ToolSet } from '../../mcp/servers.ts';
import { at, createIssues } from './issues.ts';
import type { Issues } from './issues.ts';
import { call } from './notes.ts';

let issues: Issues;
let one: ToolSet;
let other: ToolSet;
before(async () => {
  issues = await createIssues();
  [one, other] = await Promise.all([issues.open('one'), issues.open('other')]);
});
after(() => issues.close());

const undo = (tool: string, key: string, own = `undo-${key}`) => call(other, tool, { forward_key: key }, own);

describe('delete_issue_comment', () => {
  it('deletes the comment of the call with the forward key, and no other', async () => {
    await call(one, 'add_issue_comment', at(3, { body: 'one' }), 'c1');
    await call(one, 'add_issue_comment', at(3, { body: 'two' }), 'c2');
    const answer = await undo('delete_issue_comment', 'c1');
    assert.match(JSON.stringify(answer), /^\{"restored":\["comment \d+"\],"left":\[\]\}$/);
    assert.deepEqual(
      issues.issue(3).comments.map(({ body }) => body),
      ['The same on Android 15.', 'two'],
    );
    assert.equal(issues.lines('undo', 'undo-c1')[0]?.undone, 'c1');
  });

  it('never gives the id of a deleted comment to another', async () => {
    const { id } = await call(one, 'add_issue_comment', at(3, { body: 'x' }), 'c3');
    await undo('delete_issue_comment', 'c3');
    const next = await call(one, 'add_issue_comment', at(3, { body: 'y' }), 'c4');
    assert.notEqual(next['id'], id);
  });

  it('of a call that never came changes nothing, and the call is refused should it still arrive', async () => {
    assert.deepEqual(await undo('delete_issue_comment', 'c5'), { restored: [], left: [] });
    const late = call(one, 'add_issue_comment', at(3, { body: 'late' }), 'c5');
    await assert.rejects(late, /undone before it arrived/);
    assert.equal(issues.lines('effect', 'c5').length, 0);
  });

  it('racing with the call that it undoes leaves nothing, whoever comes first', async () => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.allSettled([
        call(one, 'add_issue_comment', at(6, { body: 'race' }), `race-${round}`),
        undo('delete_issue_comment', `race-${round}`),
      ]);
      assert.deepEqual(issues.issue(6).comments, [], `round ${round}`);
    }
  });

  it('does not undo a call of another tool', async () => {
    await call(one, 'update_issue', at(6, { assignees: ['mira'] }), 'c6');
    await assert.rejects(undo('delete_issue_comment', 'c6'), /was update_issue, not add_issue_comment/);
    assert.deepEqual((await undo('restore_issue', 'c6', 'again'))['restored'], ['assignees']);
  });
});

describe('restore_issue', () => {
  it('puts back every field that the call changed', async () => {
    const read = async () => ({ ...(await call(one, 'get_issue', at(2))), updated_at: '' });
    const before = await read();
    const change = { title: 'T', body: 'B', labels: ['a'], assignees: [] };
    const duplicate = { state: 'closed', state_reason: 'duplicate', duplicate_of: 1 };
    await call(one, 'update_issue', at(2, { ...change, ...duplicate }), 'f1');
    assert.deepEqual(await undo('restore_issue', 'f1'), {
      restored: ['labels', 'assignees', 'title', 'body', 'state'],
      left: [],
    });
    assert.deepEqual(await read(), before);
  });

  it('leaves what somebody changed since, and takes only its own labels away', async () => {
    await call(one, 'update_issue', at(7, { title: 'Ours', labels: ['needs-info'] }), 'f2');
    issues.edit(7, (issue) => {
      issue.title = 'Theirs';
      issue.labels.push('urgent');
    });
    assert.deepEqual(await undo('restore_issue', 'f2'), { restored: ['labels'], left: ['title'] });
    assert.equal(issues.issue(7).title, 'Theirs');
    assert.deepEqual(issues.issue(7).labels, ['urgent', 'sync']);
  });

  it('has one effect, with the same key again and with another one', async () => {
    await call(one, 'update_issue', at(5, { labels: ['question'] }), 'f3');
    await Promise.all([1, 2, 3].map(() => undo('restore_issue', 'f3')));
    issues.edit(5, (issue) => (issue.labels = ['question', 'kept']));
    await undo('restore_issue', 'f3');
    assert.deepEqual(await undo('restore_issue', 'f3', 'other'), { restored: [], left: [] });
    assert.deepEqual(issues.issue(5).labels, ['question', 'kept']);
    assert.equal(issues.lines('effect', 'undo-f3').length, 1);
  });

  it('refuses the call that was undone when it comes again', async () => {
    await undo('restore_issue', 'f4');
    await assert.rejects(call(one, 'update_issue', at(5, { state: 'closed' }), 'f4'), /undone before/);
  });
});

describe('reading the issues server', () => {
  it('finds similar issues best match first, and narrows by state and label', async () => {
    const search = async (query: string) => {
      const { items } = await call(one, 'search_issues', { query });
      assert.ok(Array.isArray(items));
      return items.map((item) =>
        item !== null && typeof item === 'object' && 'number' in item ? item['number'] : 0,
      );
    };
    assert.deepEqual((await search('Shared list opened offline: app crashes')).slice(0, 2), [6, 3]);
    assert.deepEqual(await search('CSV columns is:open'), []);
    assert.deepEqual(await search('label:export'), [1]);
    assert.deepEqual(await search('zebra: [ ( *'), []);
  });

  it('answers lists and comments by pages, and says that it changes nothing', async () => {
    const args = { owner: 'Lantern-App', repo: 'lantern', perPage: 2, page: 2 };
    const { total_count: total, issues: page } = await call(one, 'list_issues', args);
    assert.equal(total, 7);
    assert.ok(Array.isArray(page) && page.length === 2);
    const comments = await call(one, 'get_issue_comments', at(1));
    assert.equal(comments['total_count'], 1);
    const readers = [...one.tools.values()].filter(({ readOnly }) => readOnly).map(({ name }) => name);
    assert.deepEqual(readers, ['get_issue', 'get_issue_comments', 'list_issues', 'search_issues']);
    assert.ok([...one.tools.values()].every(({ idempotent }) => idempotent));
  });
});
