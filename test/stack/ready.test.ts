import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { afterEach, describe, it } from 'mocha';
import { readiness, type Readiness } from '../../api/contract-health.ts';
import { untilReady } from '../../scripts/dev-ready.mjs';

const all: Readiness = {
  ready: true,
  temporal: { reachable: true },
  store: { reachable: true },
  workers: { count: 1 },
};

describe('the readiness of a stack', () => {
  const servers: { close(): unknown }[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  /** A program that gives these answers one after the other, the last one again and again. */
  async function answering(...answers: readonly (readonly [number, string])[]) {
    let asked = 0;
    const server = createServer((_, response) => {
      const [status, text] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
      asked += 1;
      response.writeHead(status, { connection: 'close' }).end(text);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return { url: `http://127.0.0.1:${address.port}/v1/ready`, asked: () => asked };
  }

  /** Gives up after some tries. */
  function tries(count: number) {
    let left = count;
    return () => {
      if (left === 0) throw new Error('gave up');
      left -= 1;
    };
  }

  it('is what Warden itself says, never the 200 of another program at its port', async () => {
    for (const text of ['<!doctype html><title>Web UI</title>', '', '{}', 'null', '{"ready": true}']) {
      const { url, asked } = await answering([200, text]);
      await assert.rejects(untilReady(url, { seconds: 600, look: tries(2) }), /gave up/, text);
      assert.equal(asked(), 2);
    }
  });

  it('is waited for while parts are missing', async () => {
    const missing = { ...readiness.parse({ ...all, ready: false, workers: { count: 0 } }) };
    const { url, asked } = await answering(
      [503, JSON.stringify({ title: 'Unavailable', ...missing })],
      [200, JSON.stringify(missing)],
      [200, JSON.stringify(readiness.parse(all))],
    );
    assert.equal(await untilReady(url, { seconds: 600, look: tries(3) }), null);
    assert.equal(asked(), 3);
  });

  it('that does not come ends with what was answered last', async () => {
    const { url } = await answering([200, 'Web UI']);
    const last = await untilReady(url, { seconds: 0.2, look: () => undefined });
    assert.match(last ?? '', /^200 Web UI, which is not Warden’s answer: another program is at this port$/);
  });
});
