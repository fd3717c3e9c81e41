import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { judge } from '../../store/judge.ts';
import { completeStep, failStep } from '../../store/outcome.ts';
import { spanOf } from '../../store/spans.ts';
import { held, started, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

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
