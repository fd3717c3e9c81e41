import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createStack } from '../../scripts/dev-stack.mjs';
import { startTimeOf } from '../../scripts/run-record.mjs';
import { freePort } from '../support/ports.ts';
import { repository, startProgram, waitForLine } from '../support/processes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warden-whole-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const scripts = join(repository, 'scripts');

function startModule(name: string, source: string) {
  return startProgram(name, process.execPath, ['--input-type=module', '-e', source]);
}

describe('the demo', () => {
  it('approves a saga and rejects one, shows the file, the undo and the ledger, and leaves nothing running', async () => {
    const demo = startModule(
      'demo',
      `import { demo } from '${scripts}/demo.mjs'; process.exitCode = await demo('${folder}/demo');`,
    );
    const { code } = await demo.exited;
    const output = demo.output();
    assert.equal(code, 0, output);
    for (const told of [
      /AWAITING_HUMAN: review draft#1/,
      /Saga COMPLETED/,
      /notes\/changelog\/1\.2\.0\.md\n +## 1\.2\.0/,
      /reserve \(undo\) +COMPENSATED/,
      /Saga COMPENSATED \(HUMAN_REJECTED\)/,
      /OK +entries=\d+/,
    ])
      assert.match(output, told);
    assert.throws(() => process.kill(-demo.pid, 0), { code: 'ESRCH' });
  });
});

describe('a whole stack', () => {
  it('killed with -9 and started again, ends what it left and goes on where it was', async () => {
    const ports = { api: await freePort(), temporal: await freePort(), ui: null };
    const env = { PATH: process.execPath, HOME: folder, WARDEN_DATA_DIR: join(folder, 'data') };
    const plan = { state: folder, host: '127.0.0.1', ports, postgres: false, env };
    const first = startModule(
      'stack',
      `import { createStack } from '${scripts}/dev-stack.mjs';
       const plan = { ...${JSON.stringify(plan)}, prepare: async () => undefined };
       const stack = createStack(plan, () => undefined);
       await stack.start();
       const manifest = { kind: 'worker', name: 'kept', version: '1', provider: 'mock', model_name: 'schema', system_prompt: 'x' };
       const response = await fetch(stack.api + '/v1/manifests', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(manifest) });
       console.log('deployed ' + response.status);
       console.log('pids=' + stack.children().map(({ pid }) => pid).join(','));
       setInterval(() => undefined, 1000);`,
    );
    const left = (await waitForLine(first, /^pids=/)).slice('pids='.length).split(',').map(Number);
    assert.match(first.output(), /deployed 200/);
    await first.kill();
    assert.ok(left.every((pid) => startTimeOf(pid) !== null));
    const said: string[] = [];
    const again = createStack({ ...plan, prepare: async () => undefined }, (line) => said.push(line));
    try {
      await again.start();
      assert.ok(left.every((pid) => startTimeOf(pid) === null));
      assert.equal(said.filter((line) => /^ending .*, left by an earlier run$/.test(line)).length, 2);
      const response = await fetch(`${again.api}/v1/definitions/workers?name=kept`);
      assert.match(await response.text(), /"name":"kept"/);
    } finally {
      await again.stop();
    }
    assert.ok(again.children().every(({ ended }) => ended !== null));
  });
});
