import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { freePort } from '../support/ports.ts';
import { runCli } from './run-cli.ts';

const trace = 'a'.repeat(32);
const span = 'b'.repeat(16);

describe('the command line without a server', () => {
  it('-V and --help answer on stdout and exit with 0', async () => {
    const version = await runCli(['-V']);
    assert.deepEqual(version, { code: 0, stdout: '0.1.0\n', stderr: '' });
    const help = await runCli(['--help']);
    assert.equal(help.code, 0);
    for (const command of [
      'ping',
      'deploy',
      'validate',
      'start',
      'list',
      'show',
      'review',
      'saga',
      'ledger',
      'completion',
    ]) {
      assert.match(help.stdout, new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it('a command that is mistyped is an error with a hint on stderr, and exits with 2', async () => {
    const wrong: [string[], RegExp][] = [
      [['pingg'], /^ERROR {8}unknown command 'pingg'/],
      [['ping', '--loud'], /unknown option '--loud'/],
      [['start', 'saga', '-n', 'x'], /'-v, --version <version>' not specified/],
      [['list', 'steps', '--trace-id', '..'], /Expected 32 lower-case hexadecimal characters/],
      [['list', 'sagas', '--limit', 'many'], /Expected a whole number from 1/],
      [['list', 'definitions', '-t', 'tool'], /Allowed choices are saga, worker/],
      [['review', 'approve', trace], /missing required argument 'step_span_id'/],
    ];
    const runs = await Promise.all(wrong.slice(0, 3).map(([args]) => runCli(args)));
    for (const [args] of wrong.slice(3)) runs.push(await runCli(args));
    for (const [index, run] of runs.entries()) {
      assert.equal(run.code, 2);
      assert.equal(run.stdout, '');
      assert.match(run.stderr, wrong[index]?.[1] ?? /^$/);
      assert.match(run.stderr, /^HINT {9}/m);
    }
  });

  it('values that cannot be meant are refused before anything is sent', async () => {
    const env = { ENGINE_URL: `http://127.0.0.1:${await freePort()}` };
    const start = ['start', 'saga', '-n', 'x', '-v', '1'];
    const list = await runCli([...start, '--input', '[1]'], { env });
    assert.equal(list.code, 2);
    assert.match(
      list.stderr,
      /^ERROR {8}--input: expected a JSON object, found a list\nHINT {9}write for example /,
    );
    const both = await runCli(['review', 'reject', trace, span, '--error', '{}', '--error-file', '-'], {
      env,
    });
    assert.equal(both.code, 2);
    assert.match(both.stderr, /--error and --error-file are two ways to say the same/);
    const stdin = await runCli([...start, '--input-file', '-'], { env, stdin: '{"a": ' });
    assert.equal(stdin.code, 2);
    assert.match(stdin.stderr, /^ERROR {8}stdin: expected a JSON object, found /);
    const none = await runCli(['deploy', '-f', 'nothing-here.yaml'], { env });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^ERROR {8}nothing-here.yaml: expected a file that can be read, but ENOENT/);
  });

  it('without ENGINE_URL it says how to set it; .env may have it', async () => {
    const unset = await runCli(['list', 'sagas']);
    assert.equal(unset.code, 1);
    assert.match(unset.stderr, /^ERROR {8}ENGINE_URL is not set/);
    assert.match(unset.stderr, /^HINT {9}export ENGINE_URL=http:\/\/127\.0\.0\.1:8000/m);
    const cwd = await mkdtemp(join(tmpdir(), 'warden-cli-env-'));
    await writeFile(join(cwd, '.env'), `ENGINE_URL=http://127.0.0.1:${await freePort()}\n`);
    const away = await runCli(['ping'], { cwd });
    await writeFile(join(cwd, '.env'), 'ENGINE_URL=localhost\nWARDEN_SOMETHING=1\n');
    const wrong = await runCli(['ping'], { cwd });
    await writeFile(join(cwd, '.env'), 'a note to myself\nENGINE_URL=http://127.0.0.1:1\n');
    const swallowing = await runCli(['ping'], { cwd });
    await rm(cwd, { recursive: true });
    assert.equal(away.code, 1);
    assert.match(away.stderr, /^ERROR {8}no answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
    assert.match(away.stderr, /^HINT {9}start the server/m);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /ENGINE_URL: expected an address/);
    assert.match(wrong.stderr, /^ {13} {2}- WARDEN_SOMETHING is not a setting/m);
    assert.equal(swallowing.code, 1);
    assert.match(swallowing.stderr, /\.env, line 1: expected NAME=value, .*found a line without =/);
  });
});
