import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { ApiError, ApiUnreachable, createApiClient } from '../../api/client.ts';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const MS = 150;

describe('the client of the HTTP interface', () => {
  let server: Server;
  let url = '';
  let answer: RequestListener = (_request, response) => void response.end();
  const asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      answer(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    url = `http://127.0.0.1:${address.port}`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const client = () => createApiClient(url, { ms: MS, longMs: MS });

  async function unreachable(work: Promise<unknown>): Promise<ApiUnreachable> {
    const error: unknown = await work.then(
      (value) => assert.fail(`expected no answer, got ${JSON.stringify(value)}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiUnreachable, String(error));
    return error;
  }

  const answering = (status: number, body: string, headers: Record<string, string> = {}): void => {
    answer = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    };
  };

  it('gives every request a limit, and says of what was to be done that nobody knows', async () => {
    answer = () => undefined;
    const read = await unreachable(client().listSagas());
    assert.deepEqual([read.why, read.message], ['late', `no answer from ${url}/v1/sagas within 0.15 s`]);
    const done = await unreachable(client().cancel(TRACE));
    assert.match(done.message, /\/cancel within 0\.15 s; whether it was done is not known$/);
    assert.equal((await unreachable(client().deploy('kind: worker'))).why, 'late');
    assert.equal((await unreachable(client().exportLedger())).why, 'late');
    // Also when the answer begins and does not end.
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"items": [');
    };
    assert.equal((await unreachable(client().listSagas())).why, 'late');
  });

  it('reads an export for as long as it comes', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('1\n');
      setTimeout(() => response.end('2\n'), 2 * MS);
    };
    assert.equal(await (await client().exportLedger()).text(), '1\n2\n');
  });

  it('says what came, from which address, when it is no JSON', async () => {
    answering(200, '<html>Sign in</html>', { 'content-type': 'text/html' });
    const { why, message } = await unreachable(client().listSteps({ trace_id: TRACE }));
    assert.deepEqual(
      [why, message],
      [
        'foreign',
        `what answers at ${url}/v1/sagas/steps is not Warden: expected JSON, ` +
          'found 200 OK (text/html) that begins with "<html>Sign in</html>"',
      ],
    );
    answering(502, 'x'.repeat(100_000), { 'content-type': 'text/plain' });
    const bad = await unreachable(client().listSagas());
    assert.match(bad.message, /found 502 Bad Gateway \(text\/plain\) that begins with "x{120}…"$/);
    answering(204, '');
    assert.match((await unreachable(client().health())).message, /found 204 No Content .* without a body$/);
    answering(200, '<html>', { 'content-type': 'text/html' });
    assert.match(
      (await unreachable(client().exportLedger())).message,
      /expected application\/x-ndjson, found 200/,
    );
  });

  it('says what is missing or of another kind in an answer of the wrong shape', async () => {
    const span = { step_span_id: SPAN, saga_trace_id: TRACE, namespace: 'default' };
    for (const [body, work, expected] of [
      ['[]', () => client().listSagas(), 'it to be an object, found a list'],
      ['null', () => client().health(), 'it to be an object, found null'],
      ['{"items": {}}', () => client().listSagas(), 'items to be a list, found a value of type object'],
      ['{"items": [{}]}', () => client().listSagas(), 'items[0].trace_id to be string, found nothing'],
      [
        '{"items": [], "limit": "5"}',
        () => client().listSagas(),
        'limit to be number, found a value of type string',
      ],
      [
        '{"status": "queued"}',
        () => client().approve(TRACE, SPAN),
        'idempotency_key to be string, found nothing',
      ],
      [JSON.stringify(span), () => client().showStep(TRACE, SPAN), 'step_id to be string, found nothing'],
      [
        '{"ready": true, "temporal": {}}',
        () => client().ready(),
        'temporal.reachable to be boolean, found nothing',
      ],
      ['{"trace_id": 7}', () => client().startSaga({ name: 'x', version: '1' }), 'trace_id to be string'],
    ] as const) {
      answering(200, body);
      const { why, message } = await unreachable(work());
      assert.equal(why, 'foreign', message);
      assert.ok(message.includes(`is not Warden: expected ${expected}`), message);
    }
  });

  it('takes an error for one of Warden only when it is a problem', async () => {
    const problem = { title: 'No', status: 409, detail: 'a\nb', problems: [] };
    answering(409, JSON.stringify(problem));
    await assert.rejects(
      client().approve(TRACE, SPAN),
      (error) => error instanceof ApiError && error.status === 409 && error.message === 'a\nb',
    );
    const detail = [{ loc: ['body', 'limit'], msg: 'too large', type: 'x' }];
    answering(422, JSON.stringify({ ...problem, status: 422, detail }));
    await assert.rejects(
      client().listSagas(),
      (error) => error instanceof ApiError && error.message === 'limit: too large',
    );
    for (const body of ['{"error": "no such path"}', '{"title": "x", "detail": [1]}', '"no"', '']) {
      answering(404, body);
      assert.equal((await unreachable(client().listSagas())).why, 'foreign', body);
    }
  });

  it('follows no redirect: a decision arrives where it was sent, or nowhere', async () => {
    answering(307, '', { location: `${url}/elsewhere` });
    asked.length = 0;
    const { message } = await unreachable(client().approve(TRACE, SPAN));
    assert.match(
      message,
      /found 307 Temporary Redirect to http:\/\/\S+\/elsewhere \(application\/json\) without a body/,
    );
    assert.equal(asked.length, 1);
  });
});
