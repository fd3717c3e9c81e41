import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { digest } from '../../ledger/canonical.ts';
import { judge } from '../../store/judge.ts';
import { completeStep, failStep } from '../../store/outcome.ts';
import { spanOf } from '../../store/spans.ts';
import { held, SAGA, SENT, started, useApi, WORKER } from '../api/support.ts';
import { runCli, startCli } from './run-cli.ts';

describe('warden show step', () => {
  const api = useApi();
  const warden = (args: string[]) => runCli(['show', 'step', ...args], { env: { ENGINE_URL: api.url } });

  it('shows what a step was given and what it answered', async () => {
    const { trace, span } = await held(api);
    const run = await warden([trace, span]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(
      run.stdout,
      new RegExp(`^saga {9}${trace} in namespace default\\nstep {9}2 publish: Publish \\(commit\\)$`, 'm'),
    );
    assert.match(run.stdout, /^status {7}AWAITING_HUMAN$/m);
    assert.match(run.stdout, /^arguments\n {2}\{\n {4}"id": "today",\n/m);
    assert.doesNotMatch(run.stdout, /^(output|timing|error)/m);
    const read = await warden([trace, '--step-id', 'read']);
    assert.match(read.stdout, /^output\n {2}\{\n {4}"data": \{\n {6}"notes": 2\n/m);
  });

  it('of a step on hold shows the review, and commands that decide it as they are pasted', async () => {
    const { trace, span } = await held(api, { expiresMs: 3_600_000 });
    const run = await warden([trace, span]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const hash = digest(SENT);
    const lines = run.stdout.split('\n');
    const [, ...review] = lines.slice(lines.findIndex((line) => line.startsWith('review ')) - 1);
    const about = `${trace} ${span} --iteration 1 --payload-hash ${hash}`;
    assert.deepEqual(
      review.map((line) => line.replace(/\d{4}-\d\d-\d\dT.*Z/, 'TIME')),
      [
        'review       publish#1, of its arguments',
        `payload_hash ${hash}`,
        'retries_left 1',
        'expires      TIME',
        'policy       safe: allowed by true',
        'sent         the payload as it is',
        'reject       write is undone by delete_note',
        '             read stays done: it declares no undo',
        '',
        'payload',
        '  {',
        '    "id": "today",',
        '    "text": "Ready."',
        '  }',
        '',
        'to decide',
        `  warden review approve ${about}`,
        `  warden review approve ${about} --arguments-file edited-payload.json`,
        `  warden review reject ${about} --comment 'why'`,
        `  warden review retry ${about} --guidance 'what to do differently'`,
        '',
      ],
    );
    const [retry = ''] = review.filter((line) => line.includes(' retry '));
    const pasted = await startCli(
      [],
      { env: { ENGINE_URL: api.url } },
      retry.trim().replace('warden', '"$@"'),
    );
    assert.match((await pasted.ended()).stdout, /^SUCCESS {6}status=queued/);
    // Accepted, and no saga has woken: nothing is left to decide.
    assert.match(
      (await warden([trace, span])).stdout,
      /^review {7}decided; the saga has not acted on it yet$/m,
    );
  });

  it('of the last iteration offers no retry, and names the namespace where it is not the usual one', async () => {
    const namespace = 'customer-7';
    for (const text of [WORKER, SAGA])
      await api.client.deploy(text.replace('\nname:', `\nnamespace: ${namespace}\nname:`));
    const { trace, span } = await held(api, { start: { namespace } });
    await api.store.db
      .updateTable('reviews')
      .set({ retries_left: 0 })
      .where('trace_id', '=', trace)
      .execute();
    const { stdout } = await warden([trace, span, '--namespace', namespace]);
    assert.match(stdout, /^ {2}warden review approve .* --namespace customer-7$/m);
    assert.doesNotMatch(stdout, /review retry/);
    assert.match(stdout, /^expires {6}never$/m);
  });

  it('--raw is the JSON of the server on one line, --json the same indented', async () => {
    const { trace, span } = await held(api);
    const shown = await api.client.showStep(trace, span);
    const raw = await warden([trace, span, '--raw']);
    assert.deepEqual(raw, { code: 0, stdout: `${JSON.stringify(shown)}\n`, stderr: '' });
    const json = await warden([trace, '--step-id', 'publish', '--json']);
    assert.equal(json.stdout, `${JSON.stringify(shown, null, 2)}\n`);
  });

  it('says why a step failed, with what is unsafe for a terminal as escapes', async () => {
    const trace = await started(api);
    const details = { last_tool_errors: [{ tool: 'read', preview: '\u001b[2J\u202e' }] };
    await judge(api.store, trace, (court) =>
      failStep(court, spanOf(trace, 0), { code: 'no_submit_call', message: 'gave up', details }),
    );
    const run = await warden([trace, spanOf(trace, 0)]);
    assert.match(
      run.stdout,
      /^error\n {2}no_submit_call: gave up\n {2}last_tool_errors\[0\]: tool=read preview=/m,
    );
    assert.match(run.stdout, /\\u001b\[2J/);
    assert.ok(!/[\u001b\u202e]/.test(run.stdout));
  });

  it('a step that is not named, or that is not there, is an error with a hint', async () => {
    const { trace, span } = await held(api);
    await judge(api.store, trace, (court) => completeStep(court, span, { output: { data: {} } })).catch(
      () => null,
    );
    for (const args of [[trace], [trace, span, '--step-id', 'read']]) {
      const run = await warden(args);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(
        run.stderr,
        /expected a step_span_id or --step-id, found (neither|both)\nHINT {9}warden list steps/,
      );
    }
    const unknown = await warden([trace, '--step-id', 'wrote']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /has no step wrote: expected one of read, write, publish$/m);
    const other = await warden([trace, span, '--namespace', 'other']);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^HINT {9}check the id, and --namespace/m);
  });
});
