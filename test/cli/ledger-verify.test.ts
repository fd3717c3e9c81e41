import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { sealedEntries } from '../ledger/export-of-chains.ts';
import { runCli } from './run-cli.ts';

const entries = sealedEntries([
  { chain: 0, type: 'start', data: null },
  { chain: 1, type: 'start', data: { note: 'line\u2028separator, and \u001b]0;title\u0007' } },
  { chain: 1, type: 'end', data: { ok: true } },
]);
const whole = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
const last = entries[2]?.hash ?? '';

describe('warden ledger verify of an export', () => {
  let cwd = '';
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'warden-cli-verify-'));
    await writeFile(join(cwd, 'whole'), whole);
    await writeFile(join(cwd, 'changed'), whole.replace('"ok":true', '"ok":false'));
  });
  after(() => rm(cwd, { recursive: true }));

  it('is offline, and says OK with the newest head, from a file and from stdin', async () => {
    const ok = { code: 0, stdout: `OK           entries=3 chains=2 seq=3 head=${last}\n`, stderr: '' };
    assert.deepEqual(await runCli(['ledger', 'verify', 'whole'], { cwd }), ok);
    assert.deepEqual(await runCli(['ledger', 'verify', '-', '--head', last], { stdin: whole }), ok);
  });

  it('exits with 1 and names the first entry that was changed', async () => {
    const run = await runCli(['ledger', 'verify', 'changed'], { cwd });
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(
      run.stderr,
      /^ERROR {8}an entry was changed \(seq 3, chain 1{32}, n 2\) at line 3: expected data/,
    );
  });

  it('exits with 1 when data was removed, and at a checkpoint, which it cannot verify yet', async () => {
    const bare = entries.map((entry) => `${JSON.stringify({ ...entry, data: null })}\n`).join('');
    const removed = await runCli(['ledger', 'verify', '-'], { stdin: bare });
    assert.deepEqual([removed.code, removed.stdout], [1, '']);
    assert.match(removed.stderr, /^ERROR {8}the data of an entry was removed \(seq 2, chain 1{32}, n 1\)/);
    const checkpoint = await runCli(['ledger', 'verify', '-'], { stdin: `${whole}{"checkpoint": {}}\n` });
    assert.deepEqual([checkpoint.code, checkpoint.stdout], [1, '']);
    assert.match(checkpoint.stderr, /at line 4: .*checkpoints are not supported yet/);
  });

  it('finds an export cut short, in the middle of a line or against --head', async () => {
    const middle = await runCli(['ledger', 'verify', '-'], { stdin: whole.slice(0, -30) });
    assert.equal(middle.code, 1);
    assert.match(middle.stderr, /a line is not an entry at line 3/);
    const lines = whole.split('\n').slice(0, 2).join('\n');
    const head = await runCli(['ledger', 'verify', '-', '--head', last], { stdin: lines });
    assert.equal(head.code, 1);
    assert.match(head.stderr, /a known head is missing at the end of the export/);
    const json = await runCli(['ledger', 'verify', '-', '--json'], { stdin: lines });
    assert.equal(json.code, 0);
    const result: { problem: unknown; heads: { chain: string; n: number }[] } = JSON.parse(json.stdout);
    assert.equal(result.problem, null);
    const chains = result.heads.map(({ chain, n }) => `${chain} ${n}`);
    assert.deepEqual(chains, ['namespace:default 1', `${'1'.repeat(32)} 1`]);
  });

  it('an export of a part is verified as one, and a hint says so', async () => {
    const part = whole.split('\n').slice(1).join('\n');
    const run = await runCli(['ledger', 'verify', '-'], { stdin: part });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^HINT .*--filtered/m);
    assert.equal((await runCli(['ledger', 'verify', '-', '--filtered'], { stdin: part })).code, 0);
    assert.equal((await runCli(['ledger', 'verify', '-', '--after-seq', '1'], { stdin: part })).code, 0);
  });

  it('a file that is no export or cannot be read exits with 1', async () => {
    const none = await runCli(['ledger', 'verify', 'none'], { cwd });
    assert.deepEqual([none.code, none.stdout], [1, '']);
    assert.match(none.stderr, /^ERROR {8}none: expected an export that can be read, but ENOENT/);
    const hostile = await runCli(['ledger', 'verify', '-'], { stdin: '\u001b]0;title\u0007\n' });
    assert.equal(hostile.code, 1);
    assert.equal(hostile.stderr.includes('\u001b'), false);
  });
});
