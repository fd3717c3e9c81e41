import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { takeLock } from '../../scripts/dev-lock.mjs';
import { followLogs, readable } from '../../scripts/dev-logs.mjs';
import { createStack } from '../../scripts/dev-stack.mjs';
import { endLeftovers, recordProcess, startTimeOf } from '../../scripts/run-record.mjs';
import { freePort } from '../support/ports.ts';
import { repository, startProgram, waitForLine } from '../support/processes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warden-stack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const silent = () => undefined;

function plan(ports: { api: number; temporal: number; ui: number | null }) {
  return {
    state: folder,
    host: '127.0.0.1',
    ports,
    postgres: false,
    env: {},
    prepare: async () => undefined,
  };
}

/** Runs a module of its own that imports the scripts. */
async function startModule(name: string, source: string) {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, source.replaceAll('SCRIPTS', join(repository, 'scripts')));
  return startProgram(name, process.execPath, [file]);
}

describe('a stack', () => {
  it('says which variable to set for every port that is in use, and starts nothing', async () => {
    const servers = await Promise.all(
      [1, 2, 3].map(async () => {
        const server = createServer();
        const port = await freePort();
        await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
        return { server, port };
      }),
    );
    const [api = 0, temporal = 0, ui = 0] = servers.map(({ port }) => port);
    const stack = createStack(plan({ api, temporal, ui }), silent);
    try {
      await assert.rejects(stack.start(), (error: Error) => {
        assert.match(error.message, new RegExp(`port ${api} .* WARDEN_API_PORT`));
        assert.match(error.message, new RegExp(`port ${temporal} .* TEMPORAL_PORT`));
        assert.match(error.message, new RegExp(`port ${ui} .* TEMPORAL_UI_PORT`));
        return true;
      });
      assert.deepEqual(stack.children(), []);
    } finally {
      await stack.stop();
      for (const { server } of servers) server.close();
    }
  });

  it('names both variables when two ports are one, and refuses a port that nobody could find', async () => {
    for (const [ports, message] of [
      [
        { api: 8233, temporal: 7233, ui: 8233 },
        /^WARDEN_API_PORT and TEMPORAL_UI_PORT are both 8233: set one/,
      ],
      [{ api: 7233, temporal: 7233, ui: 8233 }, /^WARDEN_API_PORT and TEMPORAL_PORT are both 7233: set one/],
      [{ api: 8000, temporal: 8233, ui: 8233 }, /^TEMPORAL_PORT and TEMPORAL_UI_PORT are both 8233: set one/],
      [
        { api: 0, temporal: 7233, ui: null },
        /^WARDEN_API_PORT is 0, any free port.*: set it to a free port$/,
      ],
    ] as const) {
      const stack = createStack(plan(ports), silent);
      try {
        await assert.rejects(stack.start(), { message });
        assert.deepEqual(stack.children(), []);
      } finally {
        await stack.stop();
      }
    }
  });

  it('is the only one on its folder, until it has stopped', async () => {
    const ports = { api: 1, temporal: 2, ui: null };
    const first = createStack(plan(ports), silent);
    assert.throws(() => createStack(plan(ports), silent), new RegExp(`already runs .*${process.pid}`));
    await first.stop();
    await createStack(plan(ports), silent).stop();
  });

  it('killed with -9 and started again ends its own leftovers and nothing else', async () => {
    const records = join(folder, 'run');
    const parent = await startModule(
      'parent',
      `import { createChildren } from 'SCRIPTS/dev-children.mjs';
       const children = createChildren({ cwd: '/', records: '${records}', logs: '${folder}/logs' });
       console.log('left=' + children.start('left', 'sleep', ['300'], process.env).pid);
       setInterval(() => undefined, 1000);`,
    );
    const left = Number((await waitForLine(parent, /^left=/)).slice('left='.length));
    const other = startProgram('other', 'sleep', ['300']);
    try {
      await parent.kill();
      assert.notEqual(startTimeOf(left), null);
      // A pid that the system gave to another program since: the recorded start is not that program's.
      recordProcess(records, 'reused', other.pid);
      await writeFile(
        join(records, `reused.${other.pid}.json`),
        JSON.stringify({ name: 'reused', pid: other.pid, started: 'earlier' }),
      );
      await writeFile(join(records, 'cut-off.json'), '{"name": "cut');
      const said: string[] = [];
      await endLeftovers(records, (line) => said.push(line));
      assert.deepEqual(said, [`ending left (pid ${left}), left by an earlier run`]);
      assert.equal(startTimeOf(left), null);
      assert.equal(other.hasExited(), false);
    } finally {
      await other.stop();
      if (startTimeOf(left) !== null) process.kill(left, 'SIGKILL');
    }
  });

  for (const [what, trap] of [
    ['that ignores SIGTERM', `trap '' TERM`],
    ['that ends and leaves others', `trap 'exit 0' TERM`],
  ]) {
    it(`ends a child ${what}, with what it started, and starts none after it stopped`, async () => {
      const child = `${trap}; sleep 300 & echo "sleep=$!"; wait; sleep 300`;
      const owner = await startModule(
        'owner',
        `import { createChildren } from 'SCRIPTS/dev-children.mjs';
         import { readFileSync } from 'node:fs';
         import { setTimeout as delay } from 'node:timers/promises';
         const children = createChildren({ cwd: '/', records: '${folder}/run', logs: '${folder}/logs' });
         const { log } = children.start('child', 'bash', ['-c', ${JSON.stringify(child)}], process.env);
         while (!readFileSync(log, 'utf8').includes('sleep=')) await delay(10);
         await children.stopAll(200);
         console.log(readFileSync(log, 'utf8'));
         try { children.start('late', 'sleep', ['300'], process.env); } catch (error) { console.log(error.message); }`,
      );
      assert.equal((await owner.exited).code, 0, owner.output());
      const grandchild = Number(/sleep=(\d+)/.exec(owner.output())?.[1]);
      assert.equal(startTimeOf(grandchild), null);
      assert.match(owner.output(), /late was not started: the stack is stopping/);
    });
  }
});

