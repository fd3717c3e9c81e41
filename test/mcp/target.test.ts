import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HttpSource } from '../../domain/definition.ts';
import { shownAddress, sourceKey } from '../../mcp/source.ts';
import { targetOf } from '../../mcp/target.ts';
import { SourceRefused } from '../../mcp/variables.ts';
import { createFixture, remote } from './fixtures/fixture.ts';
import { startRawServer } from './fixtures/raw-server.ts';
import { startRemoteServer } from './fixtures/remote-server.ts';

const SECRET = 'correct horse battery staple';
const env = { TOKEN: SECRET, EMPTY: '', BROKEN: `${SECRET}\n`, WARDEN_LOG_LEVEL: 'info' };
const rules = { env, allowPrivateUrls: true };

const refused = (over: Partial<HttpSource>, message: RegExp) =>
  assert.throws(
    () => targetOf(remote('http', 'http://127.0.0.1/', over), rules),
    (error) => {
      assert.ok(error instanceof SourceRefused);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(SECRET), 'no value is told');
      return true;
    },
  );

describe('a tool source with a url', () => {
  it('has ${ENV:NAME} and ${NAME} of its headers resolved', () => {
    const headers = {
      Authorization: 'Bearer ${ENV:TOKEN}',
      'X-Other': '${TOKEN}$TOKEN',
      'Mcp-Session-Id': 'x',
    };
    const target = targetOf(remote('http', 'https://example.com/mcp', { headers }), rules);
    assert.deepEqual(target.headers, { authorization: `Bearer ${SECRET}`, 'x-other': `${SECRET}$TOKEN` });
  });

  it('has them resolved in the query of its url too, where no value becomes anything but a value', () => {
    const odd = { ...rules, env: { KEY: 'a&b=c#d e', HOST: 'example.org' } };
    const { url, secrets } = targetOf(remote('http', 'https://example.com/mcp?key=${ENV:KEY}&n=1'), odd);
    assert.equal(url.href, 'https://example.com/mcp?key=a%26b%3Dc%23d%20e&n=1');
    assert.equal(url.searchParams.get('key'), 'a&b=c#d e');
    assert.ok(secrets.includes('a&b=c#d e'));
    assert.doesNotMatch(targetOf(remote('http', 'https://a/${HOST}?b=c'), odd).url.href, /example/);
    refused({ url: 'https://example.com/mcp?key=${ENV:MISSING}' }, /MISSING is not set/);
  });

  it('whose variable is unset or empty is refused, and the variable is named', () => {
    refused({ headers: { a: '${ENV:MISSING}' } }, /MISSING is not set/);
    refused({ headers: { a: '${TOKEN} ${EMPTY}' } }, /EMPTY is empty/);
    refused({ headers: { a: '${ENV:WARDEN_LOG_LEVEL}' } }, /a setting of Warden itself/);
  });

  it('is refused for headers that cannot be sent, without telling their value', () => {
    refused({ headers: { a: '${BROKEN}' } }, /header a has a character that no header may have/);
    refused({ headers: { 'a b': '${TOKEN}' } }, /expected the name of a header/);
    for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'connection']) {
      refused({ headers: { [name]: 'x' } }, /may not set the header/);
    }
  });

  it('is refused when its url is none, or of another protocol', () => {
    refused({ url: `no url ${SECRET}` }, /no URL/);
    refused({ url: 'file:///etc/passwd' }, /begins with file:/);
  });

  it('is shown without credentials, query and fragment', () => {
    assert.equal(
      shownAddress(remote('sse', 'https://u:p@example.com:8/a/b?c=d#e')),
      'https://example.com:8/a/b',
    );
    assert.equal(shownAddress(remote('sse', 'http://[broken')), '(no URL)');
  });

  it('shares a connection only with sources that are the same in everything', () => {
    const one = remote('http', 'http://a/', { headers: { a: '1', b: '2' } });
    assert.equal(sourceKey(one), sourceKey({ ...one, headers: { b: '2', a: '1' } }));
    for (const over of [
      { url: 'http://b/' },
      { headers: {} },
      { name: 'x' },
      { transport: 'sse' as const },
    ]) {
      assert.notEqual(sourceKey(one), sourceKey({ ...one, ...over }));
    }
  });

  for (const transport of ['http', 'sse'] as const) {
    it(`sends its headers with every request (${transport})`, async () => {
      const fixture = await createFixture({ env });
      const server = await startRemoteServer();
      const url = server.url(transport).replace('//', '//user:pa%20ss@');
      await fixture.open(remote(transport, url, { headers: { 'X-Token': '${ENV:TOKEN}' } }));
      assert.ok(server.headers.length >= 3);
      const basic = `Basic ${Buffer.from('user:pa ss').toString('base64')}`;
      for (const headers of server.headers) {
        assert.equal(headers['x-token'], SECRET);
        assert.equal(headers.authorization, basic);
      }
      await fixture.close();
      await server.stop();
    });

    it(`whose server tells its secrets tells them in no failure and no log (${transport})`, async () => {
      const fixture = await createFixture({ env });
      const server = await startRawServer(({ request, response }) => {
        response.writeHead(403).end(`denied: ${request.url} ${JSON.stringify(request.headers)}`);
        return true;
      });
      const url = `${server.url.replace('//', '//someone:hunter2hunter2@')}?key=hunter3hunter3`;
      const headers = { authorization: 'Bearer ${ENV:TOKEN}' };
      for (const source of [remote(transport, url, { headers }), remote(transport, url)]) {
        const { failures } = await fixture.open(source);
        assert.match(failures[0]?.error ?? '', /HTTP 403: denied.*\[secret\]/);
        const told = JSON.stringify([failures, fixture.logged]);
        for (const secret of [SECRET, 'hunter2', 'hunter3', btoa('someone:hunter2hunter2')]) {
          assert.ok(!told.includes(secret), `${secret} is told`);
        }
      }
      await fixture.close();
      await server.stop();
    });
  }
});
