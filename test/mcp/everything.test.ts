import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import type { ToolSource } from '../../domain/definition.ts';
import type { JsonObject } from '../../domain/json.ts';
import { ResourceNotRead } from '../../mcp/call-errors.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { freePort } from '../support/ports.ts';
import type { RunningProcess } from '../support/processes.ts';
import { repository, startProgram } from '../support/processes.ts';
import { createFixture, patient, remote } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';

const program = join(repository, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const waiting = () => ({ signal: new AbortController().signal });

interface Place {
  source: ToolSource;
  server: RunningProcess | null;
}

async function place(kind: 'stdio' | 'streamableHttp' | 'sse'): Promise<Place> {
  if (kind === 'stdio') {
    const plain = { name: 'everything', command: 'everything', args: [], cwd: null };
    return { source: { ...plain, transport: 'stdio', env: { MARK: 'seen' }, env_inherit: [] }, server: null };
  }
  const port = await freePort();
  const env = { PORT: String(port), MARK: 'seen' };
  const server = startProgram(`everything-${kind}`, process.execPath, [program, kind], { env });
  while (!/listening on port|running on port/.test(server.output())) {
    if (server.hasExited()) throw new Error(server.output());
    await delay(20);
  }
  const [transport, path] = kind === 'sse' ? (['sse', 'sse'] as const) : (['http', 'mcp'] as const);
  return { source: remote(transport, `http://localhost:${port}/${path}`, { name: 'everything' }), server };
}

for (const kind of ['stdio', 'streamableHttp', 'sse'] as const) {
  describe(`the server "everything" over ${kind}`, () => {
    let fixture: Fixture;
    let at: Place;
    let tools: ToolSet;
    before(async () => {
      const bundled = { everything: { command: process.execPath, args: [program, 'stdio'] } };
      fixture = await createFixture({ stdioAllow: ['everything'], bundled });
      at = await place(kind);
      tools = await fixture.open(at.source);
      assert.deepEqual(tools.failures, []);
    });
    after(async () => {
      await fixture.close();
      await at.server?.kill();
    });

    it('lists its tools, and has them called', async () => {
      assert.ok(tools.tools.size >= 12, [...tools.tools.keys()].join());
      assert.equal((await tools.call('echo', { message: 'hi' }, patient())).text, 'Echo: hi');
      assert.match((await tools.call('get-sum', { a: 2, b: 3 }, patient())).text, /5/);
      const weather = await tools.call('get-structured-content', { location: 'Chicago' }, patient());
      assert.equal(typeof weather.data['temperature'], 'number');
    });

    it('may send progress during a long call', async () => {
      const long = { duration: 0.5, steps: 5 };
      const { text } = await tools.call('trigger-long-running-operation', long, patient());
      assert.match(text, /completed/);
    });

    it('answers images, links and embedded resources as named blocks', async () => {
      assert.match((await tools.call('get-tiny-image', {}, patient())).text, /\[image\]/);
      assert.match(
        (await tools.call('get-resource-links', { count: 3 }, patient())).text,
        /\[resource_link\]/,
      );
      const reference = { resourceType: 'Text', resourceId: 1 };
      assert.match((await tools.call('get-resource-reference', reference, patient())).text, /\[resource\]/);
      const annotated = { messageType: 'error', includeImage: true };
      assert.match((await tools.call('get-annotated-message', annotated, patient())).text, /\[image\]/);
    });

    it('has its resources read: documents, text and blobs', async () => {
      const text = await tools.readResource('demo://resource/dynamic/text/1', waiting());
      assert.match(text.text, /Resource 1/);
      const blob = await tools.readResource('demo://resource/dynamic/blob/1', waiting());
      assert.match(blob.text, /^\[text\/plain demo:\/\/resource\/dynamic\/blob\/1, \d+ bytes\]$/);
      const document = await tools.readResource('demo://resource/static/document/features.md', waiting());
      assert.match(document.text, /everything/i);
      await assert.rejects(tools.readResource('demo://resource/nothing', waiting()), ResourceNotRead);
    });

    it('survives every tool of it, called with nothing and with what it cannot take', async () => {
      const signal = AbortSignal.timeout(20_000);
      for (const name of tools.tools.keys()) {
        // The first takes ten seconds by default, the second would fetch a file of the internet.
        if (['trigger-long-running-operation', 'gzip-file-as-resource'].includes(name)) continue;
        const none: JsonObject = {};
        for (const args of [none, { a: 'not a number', message: 7, location: null }]) {
          // A result, or an error that says what happened; nothing else, and never silence.
          await tools.call(name, args, { idempotencyKey: 'key', signal }).catch((error: unknown) => {
            assert.match(error instanceof Error ? error.name : '', /^ToolCall(Lost|Refused)$/, name);
            assert.ok(!signal.aborted, `${name} did not answer`);
          });
        }
      }
      const again = await fixture.open(at.source);
      assert.equal((await again.call('echo', { message: 'still here' }, patient())).text, 'Echo: still here');
    });

    it('whose resource was made by a call is read', async () => {
      const file = { name: 'a.gz', data: 'data:text/plain;base64,aGVsbG8=', outputType: 'resourceLink' };
      assert.match((await tools.call('gzip-file-as-resource', file, patient())).text, /\[resource_link\]/);
      const { text } = await tools.readResource('demo://resource/session/a.gz', waiting());
      assert.match(text, /^\[application\/gzip .*a\.gz, \d+ bytes\]$/);
    });

    it('survives its unasked logging and updates of resources', async () => {
      await tools.call('toggle-simulated-logging', {}, patient());
      await tools.call('toggle-subscriber-updates', {}, patient());
      assert.equal((await tools.call('echo', { message: 'on' }, patient())).text, 'Echo: on');
    });
  });
}

describe('the server "everything" over streamable HTTP', () => {
  it('that was killed and started again is used again, in a new session', async () => {
    const fixture = await createFixture();
    const port = await freePort();
    const start = async () => {
      const env = { PORT: String(port) };
      const server = startProgram('everything-again', process.execPath, [program, 'streamableHttp'], { env });
      while (!server.output().includes('listening on port')) await delay(20);
      return server;
    };
    const first = await start();
    const source = remote('http', `http://127.0.0.1:${port}/mcp`);
    const tools = await fixture.open(source);
    await first.kill();
    const second = await start();
    // Told by the end of its stream that the server went away, the connection asks before the next call.
    assert.equal((await tools.call('echo', { message: 'again' }, patient())).text, 'Echo: again');
    await fixture.close();
    await second.kill();
  });
});
