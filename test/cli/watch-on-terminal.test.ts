import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { judge } from '../../store/judge.ts';
import { completeStep, failStep } from '../../store/outcome.ts';
import { spanOf } from '../../store/spans.ts';
import { started, useApi, type TestApi } from '../api/support.ts';
import { waitForLine } from '../support/processes.ts';
import { noTerminal, startOnTerminal } from './pseudo-terminal.ts';
import { runCli } from './run-cli.ts';

const WATCHING = /Ctrl-C ends the watch/;

async function complete(api: TestApi, trace: string): Promise<void> {
  for (const order of [0, 1, 2]) {
    await judge(api.store, trace, (court) =>
      completeStep(court, spanOf(trace, order), { output: { data: {} } }),
    );
  }
}

describe('--watch', () => {
  const api = useApi();
  const env = () => ({ ENGINE_URL: api.url });
  const onTerminal = (args: string[], size: { rows?: number; columns?: number } = {}) =>
    startOnTerminal([...args, '--watch', '--interval', '0.1'], { env: env(), ...size });

  it('needs a terminal, and goes neither with --json nor with --errors', async () => {
    const trace = await started(api);
    const wrong: [string[], RegExp][] = [
      [['list', 'sagas', '--watch'], /--watch: expected a terminal, found a file or a pipe/],
      [['list', 'sagas', '--watch', '--json'], /--watch and --json cannot be combined/],
      [['list', 'steps', '--trace-id', trace, '--watch', '--json'], /--watch and --json cannot be combined/],
      [
        ['list', 'steps', '--trace-id', trace, '--watch', '--errors'],
        /--errors and --watch cannot be combined/,
      ],
      [
        ['list', 'steps', '--trace-id', trace, '--errors', '--json'],
        /--errors and --json cannot be combined/,
      ],
    ];
    for (const [args, message] of wrong) {
      const run = await runCli(args, { env: env() });
      assert.deepEqual([run.code, run.stdout], [1, '']);
      assert.match(run.stderr, message);
      assert.match(run.stderr, /^HINT {9}/m);
    }
    const never = await runCli(['list', 'sagas', '--watch', '--interval', '0'], { env: env() });
    assert.equal(never.code, 2);
  });

  it('redraws the steps in place and stops when the saga has ended', async function () {
    if (noTerminal !== null) return void (console.log(`      ${noTerminal}`), this.skip());
    const trace = await started(api);
    const watch = await onTerminal(['list', 'steps', '--trace-id', trace]);
    await waitForLine(watch.running, WATCHING);
    await complete(api, trace);
    const { code, screen } = await watch.ended();
    assert.equal(code, 0, screen.join('\n'));
    assert.deepEqual(
      screen.map((line) => line.split(/ {2,}/).slice(0, 3).join(' ')),
      ['order step_id status', '0 read COMPLETED', '1 write COMPLETED', '2 publish COMPLETED', ''],
    );
  });

  it('ends although steps of a failed saga were never reached, and says how to see why', async function () {
    if (noTerminal !== null) return void (console.log(`      ${noTerminal}`), this.skip());
    const trace = await started(api);
    await judge(api.store, trace, (court) =>
      failStep(court, spanOf(trace, 0), { code: 'no_submit_call', message: 'no', details: {} }),
    );
    const saga = await api.client.listSagas({ trace_id: trace });
    const watch = await onTerminal(['list', 'steps', '--trace-id', trace]);
    if (saga.items[0]?.ended_at === null) {
      await waitForLine(watch.running, WATCHING);
      await judge(api.store, trace, async (court) => {
        court.saga.status = 'FAILED';
        court.saga.ended_at = court.now;
      });
    }
    const { code, screen } = await watch.ended();
    assert.equal(code, 0, screen.join('\n'));
    assert.match(screen.join('\n'), /FAILED \*/);
    assert.match(
      screen.join('\n'),
      /HINT {9}\* failed; why: warden list steps --trace-id [a-f0-9]{32} --errors/,
    );
  });

  it('shows of many sagas what fits the window, and Ctrl-C gives the terminal back with 130', async function () {
    if (noTerminal !== null) return void (console.log(`      ${noTerminal}`), this.skip());
    for (let count = 0; count < 8; count += 1) await started(api, { namespace: 'default' });
    const watch = await onTerminal(['list', 'sagas'], { rows: 6, columns: 60 });
    await waitForLine(watch.running, WATCHING);
    assert.match(watch.running.output(), /… \d+ more rows; the window is too low for them/);
    await watch.type('\u0003');
    const { code, screen } = await watch.ended();
    assert.equal(code, 130);
    assert.ok(screen.every((line) => [...line].length <= 60));
    const output = watch.running.output();
    assert.ok(output.lastIndexOf('\u001b[?7h\u001b[?25h') > output.lastIndexOf('\u001b[?25l\u001b[?7l'));
  });
});