describe('the lock of a stack', () => {
  it('is taken by one process at a time, and a killed holder counts for nothing', async () => {
    const file = join(folder, 'lock');
    const holder = await startModule(
      'holder',
      `import { takeLock } from 'SCRIPTS/dev-lock.mjs';
       console.log(takeLock('${file}').kind);
       setInterval(() => undefined, 1000);`,
    );
    await waitForLine(holder, /^taken$/);
    assert.deepEqual(takeLock(file), { kind: 'held', pid: holder.pid });
    await holder.kill();
    const lock = takeLock(file);
    if (lock.kind !== 'taken') throw new Error(`expected the lock, it is held by ${lock.pid}`);
    assert.deepEqual(takeLock(file), { kind: 'held', pid: process.pid });
    lock.release();
    assert.equal(takeLock(file).kind, 'taken');
  });

  it('of ten processes at once is given to one, also when they find that of a killed one', async () => {
    const file = join(folder, 'lock');
    await writeFile(`${file}.${process.pid}.earlier`, 'held');
    await writeFile(`${file}.999999999.earlier`, '');
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        startModule(
          `taker-${at}`,
          `import { takeLock } from 'SCRIPTS/dev-lock.mjs';
           console.log(takeLock('${file}').kind);
           process.stdin.resume(); setTimeout(() => undefined, 100_000);`,
        ),
      ),
    );
    const kinds = await Promise.all(all.map((each) => waitForLine(each, /^(taken|held)$/)));
    await Promise.all(all.map((each) => each.kill()));
    assert.deepEqual(kinds.filter((kind) => kind === 'taken').length, 1);
  });
});

describe('the logs of a stack', () => {
  it('are followed from their beginning, whole lines with the name of the process', async () => {
    const log = join(folder, 'a.log');
    await writeFile(log, 'first\nsec');
    const lines: string[] = [];
    const end = followLogs([{ name: 'api', log }], (line) => lines.push(line));
    await appendFile(log, 'ond\n{"level":30,"time":0,"msg":"started","port":8000,"pid":1}\nlast');
    end();
    assert.deepEqual(lines.slice(0, 2), ['api │ first', 'api │ second']);
    assert.match(lines[2] ?? '', /^api │ \d\d:\d\d:\d\d info started port=8000$/);
    assert.equal(lines[3], 'api │ last');
  });

  it('show what is not a log entry as it is', () => {
    for (const line of ['plain', '{"a": 1}', '{broken', 'null', '{"level":"x","msg":1}'])
      assert.equal(readable(line), line);
  });
});

describe('temporal-dev.sh', () => {
  const script = join(repository, 'temporal-dev.sh');

  it('explains itself from any directory', async () => {
    const help = startProgram('help', script, ['help'], { cwd: folder });
    assert.equal((await help.exited).code, 0);
    for (const name of ['demo', 'test', 'WARDEN_API_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'])
      assert.match(help.output(), new RegExp(name));
  });

  it('refuses an unknown word and names those that it knows', async () => {
    const wrong = startProgram('wrong', script, ['strat'], { cwd: folder });
    assert.equal((await wrong.exited).code, 2);
    assert.match(wrong.output(), /expected nothing, demo, test or help, got "strat"/);
  });

  it('names the Node that it needs when it finds an old one', async () => {
    const old = join(folder, 'node');
    await writeFile(old, '#!/bin/sh\n[ "$1" = --version ] && echo v18.0.0\nexit 1\n', { mode: 0o755 });
    const aged = startProgram('aged', '/bin/bash', [script], { env: { PATH: `${folder}:/usr/bin:/bin` } });
    assert.equal((await aged.exited).code, 1);
    assert.match(aged.output(), /Node 20\.19 or newer is needed, found v18\.0\.0/);
  });
});
