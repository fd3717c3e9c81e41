import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import { createFixture, patient, remote } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';
import type { Behaviour, Exchange, RawServer } from './fixtures/raw-server.ts';
import { beginStream, resultOf, sendJson, startRawServer } from './fixtures/raw-server.ts';

const MEGABYTE = 1024 * 1024;

describe('a call over streamable HTTP', () => {
  let fixture: Fixture;
  let server: RawServer | null = null;
  beforeEach(async () => {
    fixture = await createFixture({ connectTimeoutMs: 500 });
  });
  afterEach(async () => {
    await fixture.close();
    await server?.stop();
  });

  const open = async (behave: Behaviour) => {
    server = await startRawServer(behave);
    return { server, tools: await fixture.open(remote('http', server.url)) };
  };
  /** Behaviour for calls alone. */
  const onCall = (act: (exchange: Exchange) => void) =>
    open((exchange) => {
      if (exchange.message?.method !== 'tools/call') return false;
      act(exchange);
      return true;
    });

  for (const status of [301, 307, 401, 403, 404, 429]) {
    it(`answered with ${status} is refused: the server did not act`, async () => {
      const { server, tools } = await onCall(({ response }) => {
        response.writeHead(status, { location: '/elsewhere' }).end('<b>no</b>');
      });
      await assert.rejects(tools.call('act', {}, patient()), (error) => {
        assert.ok(error instanceof ToolCallRefused);
        assert.match(error.message, new RegExp(`HTTP ${status}`));
        return true;
      });
      assert.equal(server.calls.length, 1);
      assert.ok(!server.seen.some((each) => each.includes('elsewhere')));
    });
  }

  for (const status of [303, 400, 500, 502]) {
    it(`answered with ${status} is lost: the server may have acted`, async () => {
      const { server, tools } = await onCall(({ response }) => void response.writeHead(status).end());
      await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
      assert.equal(server.calls.length, 1);
    });
  }

  const unreadable: Record<string, (exchange: Exchange) => void> = {
    'another type': ({ response }) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    'no content': ({ response }) => void response.writeHead(204).end(),
    'no JSON': ({ response }) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":'),
    'the response to another request': ({ response }) => sendJson(response, { id: 999, result: {} }),
    'an encoding that was not asked for': ({ response, message }) =>
      sendJson(response, { id: message?.id, result: { content: [] } }, { 'content-encoding': 'gzip' }),
    'a connection cut before any answer': ({ response }) => void response.destroy(),
    'half of the JSON, then a cut': ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"jsonrpc":"2.0",');
      setImmediate(() => response.destroy());
    },
    'a stream that ends without the response': ({ response }) => {
      beginStream(response);
      response.end(': nothing\n\n');
    },
    'a stream cut in the middle of the response': ({ response, message }) => {
      beginStream(response);
      response.write(`data: ${resultOf(message?.id, 'half').slice(0, 30)}`);
      setImmediate(() => response.destroy());
    },
    'more than ten megabytes of JSON': ({ response, message }) =>
      sendJson(response, {
        id: message?.id,
        result: { content: [{ type: 'text', text: 'x'.repeat(11 * MEGABYTE) }] },
      }),
    'an event of more than ten megabytes': ({ response, message }) => {
      beginStream(response);
      response.end(`data: ${resultOf(message?.id, 'x'.repeat(11 * MEGABYTE))}\n\n`);
    },
    'a line without end': ({ response }) => {
      beginStream(response);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(MEGABYTE)));
      };
      response.on('drain', more);
      more();
    },
  };
  for (const [what, act] of Object.entries(unreadable)) {
    it(`answered with ${what} is lost, and the server is used again`, async () => {
      let spoilt = false;
      const { server, tools } = await onCall((exchange) => {
        if (spoilt) sendJson(exchange.response, { id: exchange.message?.id, result: { content: [] } });
        else act(exchange);
        spoilt = true;
      });
      await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
      assert.deepEqual((await tools.call('act', {}, patient())).data, { text: '' });
      assert.equal(server.calls.length, 2);
    });
  }

  it('may answer two megabytes, on a stream in pieces, with comments and line ends of every kind', async () => {
    const big = 'ä'.repeat(MEGABYTE);
    const { tools } = await onCall(({ response, message }) => {
      beginStream(response);
      const bytes = Buffer.from(
        `: hello\r\rid\revent: message\r\ndata: ${resultOf(message?.id, big)}\r\n\r\n`,
      );
      for (let at = 0; at < bytes.length; at += 65_537) response.write(bytes.subarray(at, at + 65_537));
      response.end();
    });
    assert.equal((await tools.call('act', {}, patient())).text, big);
  });

  it('whose stream is cut is read on where it was, and not posted again', async () => {
    const { server, tools } = await open(({ request, response, message }) => {
      if (message?.method === 'tools/call') {
        beginStream(response);
        response.write('id: one\nretry: 1\ndata:\n\n');
        setImmediate(() => response.destroy());
        return true;
      }
      if (request.headers['last-event-id'] !== 'one') return false;
      beginStream(response);
      response.end(`id: two\ndata: ${resultOf(2, 'resumed')}\n\n`);
      return true;
    });
    assert.equal((await tools.call('act', {}, patient())).text, 'resumed');
    assert.equal(server.calls.length, 1);
  });

  it('whose stream is cut and cannot be read on is lost, even when the server then refuses or is gone', async () => {
    for (const status of [404, 500]) {
      const { server, tools } = await open(({ request, response, message }) => {
        if (message?.method === 'tools/call') {
          beginStream(response);
          response.write('id: one\nretry: 1\ndata:\n\n');
          setImmediate(() => response.destroy());
          return true;
        }
        if (request.headers['last-event-id'] === undefined) return false;
        response.writeHead(status).end();
        return true;
      });
      await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
      assert.equal(server.calls.length, 1);
      await server.stop();
    }
  });

  it('answered too late is lost, and the late answer belongs to no other call', async () => {
    let first: Exchange | null = null;
    const { tools } = await onCall((exchange) => {
      const text = first === null ? 'late' : 'second';
      if (first !== null) exchange.response.writeHead(200, { 'content-type': 'application/json' });
      if (first !== null) exchange.response.end(resultOf(exchange.message?.id, text));
      first ??= exchange;
    });
    const how = { idempotencyKey: null, signal: AbortSignal.timeout(100) };
    await assert.rejects(tools.call('act', {}, how), ToolCallLost);
    assert.equal((await tools.call('act', {}, patient())).text, 'second');
  });

  it('to a session that the server forgot is refused, and the next one has a new session', async () => {
    let session = 0;
    const { server, tools } = await open(({ request, response, message }) => {
      if (message?.method === 'initialize') {
        session += 1;
        response.setHeader('mcp-session-id', `s${session}`);
        return false;
      }
      if (message?.method !== 'tools/call' || request.headers['mcp-session-id'] === 's2') return false;
      response.writeHead(404).end();
      return true;
    });
    await assert.rejects(tools.call('act', {}, patient()), ToolCallRefused);
    assert.deepEqual((await tools.call('act', {}, patient())).data, { text: '' });
    assert.equal(server.calls.length, 2);
    assert.equal(session, 2);
  });
});

