import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { ResourceNotRead, ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import { createFixture, patient, remote } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';
import type { RemoteOptions, RemoteServer } from './fixtures/remote-server.ts';
import { startRemoteServer } from './fixtures/remote-server.ts';
import { untilTrue } from './fixtures/until.ts';

const waiting = () => ({ signal: new AbortController().signal });

for (const transport of ['http', 'sse'] as const) {
  describe(`a tool source over ${transport}`, () => {
    let fixture: Fixture;
    let server: RemoteServer;
    const start = async (options: RemoteOptions = {}) => {
      server = await startRemoteServer(options);
    };
    const open = () => fixture.open(remote(transport, server.url(transport)));
    beforeEach(async () => {
      fixture = await createFixture({ connectTimeoutMs: 2_000 });
      await start();
    });
    afterEach(async () => {
      await fixture.close();
      await server.stop();
    });

    it('has its tools called, over one session for all callers', async () => {
      const sets = await Promise.all(Array.from({ length: 10 }, open));
      const answers = await Promise.all(sets.map((tools, n) => tools.call('echo', { n }, patient('k'))));
      assert.deepEqual(
        answers.map(({ data }) => data['n']),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      assert.equal(server.sessions(), 1);
    });

    it('has its resources read: text joined, blobs named', async () => {
      const tools = await open();
      const { text } = await tools.readResource('note://one', waiting());
      assert.equal(text, 'first\n[image/png note://one, 5 bytes]\nsecond ');
      await assert.rejects(tools.readResource('note://two', waiting()), (error) => {
        assert.ok(error instanceof ResourceNotRead);
        assert.match(error.message, /note:\/\/two cannot be read: "remote": .*note:\/\/two/);
        return true;
      });
      assert.equal((await tools.readResource('note://one', waiting())).text, text);
      assert.equal(server.sessions(), 1);
    });

    it('may send progress, and gets its result through', async () => {
      const tools = await open();
      assert.equal((await tools.call('slow', {}, patient())).text, 'done');
    });

    it('is asked for its tools again after it said that they changed', async () => {
      const before = await open();
      await untilTrue(() => server.requests.some((each) => each.startsWith('GET')));
      server.addTool();
      const added = async () => [...(await open()).tools.keys()].some((name) => name.startsWith('added_'));
      while (!(await added())) await delay(10);
      assert.ok(![...before.tools.keys()].some((name) => name.startsWith('added_')));
      assert.equal(server.sessions(), 1);
    });

    it('whose call is given up while others on the same session go on', async () => {
      const tools = await open();
      const giveUp = new AbortController();
      const hanging = tools.call('hang', {}, { idempotencyKey: null, signal: giveUp.signal });
      await untilTrue(() => server.calls.includes('hang'));
      giveUp.abort(new Error('the step timed out'));
      await assert.rejects(
        hanging,
        (error) => error instanceof ToolCallLost && /timed out/.test(error.message),
      );
      assert.deepEqual((await tools.call('echo', { n: 1 }, patient())).data, { n: 1 });
      assert.equal(server.sessions(), 1);
    });

    it('loses the call in flight when the connection is cut, and sends it to nobody again', async () => {
      const tools = await open();
      const hanging = tools.call('hang', {}, patient());
      await untilTrue(() => server.calls.includes('hang'));
      server.cut();
      await assert.rejects(hanging, ToolCallLost);
      assert.deepEqual((await tools.call('echo', { n: 2 }, patient())).data, { n: 2 });
      assert.deepEqual(server.calls, ['hang', 'echo']);
    });

    it('that was restarted gets a new session at the next use', async () => {
      const tools = await open();
      await tools.call('echo', { n: 1 }, patient());
      const { port } = server;
      await server.stop();
      await assert.rejects(tools.call('echo', { n: 2 }, patient()), ToolCallRefused);
      await start({ port });
      assert.deepEqual((await tools.call('echo', { n: 3 }, patient())).data, { n: 3 });
      assert.deepEqual(server.calls, ['echo']);
      assert.equal(server.sessions(), 1);
    });

    it('that is not there is a failure without query and credentials of its url', async () => {
      const { port } = server;
      await server.stop();
      const secret = 'hunter2-hunter2';
      const url = `http://user:${secret}@127.0.0.1:${port}/sse?key=${secret}#${secret}`;
      const { failures } = await fixture.open(remote(transport, url));
      assert.equal(failures[0]?.url, `http://127.0.0.1:${port}/sse`);
      assert.match(failures[0].error, /ECONNREFUSED/);
      assert.ok(!JSON.stringify([failures, fixture.logged]).includes(secret));
      await start({ port });
    });

    it('ends its connections when the tool servers are closed', async () => {
      const tools = await open();
      const hanging = tools.call('hang', {}, patient());
      await untilTrue(() => server.calls.includes('hang'));
      await Promise.all([assert.rejects(hanging, ToolCallLost), fixture.servers.close()]);
      await assert.rejects(tools.call('echo', {}, patient()), ToolCallRefused);
    });
  });
}

describe('a tool source over streamable HTTP', () => {
  for (const options of [{ stateless: true }, { json: true }, { stateless: true, json: true }]) {
    it(`may be a server of ${JSON.stringify(options)}`, async () => {
      const fixture = await createFixture();
      const server = await startRemoteServer(options);
      try {
        const tools = await fixture.open(remote('http', server.url('http')));
        assert.deepEqual(tools.failures, []);
        assert.deepEqual((await tools.call('echo', { n: 1 }, patient())).data, { n: 1 });
      } finally {
        await fixture.close();
        await server.stop();
      }
    });
  }

  it('ends its session when it is closed', async () => {
    const fixture = await createFixture();
    const server = await startRemoteServer();
    await fixture.open(remote('http', server.url('http')));
    await fixture.close();
    assert.ok(server.requests.includes('DELETE /mcp'));
    await server.stop();
  });
});
