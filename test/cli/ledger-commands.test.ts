import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { held, started, useApi } from '../api/support.ts';
import { runCli } from './run-cli.ts';

describe('warden ledger against a server', () => {
  const api = useApi();
  let cwd = '';
  const warden = (args: string[]) => runCli(['ledger', ...args], { cwd, env: { ENGINE_URL: api.url } });
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'warden-cli-ledger-'));
    await held(api);
    await started(api);
  });
  after(() => rm(cwd, { recursive: true }));

  it('export writes the same lines to stdout and to a file, and both are verified', async () => {
    const out = await warden(['export']);
    assert.equal(out.code, 0, out.stderr);
    const count = out.stdout.trimEnd().split('\n').length;
    const file = await warden(['export', '--out', 'file']);
    assert.deepEqual(file, { code: 0, stdout: `SUCCESS      lines=${count} file=file\n`, stderr: '' });
    assert.equal(await readFile(join(cwd, 'file'), 'utf8'), out.stdout);
    assert.deepEqual(await readdir(cwd), ['file']);
    const offline = await warden(['verify', 'file']);
    assert.match(
      offline.stdout,
      new RegExp(`^OK {11}entries=${count} chains=3 seq=${count} head=[a-f0-9]{64}\n$`),
    );
    assert.deepEqual(await warden(['verify']), offline);
    const tail = await warden(['verify', '--after-seq', '2']);
    assert.match(tail.stdout, new RegExp(`^OK {11}entries=${count - 2} `));
  });

  it('an export of one saga is verified as a part', async () => {
    const trace = await started(api);
    assert.equal((await warden(['export', '--trace-id', trace, '--out', 'one'])).code, 0);
    const part = await warden(['verify', 'one', '--filtered']);
    assert.match(part.stdout, /^OK {11}entries=1 chains=1 /);
    assert.equal((await warden(['verify', 'one'])).code, 1);
  });

  it('a place that cannot be written is said, and nothing is left', async () => {
    const run = await warden(['export', '--out', 'no/such/folder']);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^ERROR {8}no\/such\/folder cannot be written: ENOENT/);
    const device = await warden(['export', '--out', '/dev/null']);
    assert.equal(device.code, 0, device.stderr);
  });
});
