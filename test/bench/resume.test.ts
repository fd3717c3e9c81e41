import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository, startProgram } from '../support/processes.ts';

const bench = (args: readonly string[]) =>
  startProgram('bench', process.execPath, [join(repository, 'dist', 'bench', 'run.js'), ...args]);

describe('npm run bench', () => {
  it('measures resume on both sides, prints what it measured and writes the figures', async function () {
    this.timeout(300_000);
    const folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
    const json = join(folder, 'figures.json');
    const running = bench([
      'resume',
      '--pairs',
      '1',
      '--holds',
      '2',
      '--no-defaults',
      '--store',
      'pglite',
      '--json',
      json,
    ]);
    const { code } = await running.exited;
    assert.equal(code, 0, running.output());
    assert.match(running.output(), /ours against that|to reach: ratio of p50/);
    const figure = JSON.parse(await readFile(json, 'utf8')).resume.decision_to_effect;
    assert.equal(figure.pairs.length, 1);
    for (const side of ['ours', 'base'])
      assert.ok(figure[side].p50 > 0 && figure[side].p99 >= figure[side].p50);
    for (const { sinceMs } of figure.stages.ours.path) assert.equal(typeof sinceMs, 'number');
    await rm(folder, { recursive: true });
  });

  it('says what it expects when it is asked for something else', async () => {
    for (const args of [
      ['nothing'],
      ['resume', '--holds', '0'],
      ['resume', '--store', 'sqlite'],
      ['startup', '--runs', 'x'],
    ]) {
      const running = bench(args);
      const { code } = await running.exited;
      assert.equal(code, 2);
      assert.match(running.output(), /expected .*\n(.*\n)*npm run bench/);
    }
  });
});
