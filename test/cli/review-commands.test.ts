import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { describe, it } from 'mocha';
import { held, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('warden review', () => {
  const api = useApi();
  const warden = (args: string[], stdin = '') => runCli(args, { stdin, env: { ENGINE_URL: api.url } });

  it('list shows what waits, and --json what is reviewed', async () => {
    const { trace, span } = await held(api);
    const table = await warden(['review', 'list', '--trace-id', trace, '--kind', 'commit']);
    assert.equal(table.code, 0, table.stderr);
    const lines = table.stdout.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(lines, [
      ['namespace', 'trace_id', 'step_span_id', 'kind', 'subject', 'step_id', 'worker'],
      ['default', trace, span, 'commit', 'arguments', 'publish', 'clerk'],
      [''],
    ]);
    const json = await warden(['review', 'list', '--trace-id', trace, '--json']);
    assert.deepEqual(JSON.parse(json.stdout), await api.client.pendingReviews({ trace_id: trace }));
    assert.equal((await warden(['review', 'list', '--namespace', 'other'])).stdout, '(no rows)\n');
  });

  it('approve is accepted, the same again is no error, and the opposite names who won', async () => {
    const { trace, span } = await held(api);
    const stale = await warden(['review', 'approve', trace, span, '--payload-hash', '0'.repeat(64)]);
    assert.deepEqual([stale.code, stale.stdout], [1, '']);
    const first = await warden(['review', 'approve', trace, span, '--comment', 'fine', '--iteration', '1']);
    const key = `human-decision-${trace}-${span}`;
    assert.deepEqual(first, {
      code: 0,
      stdout: `SUCCESS      status=queued idempotency_key=${key}\n`,
      stderr: '',
    });
    const again = await warden(['review', 'approve', trace, span]);
    assert.equal(again.stdout, `SUCCESS      status=already_queued idempotency_key=${key}\n`);
    const opposite = await warden(['review', 'reject', trace, span]);
    assert.deepEqual([opposite.code, opposite.stdout], [1, '']);
    assert.ok(opposite.stderr.includes(userInfo().username), opposite.stderr);
    assert.match(opposite.stderr, /^HINT {9}warden list steps/m);
  });

  it('approve takes an edit of what waits, from an option, a file or stdin, and refuses one of something else', async () => {
    const { trace, span } = await held(api);
    const both = await warden(
      ['review', 'approve', trace, span, '--output', '{}', '--arguments-file', '-'],
      '{}',
    );
    assert.equal(both.code, 2);
    assert.match(both.stderr, /expected an edited output or edited arguments, found both\nHINT /);
    const wrong = await warden(['review', 'approve', trace, span, '--output', '{"data": {"a": 1}}']);
    assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
    const edited = { id: 'today', text: 'Ready, and read.' };
    const file = ['review', 'approve', trace, span, '--arguments-file', '-'];
    const run = await warden(file, JSON.stringify(edited));
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^SUCCESS {6}status=queued /);
    const again = await warden(['review', 'approve', trace, span, '--arguments', JSON.stringify(edited)]);
    assert.match(again.stdout, /status=already_queued/);
    const other = await warden(['review', 'approve', trace, span]);
    assert.equal(other.code, 1);
  });

  it('reject takes its details from an option, a file or stdin', async () => {
    const { trace, span } = await held(api);
    const list = await warden(['review', 'reject', trace, span, '--error', '"no"']);
    assert.equal(list.code, 2);
    const run = await warden(['review', 'reject', trace, span, '--error-file', '-'], '{"reason": "late"}');
    assert.equal(run.code, 0, run.stderr);
    const stored = await api.store.db
      .selectFrom('reviews')
      .select(['status', 'verdict'])
      .where('trace_id', '=', trace)
      .executeTakeFirstOrThrow();
    assert.equal(stored.status, 'rejected');
    assert.match(JSON.stringify(stored.verdict), /"reason":"late"/);
  });

  it('retry makes a token when none is given, and the same token does nothing twice', async () => {
    const { trace, span } = await held(api);
    const first = await warden(['review', 'retry', trace, span, '--guidance', 'shorter']);
    assert.equal(first.code, 0, first.stderr);
    const token = /^SUCCESS {6}status=queued idempotency_key=\S+ retry_token=(\S+)\n$/.exec(
      first.stdout,
    )?.[1];
    assert.match(token ?? '', /^[0-9a-f-]{36}$/);
    const again = await warden([
      ...['review', 'retry', trace, span, '--guidance', 'shorter'],
      ...['--retry-token', token ?? ''],
    ]);
    assert.match(again.stdout, /status=already_queued/);
  });
});
