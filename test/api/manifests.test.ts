import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeProblem, readManifest, type Problem } from '../../manifest/read.ts';
import { SAGA, useApi, WORKER } from './support.ts';

const ITEM = ['created_at', 'id', 'is_active', 'name', 'namespace', 'updated_at', 'version'];

describe('deploying over HTTP', () => {
  const api = useApi();
  const deploy = (text: string, type?: string) =>
    api.ask('POST', '/v1/manifests', {
      body: text,
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });

  it('YAML is taken whatever the content type, JSON when it says so', async () => {
    for (const type of ['application/yaml', 'text/plain', 'application/x-www-form-urlencoded']) {
      const answer = await deploy(WORKER, type);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.message, 'worker clerk 1 deployed in namespace default (unchanged)');
    }
    const worker = {
      kind: 'worker',
      name: 'json',
      version: '1',
      provider: 'mock',
      model_name: 'mock',
      system_prompt: 'x',
    };
    const answer = await deploy(JSON.stringify(worker), 'application/json; charset=utf-8');
    assert.equal(answer.body.message, 'worker json 1 deployed in namespace default (created)');
    const yaml = await deploy(WORKER, 'application/json');
    assert.equal(yaml.status, 400);
    assert.match(yaml.body.detail, /JSON/);
  });

  it('every problem of a manifest is told at once, one a line and as a list', async () => {
    const answer = await deploy('kind: worker\nname: clerk\nversion: 1.0\nprovder: mock\n');
    assert.equal(answer.status, 400);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.ok(answer.body.problems.length >= 3, answer.text);
    assert.equal(answer.body.detail.split('\n').length, answer.body.problems.length);
    for (const problem of answer.body.problems) {
      assert.deepEqual(Object.keys(problem).sort(), [
        'column',
        'expected',
        'file',
        'found',
        'line',
        'message',
        'path',
      ]);
      assert.equal(problem.file, null);
    }
  });

  it('a saga that names a worker which is not deployed in its namespace is refused, each once per place', async () => {
    const answer = await deploy(SAGA.replaceAll('worker: clerk', 'worker: nobody'));
    assert.equal(answer.status, 400);
    assert.equal(answer.body.problems.length, 3);
    assert.equal(answer.body.problems[0].path, 'steps[0].worker');
    assert.match(answer.body.detail, /none named nobody 1: deploy the worker first/);
    assert.equal((await deploy(SAGA.replace('kind: saga', 'kind: saga\nnamespace: other'))).status, 400);
  });

  it('no document, hostile documents and text that cannot be stored are 400', async () => {
    const bombs = [
      '',
      '[]',
      'kind',
      '['.repeat(50_000),
      '{'.repeat(50_000),
      '- '.repeat(30_000),
      '&a [*a]',
      '\t',
      'a: *b',
      '%',
    ];
    bombs.push(WORKER.replace('You keep notes.', '"a\\0b"'), WORKER.replace('You keep notes.', '"\\uD800"'));
    bombs.push(`${WORKER}temperature: 1e999\n`, `${WORKER}__proto__: {a: 1}\n`, `${WORKER}name: again\n`);
    for (const text of bombs) {
      const answer = await deploy(text);
      assert.equal(answer.status, 400, `${text.slice(0, 40)}: ${answer.text}`);
    }
    assert.equal((await deploy(`${WORKER}# ${'x'.repeat(2 * 1024 * 1024)}`)).status, 413);
    assert.deepEqual(api.logged, []);
  });

  it('what cannot be stored is refused offline in the same words, wherever it is written', async () => {
    const roots = { prompts: '.', policies: '.', schemas: '.', compensations: '.' };
    const step = (what: string) => SAGA.replace('id: read\n', `id: read\n    ${what}\n`);
    for (const [text, path] of [
      [WORKER.replace('You keep notes.', '"a\\0b"'), 'system_prompt'],
      [WORKER.replace('clerk', '"cl\\uD800erk"'), 'name'],
      [`${WORKER}"de\\0scription": x\n`, '["de\\u0000scription"]'],
      [`${WORKER}temperature: 1e999\n`, 'temperature'],
      [step('with: { a: { value: [0, { b: "\\uDC00" }] } }'), 'steps[0].with.a.value[1].b'],
      [step('with: { a: { value: 1e400 } }'), 'steps[0].with.a.value'],
      [step('when: { cel: "true // \\0" }'), 'steps[0].when.cel'],
    ] as const) {
      const read = readManifest(text, { file: null, roots, stdioAllow: [] });
      assert.ok(read.kind === 'problems', text);
      const offline = read.problems.filter((problem) => problem.path === path);
      assert.ok(offline.length > 0 && offline.every(({ line }) => line !== null), describeAll(read.problems));
      const { status, body } = await deploy(text);
      assert.equal(status, 400, text);
      for (const problem of offline) {
        assert.ok(
          body.problems.some((each: object) => JSON.stringify(each) === JSON.stringify(problem)),
          `${path} in ${JSON.stringify(body.problems)}`,
        );
      }
    }
  });

  it('definitions are listed last updated first, the version deployed last is active, ids are kept', async () => {
    await deploy(SAGA.replace('version: "1"\ndescription', 'version: "2"\ndescription'));
    const before = (await api.get('/v1/definitions/sagas')).body.items;
    assert.deepEqual(
      before.map((item: { version: string; is_active: boolean }) => [item.version, item.is_active]),
      [
        ['2', true],
        ['1', false],
      ],
    );
    await deploy(SAGA);
    const { items } = (await api.get('/v1/definitions/sagas?name=notes')).body;
    assert.deepEqual(Object.keys(items[0]).sort(), ITEM);
    assert.deepEqual([items[0].version, items[0].id, items[0].is_active], ['1', before[1].id, true]);
    const active = (await api.get('/v1/definitions/sagas?is_active=true')).body.items;
    assert.deepEqual(active, [items[0]]);
    assert.deepEqual((await api.get('/v1/definitions/sagas?is_active=false')).body.items, [items[1]]);
    assert.deepEqual((await api.get(`/v1/definitions/sagas/${items[1].id}`)).body, items[1]);
    assert.deepEqual(await api.client.showSagaDefinition(items[1].id), items[1]);
    assert.equal((await api.get('/v1/definitions/sagas/00000000-0000-4000-8000-000000000000')).status, 404);
    assert.equal((await api.get('/v1/definitions/sagas/1')).status, 422);
  });

  it('worker definitions name the adapter that they run on', async () => {
    const { items } = (await api.get('/v1/definitions/workers?name=clerk')).body;
    const { id, created_at, updated_at, ...item } = items[0];
    assert.deepEqual(item, { namespace: 'default', name: 'clerk', version: '1', adapter: 'langchain' });
    for (const text of [id, created_at, updated_at]) assert.equal(typeof text, 'string');
  });
});

function describeAll(problems: readonly Problem[]): string {
  return problems.map(describeProblem).join('\n');
}
