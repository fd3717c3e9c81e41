import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { checkJsonLimits } from '../../api/limits.ts';
import { started, useApi, type Answer } from './support.ts';

const START = '/v1/sagas/start';

function isProblem(answer: Answer, status: number): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.equal(typeof answer.body.title, 'string');
  assert.ok(Array.isArray(answer.body.problems));
  assert.equal(Array.isArray(answer.body.detail), status === 422);
  assert.doesNotMatch(answer.text, /\bat .*\.[jt]s:\d+/);
}

describe('limits of the HTTP interface', () => {
  const api = useApi();
  const postText = (text: string | Uint8Array, headers: Record<string, string> = {}) =>
    api.ask('POST', START, { body: text, headers: { 'content-type': 'application/json', ...headers } });

  it('an unknown route is 404 and an unknown method 405 with Allow, and no route redirects', async () => {
    isProblem(await api.get('/v1/nothing'), 404);
    isProblem(await api.get('/'), 404);
    isProblem(await api.post('/v1/sagas/abc/steps'), 404);
    const answer = await api.ask('PUT', '/v1/sagas');
    isProblem(answer, 405);
    assert.equal(answer.headers.get('allow'), 'GET, HEAD');
    isProblem(await api.get(START), 405);
    isProblem(await api.ask('OPTIONS', START), 405);
    isProblem(await api.ask('DELETE', '/v1/health'), 405);
    for (const path of ['/v1/health/', '/V1/health', '/v1/Sagas', '/v1/sagas/', '//v1/sagas', '/v1//sagas']) {
      isProblem(await api.get(path), 404);
    }
    isProblem(await api.post('/v1/sagas/start/', { name: 'notes', version: '1' }), 404);
  });

  it('a body over 2 MiB is 413, with or without its length told', async () => {
    isProblem(await postText('x'.repeat(2 * 1024 * 1024 + 1)), 413);
    isProblem(await postText('x'.repeat(20 * 1024 * 1024)), 413);
    const chunk = new Uint8Array(512 * 1024).fill(32);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let n = 0; n < 12; n += 1) controller.enqueue(chunk);
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' } as const;
    const response = await fetch(`${api.url}${START}`, init);
    assert.equal(response.status, 413);
    await response.text();
    const input = { text: 'x'.repeat(2 * 1024 * 1024 - 200) };
    assert.equal((await api.post(START, { name: 'notes', version: '1', input })).status, 202);
  });

  it('malformed JSON, a body that is not UTF-8 and one cut short are 400', async () => {
    for (const text of ['{', '{"name": nope}', '[1,', '"', '{"a":1}}', '\u0000', 'nul']) {
      isProblem(await postText(text), 400);
    }
    isProblem(await postText(Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d])), 400);
    isProblem(await postText('{}', { 'content-encoding': 'gzip' }), 415);
  });

  it('JSON nested more than 64 deep or with more than 100,000 keys is 400, whatever else it is', async () => {
    const nested = (depth: number) =>
      `{"name":"notes","version":"1","input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    assert.equal((await postText(nested(63))).status, 202);
    isProblem(await postText(nested(64)), 400);
    isProblem(await postText('['.repeat(1_000_000)), 400);
    isProblem(await postText('{"a":'.repeat(300_000)), 400);
    const keys = (count: number) =>
      `{"input":{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join(',')}}}`;
    isProblem(await postText(keys(100_001)), 400);
    isProblem(await postText(keys(99_000)), 422);
  });

  it('brackets and colons inside strings count for nothing', () => {
    checkJsonLimits(JSON.stringify({ text: `${'['.repeat(500)}\\"${':'.repeat(200_000)}` }));
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        checkJsonLimits(JSON.stringify(value));
      }),
    );
  });

  it('text with NUL or a lone surrogate, and a number that no double holds, is 422 with its place', async () => {
    const inputs = ['"a\\u0000b"', '"\\ud800"', '1e999'];
    for (const value of inputs) {
      const answer = await postText(`{"name":"notes","version":"1","input":{"deep":[${value}]}}`);
      isProblem(answer, 422);
      assert.deepEqual(answer.body.detail[0].loc, ['body', 'input', 'deep', 0]);
    }
    isProblem(await postText('{"name":"notes","version":"1","input":{"a\\u0000":1}}'), 422);
    isProblem(await api.get('/v1/sagas?name=a%00b'), 422);
  });

  it('keys that a program could trip over are harmless', async () => {
    const text =
      '{"__proto__":{"name":"evil"},"constructor":1,"name":"other","name":"notes","version":"1",' +
      '"toString":null,"input":{"__proto__":{"x":1},"hasOwnProperty":2,"a":1,"a":2}}';
    assert.equal((await postText(text)).status, 202);
    assert.equal(Reflect.get({}, 'x'), undefined);
    isProblem(await postText('{"__proto__":{"name":"notes","version":"1"}}'), 422);
  });

  it('an address with percent-encoding that cannot be read is 400', async () => {
    for (const path of ['/v1/sagas/%', '/v1/sagas/%ff/cancel', '/v1/sagas?name=%zz', '/%c0%af']) {
      const raw = await rawRequest(
        api.url,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      assert.match(raw, /^HTTP\/1\.1 400 /);
    }
  });

  it('a Host that is not a loopback address, and a change from another origin, are 403', async () => {
    const ask = (lines: string[]) =>
      rawRequest(
        api.url,
        `${['POST /v1/nothing HTTP/1.1', ...lines, 'Content-Length: 0', 'Connection: close'].join('\r\n')}\r\n\r\n`,
      );
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:80',
      '10.0.0.1',
      '',
    ]) {
      assert.match(await ask([`Host: ${host}`]), /^HTTP\/1\.1 403 /, host);
    }
    for (const host of ['localhost:8000', '127.0.0.1', '[::1]:80', 'LOCALHOST']) {
      assert.match(await ask([`Host: ${host}`]), /^HTTP\/1\.1 404 /, host);
    }
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:9999',
      'https://localhost:8000',
    ]) {
      assert.match(await ask(['Host: localhost:8000', `Origin: ${origin}`]), /^HTTP\/1\.1 403 /, origin);
    }
    assert.match(await ask(['Host: localhost:8000', 'Origin: http://localhost:8000']), /^HTTP\/1\.1 404 /);
  });

  it('what is no HTTP is answered with a problem, too', async () => {
    assert.match(await rawRequest(api.url, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 [^]*"title":"Bad request"/);
    const long = `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    assert.match(await rawRequest(api.url, long), /^HTTP\/1\.1 431 /);
  });

  it('answers carry headers that keep a browser from making anything of them', async () => {
    const { headers } = await api.get('/v1/health');
    assert.equal(headers.get('x-powered-by'), null);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /upgrade-insecure-requests/);
  });

  it('whatever JSON is sent to any route, nothing answers 500 and nothing is logged as unexpected', async () => {
    const trace = await started(api);
    const step = `/v1/sagas/${trace}/steps/0123456789abcdef`;
    const paths = [
      START,
      `${step}/decision`,
      `${step}/approve`,
      `${step}/reject`,
      `${step}/retry`,
      `/v1/sagas/${trace}/cancel`,
    ];
    const names = [
      'name',
      'version',
      'namespace',
      'input',
      'idempotency_key',
      'trace_id',
      'decision',
      'output',
    ];
    const more = [
      'arguments',
      'error_details',
      'comment',
      'decided_by',
      'iteration',
      'payload_hash',
      'guidance',
      'reason',
    ];
    const body = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(...names, ...more),
        fc.oneof(fc.jsonValue(), fc.constant('notes'), fc.constant('1')),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths, '/v1/manifests'), body, async (path, value) => {
        const { status, text } = await api.post(path, value);
        assert.ok(status < 500, `${status}: ${text}`);
      }),
      { numRuns: 200 },
    );
    assert.deepEqual(api.logged, []);
  });
});

/** Sends bytes as they are, which `fetch` would not, and answers all that comes back. */
function rawRequest(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