describe('a tool source over HTTP whose handshake fails', () => {
  const failing: Record<string, { behave: Behaviour; error: RegExp }> = {
    'with 401': {
      behave: ({ response }) => Boolean(response.writeHead(401).end('no token')),
      error: /HTTP 401: no token/,
    },
    'with a redirect': {
      behave: ({ response }) => Boolean(response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()),
      error: /HTTP 307 and sends us elsewhere; redirects are not followed/,
    },
    'with silence': { behave: () => true, error: /within 300 ms/ },
    'with another type': {
      behave: ({ response }) =>
        Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
      error: /type .*text\/event-stream, got .*text\/html/,
    },
    'with a session id that cannot be sent back': {
      behave: ({ response, message }) => {
        response.setHeader('mcp-session-id', 'with space');
        if (message?.id === undefined) return false;
        sendJson(response, { id: message.id, result: {} });
        return true;
      },
      error: /session id that cannot be sent back|type text\/event-stream/,
    },
  };
  for (const [how, { behave, error }] of Object.entries(failing)) {
    for (const transport of ['http', 'sse'] as const) {
      it(`${how} says so (${transport})`, async () => {
        const fixture = await createFixture({ connectTimeoutMs: 300 });
        const server = await startRawServer(behave);
        const { failures } = await fixture.open(remote(transport, server.url));
        if (how !== 'with a session id that cannot be sent back' || transport === 'http') {
          assert.match(failures[0]?.error ?? '', error);
        }
        await fixture.close();
        await server.stop();
      });
    }
  }

  it('because the server names an address of another origin posts nothing there', async () => {
    const fixture = await createFixture({ connectTimeoutMs: 300 });
    const other = await startRawServer(() => false);
    const server = await startRawServer(({ response }) => {
      beginStream(response);
      response.write(`event: endpoint\ndata: ${other.url}\n\n`);
      return true;
    });
    const { failures } = await fixture.open(remote('sse', server.url));
    assert.match(failures[0]?.error ?? '', /named an address for messages at .*; only .* is posted to/);
    assert.deepEqual(other.seen, []);
    await fixture.close();
    await server.stop();
    await other.stop();
  });
});
