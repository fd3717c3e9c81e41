import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { lockDirectory, StoreLocked } from '../../store/lock.ts';
import { startTime } from '../../store/running.ts';
import { openStore } from '../../store/store.ts';
import { startProgram, waitForLine, type RunningProcess } from '../support/processes.ts';

describe('the lock beside an embedded store', () => {
  let folder = '';
  let directory = '';
  const running: RunningProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-lock-'));
    directory = join(folder, 'data');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.kill()));
    await rm(folder, { recursive: true });
  });

  function start(what: 'store' | 'lock'): RunningProcess {
    const script = join(import.meta.dirname, 'hold-directory.ts');
    const args = ['--import', '@swc-node/register/esm-register', script, what, directory];
    const child = startProgram(`hold-${what}`, process.execPath, args);
    running.push(child);
    return child;
  }

  const locks = async () => (await readdir(folder)).filter((name) => name.includes('.lock'));

  it('a second process fails and is told who has it; when that one was killed, it opens with all that was committed', async () => {
    const owner = start('store');
    await waitForLine(owner, /^open$/);
    const refused = (error: unknown) =>
      error instanceof StoreLocked && error.message.includes(`process ${owner.pid} has`);
    await assert.rejects(openStore({ directory }), refused);
    const second = start('store');
    assert.deepEqual(await second.exited, { code: 1, signal: null });
    assert.match(second.output(), /StoreLocked: expected to be the only process on .*set DATABASE_URL/);
    await owner.kill();
    const store = await openStore({ directory });
    const sagas = await store.db.selectFrom('sagas').select('status').execute();
    assert.deepEqual(sagas, [{ status: 'PENDING' }]);
    await assert.rejects(openStore({ directory }), StoreLocked, 'nor twice in one process');
    await store.close();
    assert.deepEqual(await locks(), []);
  });

  it('of many that find the lock of a dead owner one takes it over', async () => {
    const owner = start('lock');
    await waitForLine(owner, /^open$/);
    await owner.kill();
    const contenders = Array.from({ length: 5 }, () => start('lock'));
    const lines = await Promise.all(contenders.map((each) => waitForLine(each, /^(open|StoreLocked: .*)$/)));
    assert.equal(lines.filter((line) => line === 'open').length, 1, lines.join('\n'));
    assert.equal((await locks()).length, 1);
  });

  it('is one lock for a directory, by whatever link it is named', async () => {
    await mkdir(directory);
    await symlink(directory, join(folder, 'link'));
    const unlock = lockDirectory(join(folder, 'link'));
    assert.throws(() => lockDirectory(directory), StoreLocked);
    unlock();
    lockDirectory(directory)();
  });

  it('of a process that died counts for nothing, wherever it died, and neither does one whose pid was given again', async () => {
    await mkdir(directory);
    const owner = start('lock');
    await waitForLine(owner, /^open$/);
    await owner.kill();
    const [left = ''] = await locks();
    assert.match(left, new RegExp(`^data\\.lock\\.${owner.pid}\\.`));
    const given = `data.lock.${process.pid}.earlier`;
    await writeFile(join(folder, given), 'open');
    await writeFile(join(folder, 'data.lock.999999999.1'), '');
    const unlock = lockDirectory(directory);
    const [own = '', ...more] = await locks();
    assert.deepEqual([own.startsWith(`data.lock.${process.pid}.`), own === given, more], [true, false, []]);
    unlock();
    assert.deepEqual(await locks(), []);
  });

  it('leaves nothing that bars others when all that fought for it were killed in the middle', async () => {
    const first = start('lock');
    await waitForLine(first, /^open$/);
    await first.kill();
    for (let round = 0; round < 3; round += 1) {
      const fighters = Array.from({ length: 3 }, () => start('lock'));
      await Promise.race(fighters.map((each) => waitForLine(each, /^(open|StoreLocked: .*)$/)));
      await Promise.all(fighters.map((each) => each.kill()));
    }
    lockDirectory(directory)();
    assert.deepEqual(await locks(), []);
  });

  it('is refused while another living process is about to open the directory and does not go on', async () => {
    const other = startProgram('other', 'sleep', ['300']);
    running.push(other);
    await writeFile(`${directory}.lock.${other.pid}.${startTime(other.pid)}`, '');
    assert.throws(() => lockDirectory(directory), new RegExp(`process ${other.pid} is about to open it`));
    await other.kill();
    lockDirectory(directory)();
  });

  it('is released only by its owner', async () => {
    const unlock = lockDirectory(directory);
    const other = start('lock');
    assert.match(await waitForLine(other, /^StoreLocked/), new RegExp(`process ${process.pid} has it open`));
    assert.equal((await locks()).length, 1);
    unlock();
    const again = lockDirectory(directory);
    unlock();
    assert.equal((await locks()).length, 1);
    again();
    const next = start('lock');
    await waitForLine(next, /^open$/);
    unlock();
    assert.throws(() => lockDirectory(directory), new RegExp(`process ${next.pid} has it open`));
  });
});
