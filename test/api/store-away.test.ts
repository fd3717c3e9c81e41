import assert from 'node:assert/strict';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'mocha';
import { openStore } from '../../store/store.ts';
import { createDatabase } from '../support/postgres.ts';
import { held, started, useApi } from './support.ts';

describe('the HTTP interface on PostgreSQL', () => {
  const proxy = createProxy();
  const api = useApi(async () => openStore({ url: await proxy.before(await createDatabase('api')) }));
  after(() => proxy.close());

  it('lists read the same as on the embedded store', async () => {
    const { trace } = await held(api);
    const { items } = (await api.get(`/v1/sagas/pending-review?trace_id=${trace}`)).body;
    assert.deepEqual(
      items[0].undo_plan.map(({ tool }: { tool: string }) => tool),
      ['delete_note', null],
    );
    assert.equal((await api.get('/v1/sagas?in_flight=true&status=')).status, 422);
    assert.equal((await api.get(`/v1/sagas/steps?trace_id=${trace}`)).body.items.length, 3);
    assert.equal((await api.get('/v1/definitions/workers')).body.items[0].adapter, 'langchain');
  });

  it('a server that is gone is 503 with Retry-After, and the next request after its return is answered', async () => {
    const { trace, span } = await held(api);
    proxy.cut();
    for (const path of ['/v1/sagas', `/v1/sagas/steps?trace_id=${trace}`, '/v1/sagas/pending-review']) {
      const answer = await api.get(path);
      assert.equal(answer.status, 503, answer.text);
      assert.ok(answer.headers.get('retry-after'));
    }
    assert.equal((await api.post(`/v1/sagas/${trace}/steps/${span}/approve`)).status, 503);
    assert.equal((await api.get('/v1/ready')).body.store.reachable, false);
    proxy.restore();
    const answer = await api.post(`/v1/sagas/${trace}/steps/${span}/approve`);
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.body.status, 'queued', 'the decision that was answered 503 had not happened');
  });

  it('connections that break in the middle are 503, too, and never 500', async () => {
    const trace = await started(api);
    const asked = Promise.all(Array.from({ length: 30 }, () => api.get(`/v1/sagas?trace_id=${trace}`)));
    proxy.cut();
    for (const { status, text } of await asked) assert.ok(status === 200 || status === 503, text);
    proxy.restore();
    // A connection whose end has not been noticed yet may take one more request with it.
    const after = [await api.get('/v1/sagas'), await api.get('/v1/sagas')];
    assert.equal(after[1]?.status, 200);
  });
});

/** Stands between the store and its server, and can take it away. */
function createProxy() {
  let there = true;
  let server: Server | null = null;
  const sockets = new Set<Socket>();

  function join(client: Socket, target: URL): void {
    if (!there) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }

  const cut = (): void => {
    there = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    cut,
    restore: () => void (there = true),
    /** The address of the proxy before a database. */
    before: async (url: string): Promise<string> => {
      const target = new URL(url);
      const listening = createServer((client) => join(client, target));
      server = listening;
      await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
      const address = listening.address();
      assert.ok(typeof address === 'object' && address !== null);
      const proxied = new URL(url);
      proxied.hostname = '127.0.0.1';
      proxied.port = String(address.port);
      return proxied.href;
    },
    close: async () => {
      cut();
      const listening = server;
      if (listening) await new Promise((resolve) => listening.close(resolve));
    },
  };
}
