import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { lockDirectory, StoreLocked } from '../../store/lock.ts';
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
    assert.equal(existsSync(`${directory}.lock`), false);
  });

  it('of many that find the lock of a dead owner one takes it over', async () => {
    const owner = start('lock');
    await waitForLine(owner, /^open$/);
    await owner.kill();
    const contenders = Array.from({ length: 5 }, () => start('lock'));
    const lines = await Promise.all(contenders.map((each) => waitForLine(each, /^(open|StoreLocked: .*)$/)));
    assert.equal(lines.filter((line) => line === 'open').length, 1, lines.join('\n'));
    assert.equal(existsSync(`${directory}.lock.takeover`), false);
  });

  it('is one lock for a directory, by whatever link it is named', async () => {
    await mkdir(directory);
    await symlink(directory, join(folder, 'link'));
    const unlock = lockDirectory(join(folder, 'link'));
    assert.throws(() => lockDirectory(directory), StoreLocked);
    unlock();
    lockDirectory(directory)();
  });

  it('of a pid that was given to another process is taken over, and one without an owner when it is old', async () => {
    const file = `${directory}.lock`;
    await writeFile(file, `${process.pid} 1`);
    lockDirectory(directory)();
    await writeFile(file, '');
    assert.throws(() => lockDirectory(directory), /others keep taking/);
    await utimes(file, new Date(0), new Date(0));
    const unlock = lockDirectory(directory);
    assert.match(await readFile(file, 'utf8'), new RegExp(`^${process.pid} \\d+$`));
    unlock();
  });

  it('is released only by its owner', async () => {
    const unlock = lockDirectory(directory);
    await writeFile(`${directory}.lock`, 'another');
    unlock();
    assert.equal(await readFile(`${directory}.lock`, 'utf8'), 'another');
  });

  it('after a takeover that died says which file to remove', async () => {
    await writeFile(`${directory}.lock`, '999999999 1');
    await writeFile(`${directory}.lock.takeover`, '999999999 1');
    assert.throws(
      () => lockDirectory(directory),
      /see that no process has the store open, remove .*\.takeover/,
    );
  });
});
