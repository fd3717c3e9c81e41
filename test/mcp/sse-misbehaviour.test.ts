import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'mocha';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import { createFixture, patient, remote } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';
import type { Exchange, RawServer } from './fixtures/raw-server.ts';
import { beginStream, RESULTS, resultOf, startRawServer } from './fixtures/raw-server.ts';

describe('a call over SSE', () => {
  let fixture: Fixture;
  let server: RawServer | null = null;
  beforeEach(async () => {
    fixture = await createFixture({ connectTimeoutMs: 1_000 });
  });
  afterEach(async () => {
    await fixture.close();
    await server?.stop();
  });

  /** A server whose answer to calls the test gives: on the stream, and to the POST. */
  const onCall = async (act: (stream: ServerResponse, exchange: Exchange) => void) => {
    let stream: ServerResponse | null = null;
    server = await startRawServer((exchange) => {
      const { response, message } = exchange;
      if (message === null) {
        stream = response;
        beginStream(response);
        response.write('event: endpoint\ndata: /messages?session=1\n\n');
      } else if (message.method === 'tools/call' && stream !== null) act(stream, exchange);
      else {
        response.writeHead(202).end();
        const result = RESULTS[message.method];
        const answer = JSON.stringify({ jsonrpc: '2.0', id: message.id, result });
        if (result !== undefined) stream?.write(`data: ${answer}\n\n`);
      }
      return true;
    });
    return { server, tools: await fixture.open(remote('sse', server.url)) };
  };

  it('has its result even when the POST is never answered', async () => {
    const { server, tools } = await onCall((stream, { message }) => {
      stream.write(`data: ${resultOf(message?.id, 'here')}\n\n`);
    });
    assert.equal((await tools.call('act', {}, patient())).text, 'here');
    assert.ok(server.seen.includes('POST /messages?session=1 tools/call'));
  });

  it('has its result whatever else is on the stream', async () => {
    const { tools } = await onCall((stream, { response, message }) => {
      response.writeHead(200).end('accepted');
      stream.write('data: no json\n\nevent: endpoint\ndata: http://127.0.0.1:1/\n\nevent: odd\ndata: {}\n\n');
      stream.write(`data: ${resultOf(message?.id, 'first')}\n\ndata: ${resultOf(message?.id, 'second')}\n\n`);
    });
    assert.equal((await tools.call('act', {}, patient())).text, 'first');
    assert.equal((await tools.call('act', {}, patient())).text, 'first');
  });

  it('whose POST is answered with 401 is refused, with 500 or a cut it is lost', async () => {
    const answers = [401, 500, null];
    const { server, tools } = await onCall((_stream, { response }) => {
      const status = answers.shift();
      if (status === null || status === undefined) response.destroy();
      else response.writeHead(status).end();
    });
    await assert.rejects(tools.call('act', {}, patient()), ToolCallRefused);
    await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
    await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
    assert.equal(server.calls.length, 3);
  });

  it('is lost when the stream ends, or has an event of more than ten megabytes', async () => {
    const ends = [
      (stream: ServerResponse) => void stream.end(),
      (stream: ServerResponse) => void stream.write(`data: ${'x'.repeat(11 * 1024 * 1024)}`),
    ];
    const { server, tools } = await onCall((stream, { response }) => {
      response.writeHead(202).end();
      ends.shift()?.(stream);
    });
    await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
    await assert.rejects(tools.call('act', {}, patient()), ToolCallLost);
    assert.equal(server.calls.length, 2);
  });
});
