import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startApi } from '../../api/listen.ts';
import { openStore, type Store } from '../../store/store.ts';

describe('the HTTP server of a process', () => {
  let store: Store;
  before(async () => {
    store = await openStore({ directory: null });
  });
  after(() => store.close());

  function depsWith(temporal: () => Promise<{ reachable: boolean; workers: number }>) {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const roots = { prompts: '.', policies: '.', schemas: '.', compensations: '.' };
    return { store, roots, stdioAllow: [], temporal, log };
  }

  it('a port that is taken is an error that names the setting', async () => {
    const deps = depsWith(() => Promise.resolve({ reachable: true, workers: 1 }));
    const first = await startApi({ api: { host: '127.0.0.1', port: 0 } }, deps);
    assert.equal(first.url, `http://127.0.0.1:${first.port}`);
    await assert.rejects(
      startApi({ api: { host: '127.0.0.1', port: first.port } }, deps),
      /port \d+ to be free.*WARDEN_API_PORT/,
    );
    await first.stop();
  });

  it('told to stop, it finishes the request under way and takes no more', async () => {
    let began = (): void => undefined;
    let finish = (): void => undefined;
    const asked = new Promise<void>((resolve) => (began = resolve));
    const deps = depsWith(
      () =>
        new Promise((resolve) => {
          finish = () => resolve({ reachable: true, workers: 1 });
          began();
        }),
    );
    const server = await startApi({ api: { host: '127.0.0.1', port: 0 } }, deps);
    const answer = fetch(`${server.url}/v1/ready`);
    await asked;
    const stopped = server.stop();
    await assert.rejects(fetch(`${server.url}/v1/health`), 'no new connection is taken');
    finish();
    assert.equal((await answer).status, 200);
    await stopped;
  });
});
