import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createRoutes } from '../../api/app.ts';
import { compileSchema } from '../../expression/schema.ts';
import { useApi } from './support.ts';

describe('the document of the interface', () => {
  const api = useApi();
  const routes = () => {
    const roots = { prompts: '', policies: '', schemas: '', compensations: '' };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const temporal = () => Promise.resolve(api.temporal);
    return createRoutes({ store: api.store, roots, stdioAllow: [], temporal, log });
  };
  const read = async () => (await api.get('/v1/openapi.json')).body;

  it('is OpenAPI 3.1, has every route, and is at both places', async () => {
    const document = await read();
    assert.equal(document.openapi, '3.1.0');
    const described = Object.entries<object>(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(
      described.sort(),
      routes()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
    const root = await api.get('/openapi.json');
    assert.deepEqual(root.body, document);
    assert.deepEqual(await api.client.openapi(), document);
    assert.equal(root.headers.get('content-type'), 'application/json; charset=utf-8');
  });

  it('names each operation once, and links and references lead to something', async () => {
    const document = await read();
    const operations = Object.values<object>(document.paths).flatMap((each) => Object.values(each));
    const ids = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { responses } of operations) {
      for (const { links = {} } of Object.values<{ links?: object }>(responses)) {
        for (const link of Object.values(links)) assert.ok(ids.includes(link.operationId), link.operationId);
      }
    }
    for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      const name = reference?.replace('#/components/schemas/', '') ?? '';
      assert.ok(Object.hasOwn(document.components.schemas, name), reference);
    }
  });

  it('has only schemas that are JSON Schema, and examples that satisfy them and what validates', async () => {
    const document = await read();
    for (const [name, schema] of Object.entries<object>(document.components.schemas)) {
      const { examples = [], ...rest }: { examples?: object[] } = schema;
      const check = compileSchema({ ...rest, components: document.components });
      for (const example of examples) assert.deepEqual(check(example), [], name);
    }
    let bodies = 0;
    for (const route of routes()) {
      const { parameters = [], requestBody } = document.paths[route.path][route.method];
      for (const { name, schema, description } of parameters) {
        assert.equal(typeof (schema.type ?? description), 'string', `${route.path} ${name}`);
        for (const example of schema.examples ?? []) assert.deepEqual(compileSchema(schema)(example), []);
      }
      const { schema } = requestBody?.content['application/json'] ?? {};
      const reference = schema?.['$ref'] ?? schema?.oneOf?.[0]['$ref'];
      if (reference === undefined) continue;
      bodies += 1;
      const { examples } = document.components.schemas[reference.split('/').at(-1)];
      assert.ok(examples.length > 0, `${route.path} has no example`);
      for (const example of examples) assert.ok(route.body.safeParse(example).success, route.path);
    }
    assert.equal(bodies, 8);
  });

  it('says of a body whether it may be absent, and what a parameter is when it is', async () => {
    const { paths } = await read();
    const required = (path: string) => paths[path].post.requestBody.required;
    assert.equal(required('/v1/sagas/start'), true);
    assert.equal(required('/v1/sagas/{trace_id}/steps/{step_span_id}/decision'), true);
    assert.equal(required('/v1/sagas/{trace_id}/steps/{step_span_id}/approve'), false);
    const query = Object.fromEntries(
      paths['/v1/sagas'].get.parameters.map((each: { name: string; schema: object }) => [
        each.name,
        each.schema,
      ]),
    );
    assert.deepEqual(query.limit, { type: 'integer', minimum: 1, maximum: 100, default: 50 });
    assert.equal(query.namespace.default, 'default');
    assert.equal(query.in_flight.type, 'boolean');
  });
});

describe('the page to try the interface', () => {
  const api = useApi();

  it('loads only files of its own, with no script inside, under a policy that allows nothing else', async () => {
    const page = await api.get('/docs');
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|http|\*/);
    for (const [, inside] of page.text.matchAll(/<script[^>]*>([^]*?)<\/script>/g)) assert.equal(inside, '');
    assert.doesNotMatch(page.text, /<style|style=|\son\w+=/);
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    assert.equal(loaded.length, 4);
    for (const url of loaded) {
      assert.match(url, /^\/docs\/[\w.-]+$/);
      const file = await api.get(url);
      assert.equal(file.status, 200, url);
      assert.equal(file.headers.get('x-content-type-options'), 'nosniff');
      const kind = url.endsWith('.css')
        ? /^text\/css/
        : url.endsWith('.js')
          ? /^text\/javascript/
          : /^image\/png/;
      assert.match(file.headers.get('content-type') ?? '', kind);
    }
  });

  it('asks for the document here, and no validator elsewhere', async () => {
    const { text } = await api.get('/docs/start.js');
    assert.match(text, /url: '\/v1\/openapi\.json'/);
    assert.match(text, /validatorUrl: null/);
    assert.doesNotMatch(text, /https?:/);
  });

  it('has no other files, and neither it nor anything else redirects', async () => {
    for (const file of ['swagger-initializer.js', '..%2Fapp.ts', '%2e%2e%2fpackage.json', 'constructor']) {
      assert.equal((await api.get(`/docs/${file}`)).status, 404, file);
    }
    assert.equal((await api.get('/docs/')).status, 404);
    assert.equal((await api.ask('HEAD', '/docs')).status, 200);
    assert.equal((await api.post('/docs', {})).status, 405);
  });
});
