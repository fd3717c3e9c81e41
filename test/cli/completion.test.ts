import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { loadEnvironment } from '../../settings.ts';
import { repository } from '../support/processes.ts';
import { runCli } from './run-cli.ts';

async function suggested(...words: string[]): Promise<string[]> {
  const run = await runCli(['complete', '--', ...words]);
  assert.deepEqual([run.code, run.stderr], [0, '']);
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');
}

const has = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

describe('warden completion', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-completion-'));
    const warden = join(folder, 'warden');
    await writeFile(
      warden,
      `#!/bin/sh\nexec '${process.execPath}' '${join(repository, 'dist/cli/warden.js')}' "$@"\n`,
    );
    await chmod(warden, 0o755);
  });
  after(() => rm(folder, { recursive: true }));

  it('suggests commands, options and the values that an option can have', async () => {
    const commands = await suggested('');
    for (const command of ['ping', 'validate', 'list', 'review', 'completion'])
      assert.ok(commands.includes(command));
    assert.ok(!commands.includes('complete'));
    assert.deepEqual(await suggested('list', 's'), ['sagas', 'steps', ':4']);
    assert.deepEqual(await suggested('list', 'sagas', '--in'), ['--in-flight', '--interval', ':4']);
    assert.deepEqual(await suggested('list', 'steps', '--status', 'T'), ['TIMED_OUT', ':4']);
    assert.deepEqual(await suggested('list', 'sagas', '--status=R'), ['RUNNING', ':4']);
    assert.deepEqual(await suggested('list', 'definitions', '-t', ''), ['saga', 'worker', ':4']);
    assert.deepEqual(await suggested('completion', ''), ['bash', 'zsh', 'fish', ':4']);
  });

  it('leaves files to the shell, and suggests them nowhere else', async () => {
    const files = [
      ['deploy', '-f', ''],
      ['start', 'saga', '--input-file=con'],
      ['ledger', 'verify', ''],
    ];
    for (const words of files) assert.deepEqual(await suggested(...words), [':0']);
    assert.deepEqual(await suggested('review', 'approve', ''), [':4']);
  });

  it('the bash script completes words, and runs nothing of what is typed', async function () {
    if (!has('bash')) return void (console.log('      skipped: it needs bash'), this.skip());
    const complete = (words: string, at: number) => {
      const line = `source <(warden completion bash); source <(warden completion bash)
        COMP_WORDS=(${words}); COMP_CWORD=${at}; __warden_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { PATH: `${folder}:${loadEnvironment()['PATH'] ?? ''}` };
      return spawnSync('bash', ['--norc', '-c', line], { cwd: folder, env, encoding: 'utf8' });
    };
    const cases: [string, number, string][] = [
      ['warden li', 1, 'list\n'],
      ["warden list sagas ''", 3, '\n'],
      ['warden list sagas --status = RUN', 5, 'RUNNING\n'],
      [
        'warden list sagas --status =',
        4,
        'PENDING\nRUNNING\nAWAITING_HUMAN\nCOMPLETED\nCOMPENSATING\nCOMPENSATED\nFAILED\n',
      ],
      ['warden deploy -f war', 3, 'warden\n'],
      [`warden list sagas --status '$(touch "ran")' --in-f`, 5, '--in-flight\n'],
    ];
    for (const [words, at, expected] of cases) {
      const { stdout, stderr } = complete(words, at);
      assert.deepEqual([words, stdout, stderr], [words, expected, '']);
    }
    assert.ok(!existsSync(join(folder, 'ran')));
  });

  it('the scripts of zsh and fish ask the same, and are well written', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { code, stdout } = await runCli(['completion', shell]);
      assert.equal(code, 0);
      assert.match(stdout, /warden complete -- /);
      if (!has(shell)) {
        console.log(`      ${shell} is not here: its script was made, and not run`);
        continue;
      }
      await writeFile(join(folder, shell), stdout);
      const checked = spawnSync(shell, ['-n', join(folder, shell)], { encoding: 'utf8' });
      assert.deepEqual([checked.status, checked.stderr], [0, '']);
    }
  });

  it('another shell is a mistype', async () => {
    const run = await runCli(['completion', 'tcsh']);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /Allowed choices are bash, zsh, fish/);
  });
});
