import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { judge } from '../../store/judge.ts';
import { failStep } from '../../store/outcome.ts';
import { spanOf } from '../../store/spans.ts';
import { SAGA, started, useApi, WORKER } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('warden deploy, start, list and cancel', () => {
  const api = useApi();
  let cwd = '';
  const warden = (args: string[], stdin = '') =>
    runCli(args, { cwd, stdin, env: { ENGINE_URL: `${api.url}/` } });
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'warden-cli-saga-'));
    await writeFile(join(cwd, 'worker.yaml'), WORKER.replace('clerk', 'scribe'));
    await writeFile(join(cwd, 'bad.yaml'), 'kind: saga\nname: x\nversion: "1"\nsurprise: 1\nsteps: []\n');
  });
  after(() => rm(cwd, { recursive: true }));

  it('ping says what the server can reach, and --json prints what it answered', async () => {
    const up = await warden(['ping']);
    const info = 'INFO         temporal=reachable store=reachable workers=1\n';
    assert.deepEqual(up, { code: 0, stdout: `OK           ${api.url}/ status=ok\n${info}`, stderr: '' });
    api.temporal = { reachable: false, workers: 0 };
    const away = await warden(['ping']);
    api.temporal = { reachable: true, workers: 1 };
    assert.equal(away.code, 0);
    assert.match(away.stdout, /^INFO {9}temporal=away store=reachable workers=0$/m);
    const json = await warden(['ping', '--json']);
    assert.deepEqual(JSON.parse(json.stdout), { status: 'ok' });
  });

  it('deploy registers files and stdin in order, and stops at the first that is refused', async () => {
    const good = await warden(['deploy', '-f', 'worker.yaml', '--file', '-'], SAGA);
    assert.deepEqual([good.code, good.stderr], [0, '']);
    assert.match(good.stdout, /^REGISTER {5}worker scribe 1 .*\nREGISTER {5}saga notes 1 .*\n$/);
    const bad = await warden(['deploy', '-f', 'worker.yaml', '-f', 'bad.yaml', '-f', '-'], SAGA);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^REGISTER {5}worker scribe 1 .*\n$/);
    assert.match(bad.stderr, /^ERROR {8}bad.yaml:/);
    assert.match(bad.stderr, /surprise/);
    assert.match(bad.stderr, /^HINT {9}correct bad.yaml and deploy again; not deployed: stdin$/m);
  });

  it('start saga prints the trace id; the same key answers the same saga; a refusal exits with 1', async () => {
    const args = ['start', 'saga', '-n', 'notes', '--version', '1', '--idempotency-key', 'once'];
    const first = await warden([...args, '--input', '{"a": 1}']);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^SUCCESS {6}trace_id=[a-f0-9]{32}\n$/);
    const again = await warden([...args, '--input-file', '-'], '{"a":1}');
    assert.deepEqual(again, first);
    const other = await warden([...args, '--input', '{"a": 2}']);
    assert.deepEqual([other.code, other.stdout], [1, '']);
    assert.match(other.stderr, /^ERROR .*\nHINT /);
    const unknown = await warden(['start', 'saga', '-n', 'nothing', '-v', '1']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^HINT {9}check the id, and --namespace/m);
  });

  it('lists are tables, --json is what the server answered, and nothing is cut without saying so', async () => {
    const trace = await started(api);
    await started(api);
    const one = await warden(['list', 'sagas', '--trace-id', trace]);
    const [head, row] = one.stdout.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(head, ['namespace', 'trace_id', 'status', 'definition_id', 'started_at']);
    assert.deepEqual(row?.slice(0, 3), ['default', trace, 'PENDING']);
    const args = ['--status', 'COMPLETED', '--status', 'FAILED', '--failed'];
    const none = await warden(['list', 'sagas', ...args]);
    assert.deepEqual(none, { code: 0, stdout: '(no rows)\n', stderr: '' });
    const page = await warden(['list', 'sagas', '--in-flight', '--limit', '1', '--json']);
    assert.deepEqual(JSON.parse(page.stdout), await api.client.listSagas({ in_flight: true, limit: 1 }));
    const more = await warden(['list', 'sagas', '--limit', '1']);
    assert.match(more.stderr, /^HINT {9}1 rows are shown; the next ones: --offset 1\n$/);
  });

  it('list definitions has the columns of sagas and of workers', async () => {
    const sagas = await warden(['list', 'definitions', '-t', 'saga', '--is-active']);
    assert.match(
      sagas.stdout,
      /^namespace +name +version +active +id\ndefault +notes +1 +true +[0-9a-f-]{36}\n$/,
    );
    const old = await warden(['list', 'definitions', '--type', 'saga', '--no-is-active']);
    assert.equal(old.stdout, '(no rows)\n');
    const workers = await warden(['list', 'definitions', '-t', 'worker', '--name', 'clerk']);
    assert.match(
      workers.stdout,
      /^namespace +name +version +adapter +id\ndefault +clerk +1 +\S+ +[0-9a-f-]{36}\n$/,
    );
    assert.equal((await warden(['list', 'definitions', '-t', 'worker', '--is-active'])).code, 2);
  });

  it('list steps marks what failed, says how to see why, and shows it with control characters escaped', async () => {
    const trace = await started(api);
    const [first, hostile] = [spanOf(trace, 0), '\u001b]0;owned\u0007 no \u202etxet'];
    await judge(api.store, trace, (court) =>
      failStep(court, first, {
        code: 'no_submit_call',
        message: hostile,
        details: { last_tool_errors: [{ tool: 'read', preview: 'folder is gone' }], max_turns: 3 },
      }),
    );
    const list = await warden(['list', 'steps', '--trace-id', trace]);
    assert.match(list.stdout, /^order +step_id +status +kind +step_span_id +worker +compensates\n/);
    assert.match(list.stdout, new RegExp(`^0 +read +FAILED \\* +reason +${first} +clerk$`, 'm'));
    assert.match(list.stdout, /^1 +write +PENDING +commit /m);
    const how = `HINT         * failed; why: warden list steps --trace-id ${trace} --errors\n`;
    assert.equal(list.stderr, how);
    const why = await warden(['list', 'steps', '--trace-id', trace, '--errors']);
    assert.match(why.stdout, /no_submit_call: \\u001b\]0;owned\\u0007 no \\u202etxet/);
    assert.match(why.stdout, /last_tool_errors\[0\]: tool=read preview=folder is gone/);
    const both = await warden(['list', 'steps', '--trace-id', trace, '--errors', '--json']);
    assert.deepEqual([both.code, both.stdout], [1, '']);
    const unknown = await warden(['list', 'steps', '--trace-id', 'f'.repeat(32)]);
    assert.equal(unknown.code, 1);
  });

  it('saga cancel is accepted once, and the same again is no error', async () => {
    const trace = await started(api);
    const first = await warden(['saga', 'cancel', trace, '--reason', 'not needed']);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^SUCCESS {6}status=queued idempotency_key=\S+\n$/);
    const again = await warden(['saga', 'cancel', trace]);
    assert.match(again.stdout, /^SUCCESS {6}status=already_queued /);
    assert.equal((await warden(['saga', 'cancel', trace, '--namespace', 'other'])).code, 1);
  });
});
