import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { sealedEntries } from '../ledger/export-of-chains.ts';
import { runCli, startCli } from './run-cli.ts';

const lines = sealedEntries(
  Array.from({ length: 50 }, () => ({ chain: 1, type: 'hold', data: { text: 'x'.repeat(9_000) } })),
)
  .map((entry) => `${JSON.stringify(entry)}\n`)
  .join('');

/** A peer that does what a broken server, or one that is no Warden, does. */
async function listen(answer: RequestListener) {
  const server = createServer(answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    server,
    env: { ENGINE_URL: `http://127.0.0.1:${address.port}` },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a command that does not come to its end', () => {
  let cwd = '';
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'warden-cli-interrupted-'));
  });
  afterEach(() => rm(cwd, { recursive: true }));

  it('Ctrl-C exits with 130 and leaves no half of an export', async () => {
    const asked: (() => void)[] = [];
    const peer = await listen((_request, response) => {
      response.setHeader('content-type', 'application/x-ndjson');
      response.write(lines.slice(0, 100_000), () => asked.forEach((tell) => tell()));
    });
    const writing = new Promise<void>((resolve) => asked.push(resolve));
    const cli = await startCli(['ledger', 'export', '--out', 'ledger'], { cwd, env: peer.env });
    await writing;
    while (!(await readdir(cwd)).some((name) => name.endsWith('.part'))) await new Promise(setImmediate);
    process.kill(cli.running.pid, 'SIGINT');
    const run = await cli.ended();
    await peer.close();
    assert.equal(run.code, 130);
    assert.deepEqual(await readdir(cwd), []);
  });

  it('an export whose answer is cut off exits with 1, and a file made earlier stays whole', async () => {
    const peer = await listen((_request, response) => {
      response.setHeader('content-type', 'application/x-ndjson');
      response.write(lines.slice(0, 100_000), () => response.destroy());
    });
    await writeFile(join(cwd, 'ledger'), 'earlier');
    const run = await runCli(['ledger', 'export', '--out', 'ledger'], { cwd, env: peer.env });
    await peer.close();
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(run.stderr, /^ERROR {8}the export was cut off before its end/);
    assert.deepEqual(await readdir(cwd), ['ledger']);
    assert.equal(await readFile(join(cwd, 'ledger'), 'utf8'), 'earlier');
  });

  it('a reader that has seen enough is no error', async () => {
    const peer = await listen((_request, response) => {
      response.setHeader('content-type', 'application/x-ndjson');
      response.end(lines);
    });
    const shell = '{ "$@"; echo "$?" >status; } | true';
    const cli = await startCli(['ledger', 'export'], { cwd, env: peer.env }, shell);
    const run = await cli.ended();
    await peer.close();
    assert.equal(run.stderr, '');
    assert.equal(await readFile(join(cwd, 'status'), 'utf8'), '0\n');
  });

  it('an answer that is not from Warden exits with 1 and shows nothing of it raw', async () => {
    const peer = await listen((request, response) => {
      response.statusCode = request.url?.startsWith('/v1/health') ? 200 : 502;
      response.end('<html>\u001b[2J</html>');
    });
    const ping = await runCli(['ping'], { cwd, env: peer.env });
    const list = await runCli(['list', 'sagas'], { cwd, env: peer.env });
    const saved = await runCli(['ledger', 'export', '--out', 'ledger'], { cwd, env: peer.env });
    await peer.close();
    assert.match(
      ping.stderr,
      /^ERROR {8}what answers at \S+\/v1\/health is not Warden: expected JSON, found 200/,
    );
    assert.match(
      list.stderr,
      /\/v1\/sagas is not Warden: expected an answer or a problem, found 502 Bad Gateway/,
    );
    for (const run of [ping, list, saved]) {
      assert.deepEqual([run.code, run.stdout], [1, '']);
      assert.match(run.stderr, /^HINT {9}set ENGINE_URL to where Warden runs/m);
      assert.ok(!run.stderr.includes('\u001b'));
    }
    assert.match(ping.stderr, /\\u001b\[2J/);
    assert.deepEqual(await readdir(cwd), []);
  });
});
