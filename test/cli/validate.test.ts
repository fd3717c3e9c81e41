import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { SAGA, WORKER } from '../api/support.ts';
import { runCli } from './run-cli.ts';

const SOURCE = 'tool_sources: [{ name: notes, transport: stdio, command: warden-notes }]\n';

describe('warden validate', () => {
  let cwd = '';
  const warden = (args: string[], stdin = '', env: Record<string, string> = {}) =>
    runCli(['validate', ...args], { cwd, stdin, env });
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'warden-cli-validate-'));
    for (const folder of ['prompts', 'compensations'])
      await mkdir(join(cwd, 'config', folder), { recursive: true });
    await writeFile(join(cwd, 'config', 'prompts', 'read.j2'), 'Read the notes.');
    const undo = 'worker: clerk\nworker_version: "1"\ntools: { allow: [{ name: delete_note }] }\n';
    await writeFile(join(cwd, 'config', 'compensations', 'unwrite.yaml'), undo);
    await writeFile(join(cwd, 'worker.yaml'), WORKER);
    await writeFile(join(cwd, 'saga.yaml'), SAGA);
    await writeFile(
      join(cwd, 'bad.yaml'),
      SAGA.replace('read.j2', 'gone.j2').replace('kind: commit', 'kind: act'),
    );
  });
  after(() => rm(cwd, { recursive: true }));

  it('checks offline what deploy checks, and names workers that the server must have', async () => {
    const both = await warden(['-f', 'worker.yaml', '--file', '-'], SAGA);
    const ok = 'OK           worker.yaml: worker clerk 1\nOK           stdin: saga notes 1\n';
    assert.deepEqual(both, { code: 0, stdout: ok, stderr: '' });
    const alone = await warden(['-f', 'saga.yaml']);
    assert.equal(alone.code, 0);
    assert.match(
      alone.stdout,
      /^INFO {9}expects to be deployed already: worker clerk 1 in namespace default$/m,
    );
  });

  it('tells all problems of all files, each with its place, and exits with 1', async () => {
    const run = await warden(['-f', 'worker.yaml', '-f', 'bad.yaml', '-f', '-'], 'kind: worker\n  name: [');
    assert.equal(run.code, 1);
    assert.equal(run.stdout, 'OK           worker.yaml: worker clerk 1\n');
    assert.match(run.stderr, /bad\.yaml:\d+:\d+: steps\[0\]\.prompt: .*gone\.j2/);
    assert.match(run.stderr, /bad\.yaml:\d+:\d+: steps\[1\]\.kind: .*"act"/);
    assert.match(run.stderr, /^ {13}stdin:\d+:\d+: /m);
    assert.match(run.stderr, /^HINT {9}correct bad\.yaml, stdin and validate again$/m);
  });

  it('allows the commands that the settings allow, and says so when one is not', async () => {
    const worker = `${WORKER}${SOURCE}`;
    const refused = await warden(['-f', '-'], worker);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /tool_sources\[0\]\.command: .*"warden-notes"/);
    assert.match(
      refused.stderr,
      /^HINT .*WARDEN_STDIO_ALLOW as it is set here: set it as the server has it/m,
    );
    const allowed = await warden(['-f', '-'], worker, { WARDEN_STDIO_ALLOW: 'warden-notes' });
    assert.deepEqual([allowed.code, allowed.stderr], [0, '']);
  });

  it('stdin is read only once, and a file that is missing is named', async () => {
    const twice = await warden(['-f', '-', '-f', '-']);
    assert.equal(twice.code, 2);
    const missing = await warden(['-f', 'worker.yaml', '-f', 'gone.yaml']);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /^ERROR {8}gone\.yaml: expected a file that can be read, but ENOENT/);
  });
});
