import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository, startProgram } from '../support/processes.ts';

const options = [
  ...['--no-config', '--node-option', 'import=@swc-node/register/esm-register'],
  ...['--require', join(repository, 'test', 'support', 'leaks.ts'), '--timeout', '20000'],
];

/** Runs a test file of its own, and nothing else, and gives its exit code and output. */
async function runMocha(body: string) {
  // Inside the repository, because that is where its imports are found, and out of the way of the suite.
  await mkdir(join(repository, '.warden'), { recursive: true });
  const folder = await mkdtemp(join(repository, '.warden', 'leaks-'));
  try {
    const file = join(folder, 'one.test.ts');
    await writeFile(file, `import { it } from 'mocha';\n${body}`);
    const mocha = join(repository, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const running = startProgram('mocha', process.execPath, [mocha, ...options, file]);
    try {
      const { code } = await running.exited;
      return { code, output: running.output() };
    } finally {
      await running.stop(1_000);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the configuration of mocha', () => {
  it('loads the watch for leaks, and names no files, which would be added to those asked for', async () => {
    const config: unknown = JSON.parse(await readFile(join(repository, '.mocharc.json'), 'utf8'));
    assert.ok(typeof config === 'object' && config !== null);
    assert.ok(!('spec' in config) && !('file' in config));
    assert.ok('require' in config && String(config.require).includes('test/support/leaks.ts'));
  });
});

describe('a test run', () => {
  it('fails when a test leaves a process, names it, and ends it', async () => {
    const { code, output } = await runMocha(`
      import { startProgram } from '../../test/support/processes.ts';
      it('leaves a process', () => console.log('pid=' + startProgram('sleeper', 'sleep', ['300']).pid));`);
    assert.match(output, /did not end: sleeper \(pid \d+\)/);
    assert.notEqual(code, 0);
    const pid = Number(/pid=(\d+)/.exec(output)?.[1]);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('fails when a test leaves a handle, and says which kind', async () => {
    const { code, output } = await runMocha(`
      import { createServer } from 'node:net';
      it('leaves a server', (done) => void createServer().listen(0, '127.0.0.1', done));`);
    assert.match(output, /leaked handles keep the test run alive: .*TCPServerWrap/);
    assert.notEqual(code, 0);
  });

  it('passes when a test leaves nothing', async () => {
    const { code, output } = await runMocha(`it('leaves nothing', () => undefined);`);
    assert.equal(code, 0, output);
  });
});
