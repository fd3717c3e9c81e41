import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'mocha';
import { sagaOf, stepWith, useDeploys, workerWith, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { NOTES, think, useWorld, write, type Root } from './world.ts';

const VARIABLES: Readonly<Record<Root, string>> = {
  prompts: 'PROMPTS_ROOT',
  policies: 'POLICIES_ROOT',
  schemas: 'SCHEMAS_ROOT',
  compensations: 'COMPENSATIONS_ROOT',
};

const UNDOES = {
  ...{ worker: 'tester', worker_version: '1', tools: { allow: [{ name: 'restore_note' }] } },
  with: { forward_key: { from: '$._compensation.forward_idempotency_key' } },
};

describe('files that manifests name', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'warden-roots-'));
    for (const root of Object.values(VARIABLES)) mkdirSync(join(folder, root));
  });
  after(() => rmSync(folder, { recursive: true }));
  const world = useWorld(() =>
    Object.fromEntries(Object.values(VARIABLES).map((root) => [root, join(folder, root)])),
  );
  const { outcome, problems, refuses } = useDeploys(world);
  const http = () => world.stack().http;

  /** Writes a file under a root, in folders below it as well. */
  function put(root: Root, name: string, content: string | object): string {
    const path = join(folder, VARIABLES[root], name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return name;
  }

  /** A saga of one step that names a file of each kind, and a worker with a script, as `text` says. */
  async function deployAll(text: string): Promise<string[]> {
    const path = { type: 'string', const: text };
    const submitted = [{ submit: { text: 'the prompt is {{ arguments.text }}' } }];
    const worker = workerWith({
      name: 'all',
      model_name: put('prompts', 'all/script.yaml', { steps: { a: submitted } }),
      tool_sources: [NOTES],
    });
    const a = think('a', {
      worker: 'all',
      prompt: put('prompts', 'all/prompt.md', `${text}: {{ subject }}`),
      with: { subject: { value: 1 }, text: { value: text } },
      output_schema: undefined,
    });
    const b = write('b', {
      with: { path: { value: text }, content: { from: '$.steps.a.output.data.text' } },
      policy: put('policies', 'all/policy.yaml', { cel: `arguments.path == "${text}"` }),
      output_schema: put('schemas', 'all/schema.json', { type: 'object', properties: { path } }),
      compensation: put('compensations', 'all/undo.yaml', {
        ...UNDOES,
        tools: { allow: [{ name: text === 'one.md' ? 'restore_note' : 'delete_note' }] },
      }),
    });
    const c = write('c', { hitl: true });
    return [await outcome(worker), await outcome({ ...sagaOf(a, b, c), name: 'all' })];
  }

  proves('MANIFEST-25', async () => {
    const name = 'far/below/named.yaml';
    put('prompts', name, 'Say it.');
    put('policies', name, { cel: 'true' });
    put('schemas', name, { type: 'object' });
    put('compensations', name, UNDOES);
    const files = { policy: name, output_schema: name, compensation: name };
    const text = { ...sagaOf(think('a', { ...files, prompt: name })), name: 'named' };
    assert.equal(await outcome(text), 'created');
    put('prompts', 'only-a-prompt.yaml', 'Say it.');
    await refuses([[stepWith({ policy: 'only-a-prompt.yaml' }), 'steps[0].policy', /under POLICIES_ROOT/]]);
  });

  proves('MANIFEST-26', async () => {
    writeFileSync(join(folder, 'outside.yaml'), 'cel: "true"');
    const root = join(folder, VARIABLES.policies);
    put('policies', 'inside.yaml', { cel: 'true' });
    symlinkSync(join(folder, 'outside.yaml'), join(root, 'leaves.yaml'));
    symlinkSync(folder, join(root, 'away'));
    symlinkSync(join(root, 'inside.yaml'), join(root, 'stays.yaml'));
    assert.equal(await outcome({ ...stepWith({ policy: 'stays.yaml' }), name: 'linked' }), 'created');
    const policy = (name: string, says: RegExp): BadCase => [
      stepWith({ policy: name }),
      'steps[0].policy',
      says,
    ];
    await refuses([
      policy(join(root, 'inside.yaml'), /absolute paths are not read/),
      policy('C:/inside.yaml', /absolute paths are not read/),
      policy('../outside.yaml', /"\.\." is not followed/),
      policy('below/../inside.yaml', /"\.\." is not followed/),
      policy('..\\outside.yaml', /write "\/"/),
      policy('leaves.yaml', /a symbolic link that leaves it/),
      policy('away/outside.yaml', /a symbolic link that leaves it/),
    ]);
    const outside = '../outside.yaml';
    await refuses([
      [sagaOf(think('a', { prompt: outside })), 'steps[0].prompt', /inside PROMPTS_ROOT/],
      [stepWith({ output_schema: outside }), 'steps[0].output_schema', /inside SCHEMAS_ROOT/],
      [stepWith({ compensation: outside }), 'steps[0].compensation', /inside COMPENSATIONS_ROOT/],
      [workerWith({ model_name: outside }), 'model_name', /inside PROMPTS_ROOT/],
    ]);
  });

  proves('MANIFEST-27', async () => {
    const name = 'gone.yaml';
    const tool = { name: 'put_note', output_schema: name };
    const said = (root: Root) => new RegExp(`"gone\\.yaml" under ${VARIABLES[root]}, found no such file`);
    await refuses([
      [sagaOf(think('a', { prompt: name })), 'steps[0].prompt', said('prompts')],
      [stepWith({ policy: name }), 'steps[0].policy', said('policies')],
      [stepWith({ output_schema: name }), 'steps[0].output_schema', said('schemas')],
      [stepWith({ tools: { allow: [tool] } }), 'steps[0].tools.allow[0].output_schema', said('schemas')],
      [stepWith({ compensation: name }), 'steps[0].compensation', said('compensations')],
      [workerWith({ model_name: name }), 'model_name', said('prompts')],
    ]);
    mkdirSync(join(folder, VARIABLES.policies, 'folder.yaml'));
    await refuses([[stepWith({ policy: 'folder.yaml' }), 'steps[0].policy', /a regular file/]]);
  });

  proves('MANIFEST-28', async () => {
    await deployAll('one.md');
    for (const root of ['policies', 'schemas', 'compensations'] as const)
      rmSync(join(folder, VARIABLES[root], 'all'), { recursive: true });
    put('prompts', 'all/script.yaml', 'this is no script');
    put('prompts', 'all/prompt.md', 'Say {{ what_nobody_binds.at_all }}');
    const { trace_id } = await http().startSaga({ name: 'all', version: '1', input: {} });
    const { step_span_id } = await world.held(trace_id, 'c');
    assert.equal(world.note('one.md'), 'the prompt is one.md');
    await http().reject(trace_id, step_span_id);
    assert.equal((await world.end(trace_id)).status, 'COMPENSATED');
    assert.equal(world.note('one.md'), null);
    assert.ok(world.record(trace_id).some(({ tool }) => tool === 'restore_note'));
  });

  proves('MANIFEST-29', async () => {
    await deployAll('one.md');
    assert.deepEqual(await deployAll('one.md'), ['unchanged', 'unchanged']);
    const files: [Root, string, string | object][] = [
      ['prompts', 'all/prompt.md', 'Another: {{ subject }}'],
      ['policies', 'all/policy.yaml', { cel: 'true' }],
      ['schemas', 'all/schema.json', { type: 'object' }],
      ['compensations', 'all/undo.yaml', { ...UNDOES, timeout_seconds: 5 }],
    ];
    const files_named = { policy: 'all/policy.yaml', output_schema: 'all/schema.json' };
    const saga = sagaOf(
      think('a', { ...files_named, prompt: 'all/prompt.md', compensation: 'all/undo.yaml' }),
    );
    await outcome({ ...saga, name: 'changed' });
    for (const [root, name, content] of files) {
      put(root, name, content);
      assert.equal(await outcome({ ...saga, name: 'changed' }), 'replaced', root);
    }
    const worker = workerWith({ name: 'all', model_name: 'all/script.yaml', tool_sources: [NOTES] });
    put('prompts', 'all/script.yaml', { steps: {} });
    assert.equal(await outcome(worker), 'replaced');
  });

  proves('MANIFEST-30', async () => {
    put('policies', 'p.yaml', 'name: p\ncel: |\n  true &&\n  nobody.a\n');
    put('schemas', 's.json', '{\n  "type": "object",\n  "properties": { "a": { "type": "strin" } }\n}\n');
    put('compensations', 'c.yaml', `worker: tester\nworker_version: 1\ntools: { allow: [{ name: x }] }\n`);
    put('prompts', 'p.md', 'One line.\nThen {{ what }}.\n');
    put('prompts', 'm.yaml', 'steps:\n  a:\n    - submit: { b: "{{ nobody }}" }\n');
    const a = think('a', {
      policy: 'p.yaml',
      output_schema: 's.json',
      compensation: 'c.yaml',
      prompt: 'p.md',
    });
    const all = [...(await problems(sagaOf(a))), ...(await problems(workerWith({ model_name: 'm.yaml' })))];
    const places = all.map(
      ({ file, line, column, path }) => `${file?.split('/').at(-1) ?? ''}:${line}:${column} ${path}`,
    );
    assert.deepEqual(places.toSorted(), [
      'c.yaml:2:17 worker_version',
      'm.yaml:3:20 steps.a[0].submit.b',
      'p.md:2:9 ',
      'p.yaml:4:3 cel',
      's.json:3:34 properties.a.type',
    ]);
    assert.ok(all.every(({ file }) => file?.startsWith(folder)));
  });

  proves('MANIFEST-31', async () => {
    const digests = async (name: string) => {
      const text = await (await http().exportLedger()).text();
      return text.split('\n').flatMap((line) => {
        if (!line.includes('"deploy"')) return [];
        const { data } = JSON.parse(line);
        return data?.name === name ? [String(data.digest)] : [];
      });
    };
    const text = { ...stepWith({}), name: 'digested' };
    await outcome(text);
    const { kind, ...rest } = text;
    await outcome({ ...rest, kind });
    await outcome({ ...text, description: 'Is another.' });
    await outcome(text);
    const [first, second, third, fourth] = await digests('digested');
    assert.match(first ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual([second === first, third === first, fourth === first], [true, false, true]);
  });
});
