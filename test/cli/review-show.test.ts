import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import { judge } from '../../store/judge.ts';
import { hold, held, SENT, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('warden review show', () => {
  const api = useApi();
  const warden = (args: string[]) => runCli(['review', 'show', ...args], { env: { ENGINE_URL: api.url } });

  it('shows what waits: the payload, what a rejection undoes, and how to decide on just that', async () => {
    const { trace, span } = await held(api);
    const run = await warden([`${trace}.${span}.1`]);
    assert.equal(run.code, 0, run.stderr);
    for (const line of [
      `review       ${trace}.${span}.1`,
      'saga         notes 1 in namespace default, AWAITING_HUMAN',
      'step         2 publish: Publish (commit), AWAITING_HUMAN',
      'status       pending',
      'expires      never',
      'iteration    1, 1 retry left',
      'policy       safe: allowed: true',
      `payload_hash ${digest(SENT)}`,
      `call key     ${trace}:${span}`,
      'arguments',
      '    "text": "Ready."',
      '  1 write: undone with delete_note',
      '  2 read: stays done: it declares no undo',
      '  decided      not yet',
      '  effect       not yet',
    ]) {
      assert.ok(run.stdout.includes(`\n${line}`) || run.stdout.startsWith(line), `${line} in\n${run.stdout}`);
    }
    assert.doesNotMatch(run.stdout, /^(sent|diff|earlier|edited)$/m);
    const bound = `${trace} ${span} --iteration 1 --payload-hash ${digest(SENT)}`;
    assert.equal(
      run.stderr,
      `HINT         to decide on just this: warden review approve|reject|retry ${bound}\n`,
    );
  });

  it('shows who decided, earlier iterations, the edit, and how far the decision has come', async () => {
    const { trace, span } = await held(api);
    await api.client.retry(trace, span, { guidance: 'shorter', decided_by: 'ben' });
    await hold(api, trace, 2);
    await api.client.approve(trace, span, { arguments: { ...SENT, text: 'Go.' }, decided_by: 'ana' });
    const why = { code: 'WORKFLOW_TASK_FAILED', message: 'the tasks fail', hint: 'run the former version' };
    await judge(api.store, trace, async ({ saga }) => void (saga.stuck = why));
    const run = await warden([`${trace}.${span}.2`]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^status {7}approved by ana at \d{4}-/m);
    assert.match(run.stdout, /^edited\n {2}\{\n {4}"id": "today",\n {4}"text": "Go\."/m);
    assert.match(run.stdout, /^diff\n {2}\[\n/m);
    assert.match(run.stdout, /^earlier\n {2}1 retried by ben at .*: shorter$/m);
    const receipt = run.stdout.slice(run.stdout.indexOf('\nreceipt\n'));
    assert.match(receipt, /^ {2}decided {6}\d{4}-.*\n {2}delivered {4}not yet\n {2}consumed {5}not yet\n/m);
    assert.match(receipt, /^ {2}stuck {8}the tasks fail\. run the former version$/m);
  });

  it('--json is what the server answered', async () => {
    const { trace, span } = await held(api, { start: { namespace: 'default' } });
    const run = await warden([`${trace}.${span}.1`, '--json']);
    assert.deepEqual(JSON.parse(run.stdout), await api.client.showReview(`${trace}.${span}.1`));
    assert.equal(run.stderr, '');
  });

  it('what a reviewer wrote can neither move the cursor nor look like another line', async () => {
    const { trace, span } = await held(api);
    const comment = 'fine\u001b[2J\u202e\nstatus       approved by root';
    await api.client.reject(trace, span, {
      comment,
      error_details: { note: '\u009b31m' },
      decided_by: 'a\nb',
    });
    const { stdout } = await warden([`${trace}.${span}.1`]);
    assert.match(stdout, /^comment {6}fine\\u001b\[2J\\u202e\\nstatus {7}approved by root$/m);
    assert.match(stdout, /^status {7}rejected by a\\nb at /m);
    assert.ok(!/[\u001b\u009b\u202e]/.test(stdout));
  });

  it('an id that names no review is misuse, and one that is not there is refused', async () => {
    const { trace, span } = await held(api);
    for (const id of [trace, `${trace}.${span}`, `${trace}.${span}.0`, '../health']) {
      const run = await warden([id]);
      assert.deepEqual([run.code, run.stdout], [2, ''], id);
      assert.match(run.stderr, /Expected <trace_id>\.<step_span_id>\.<iteration>/);
    }
    const unknown = await warden([`${trace}.${span}.7`]);
    assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
    assert.match(unknown.stderr, /^ERROR {8}no review .*\nHINT {9}check the id, and --namespace/);
  });
});
