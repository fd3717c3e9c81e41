import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { sagaOf, stepWith, useDeploys, workerWith, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { think, useWorld, write } from './world.ts';

const YAML = `
kind: saga
name: twice
version: "1"
description: Is written in two ways. # with a comment
steps:
  - id: a
    kind: commit
    worker: tester
    worker_version: '1'
    with: { path: { value: a.md }, content: { from: $.input.text } }
    tools: { allow: [{ name: put_note }] }
`;

describe('reading a manifest', () => {
  const world = useWorld();
  const { outcome, problems, refuses } = useDeploys(world);
  const post = (body: string, type: string) =>
    fetch(`${world.stack().url}/v1/manifests`, { method: 'POST', body, headers: { 'content-type': type } });

  proves('MANIFEST-1', async () => {
    const step = {
      ...{ id: 'a', kind: 'commit', worker: 'tester', worker_version: '1' },
      with: { path: { value: 'a.md' }, content: { from: '$.input.text' } },
      tools: { allow: [{ name: 'put_note' }] },
    };
    const head = { kind: 'saga', name: 'twice', version: '1', description: 'Is written in two ways.' };
    assert.equal(await outcome(YAML), 'created');
    const answer = await post(JSON.stringify({ ...head, steps: [step] }), 'application/json');
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /\(unchanged\)/);
    assert.match(await (await post(YAML, 'text/plain')).text(), /\(unchanged\)/);
  });

  proves('MANIFEST-2', async () => {
    const written = (hitl: string) => YAML.replace('    kind: commit', `    kind: commit\n    hitl: ${hitl}`);
    assert.equal(await outcome(written('true')), 'replaced');
    for (const yes of ['yes', 'Yes', 'YES', 'on', 'On', 'ON', 'True', 'TRUE'])
      assert.equal(await outcome(written(yes)), 'unchanged', yes);
    assert.equal(await outcome(written('false')), 'replaced');
    for (const no of ['no', 'No', 'NO', 'off', 'Off', 'OFF', 'False', 'FALSE'])
      assert.equal(await outcome(written(no)), 'unchanged', no);
    const merged = (first: string, second: string) => `
kind: saga
name: merged
version: "1"
description: Has two steps that are alike.
steps:
  - &common
    id: a
    kind: commit
    worker: tester
    worker_version: "1"
    with: { path: { value: a.md } }
    tools: { allow: [{ name: put_note }] }
  - ${first}
    id: b
    ${second}`;
    assert.equal(
      await outcome(
        merged(
          'kind: commit',
          'worker: tester\n    worker_version: "1"\n    with: { path: { value: a.md } }\n' +
            '    tools: { allow: [{ name: put_note }] }\n    hitl: true',
        ),
      ),
      'created',
    );
    assert.equal(await outcome(merged('<<: *common', 'hitl: true')), 'unchanged');
  });

  proves('MANIFEST-3', async () => {
    const inTool = { tools: { allow: [{ name: 'put_note', zzz: 1 }] } };
    const facts = [{ tool: 'list_notes', into: 'x', fields: { a: '$' }, zzz: 1 }];
    const allow = [{ name: 'list_notes' }];
    const source = { name: 'n', transport: 'stdio', command: 'warden-notes' };
    world.file('policies', 'extra.yaml', { cel: 'true', zzz: 1 });
    const undo = { worker: 'tester', worker_version: '1', tools: { allow: [{ name: 'restore_note' }] } };
    world.file('compensations', 'extra.yaml', { ...undo, zzz: 1 });
    world.file('prompts', 'extra.yaml', { steps: { a: [{ submit: {}, zzz: 1 }] }, more: 1 });
    const said = /unknown key "zzz"/;
    await refuses([
      [{ ...sagaOf(write('a')), zzz: 1 }, 'zzz', said],
      [workerWith({ zzz: 1 }), 'zzz', said],
      [workerWith({ tool_sources: [{ ...source, zzz: 1 }] }), 'tool_sources[0].zzz', said],
      [stepWith({ zzz: 1 }), 'steps[0].zzz', said],
      [stepWith({ with: { a: { value: 1, zzz: 1 } } }), 'steps[0].with.a.zzz', said],
      [stepWith({ when: { cel: 'true', zzz: 1 } }), 'steps[0].when.zzz', said],
      [stepWith({ hitl: true, review: { zzz: 1 } }), 'steps[0].review.zzz', said],
      [stepWith(inTool), 'steps[0].tools.allow[0].zzz', said],
      [stepWith({ tools: { zzz: 1, allow } }), 'steps[0].tools.zzz', said],
      [stepWith({ resources: { zzz: 1 } }), 'steps[0].resources.zzz', said],
      [stepWith({ resources: { allow: [{ uri: 'a:b', zzz: 1 }] } }), 'steps[0].resources.allow[0].zzz', said],
      [sagaOf(think('a', { tools: { allow }, facts })), 'steps[0].facts[0].zzz', said],
      [stepWith({ policy: 'extra.yaml' }), 'zzz', said],
      [stepWith({ compensation: 'extra.yaml' }), 'zzz', said],
      [workerWith({ model_name: 'extra.yaml' }), 'steps.a[0].zzz', said],
      [workerWith({ model_name: 'extra.yaml' }), 'more', /unknown key "more"/],
      [stepWith({ hilt: true }), 'steps[0].hilt', /did you mean "hitl"/],
      [workerWith({ sytem_prompt: 'x' }), 'sytem_prompt', /did you mean "system_prompt"/],
    ]);
  });

  proves('MANIFEST-4', async () => {
    const ofReason = {
      prompt: 'think.md',
      'agent-adapter': 'react',
      on_tool_error: 'fail',
      max_step_tokens: 100,
      facts: [],
    };
    const said = /belongs to reason steps; this is a commit/;
    await refuses(
      Object.entries(ofReason).map(([key, value]): BadCase => [
        stepWith({ [key]: value }),
        `steps[0].${key}`,
        said,
      ]),
    );
  });

  proves('MANIFEST-5', async () => {
    const nothing = {
      ...{ with: null, when: null, policy: null, hitl: null, hitl_max_retries: null, review: null },
      ...{ hitl_retry_guidance: null, compensation: null, output_schema: null, timeout_seconds: null },
      ...{ max_turns: null, resources: null, name: null },
    };
    const tool = { name: 'put_note', description: null, strict_schema: null, output_schema: null };
    const bare = { with: undefined, name: undefined, tools: { allow: [{ name: 'put_note' }] } };
    await outcome(stepWith(bare));
    const text = stepWith({ ...nothing, tools: { allow: [{ ...tool, idempotent: null }] } });
    assert.equal(await outcome({ ...text, namespace: null }), 'unchanged');
    await outcome(workerWith({}));
    const more = { temperature: null, compensation_prompt: null, adapter: null, tool_sources: null };
    assert.equal(await outcome(workerWith({ ...more, description: null })), 'unchanged');
  });

  proves('MANIFEST-6', async () => {
    await outcome(stepWith({ hitl: true, hitl_max_retries: 3, timeout_seconds: 60, max_turns: 7 }));
    const texts = { hitl: 'true', hitl_max_retries: '3', timeout_seconds: '60', max_turns: '7' };
    assert.equal(await outcome(stepWith(texts)), 'unchanged');
    await outcome(workerWith({ temperature: 0.5 }));
    assert.equal(await outcome(workerWith({ temperature: '0.5' })), 'unchanged');
    await refuses([
      [stepWith({ hitl: 'maybe' }), 'steps[0].hitl', /expected true or false, found the text "maybe"/],
      [stepWith({ hitl: 1 }), 'steps[0].hitl', /expected true or false, found the number 1/],
      [stepWith({ max_turns: '7 or so' }), 'steps[0].max_turns', /found the text "7 or so"/],
      [stepWith({ max_turns: '7.5' }), 'steps[0].max_turns', /an integer/],
      [stepWith({ timeout_seconds: '0x10' }), 'steps[0].timeout_seconds', /found the text/],
      [stepWith({ timeout_seconds: true }), 'steps[0].timeout_seconds', /found the boolean true/],
    ]);
  });

  proves('MANIFEST-7', async () => {
    await refuses([
      [YAML.replace('version: "1"', 'version: 1.0'), 'version', /the number 1\.0.*in quotes: "1\.0"/],
      [YAML.replace("'1'", '1'), 'steps[0].worker_version', /in quotes: "1"/],
      [YAML.replace('id: a', 'id: yes'), 'steps[0].id', /the boolean yes.*in quotes: "yes"/],
      [YAML.replace('name: twice', 'name: 007'), 'name', /in quotes: "007"/],
      [stepWith({ tools: { allow: [{ name: 12 }] } }), 'steps[0].tools.allow[0].name', /in quotes: "12"/],
    ]);
  });

  proves('MANIFEST-8', async () => {
    const [unknown, ...others] = await problems(
      YAML.replace('    kind: commit', '    kind: commit\n    hilt: yes'),
    );
    assert.deepEqual(
      [unknown, others.length],
      [
        {
          file: null,
          line: 9,
          column: 5,
          path: 'steps[0].hilt',
          expected: 'hitl',
          found: '"hilt"',
          message: 'unknown key "hilt": did you mean "hitl"?',
        },
        0,
      ],
    );
    const [value] = await problems(YAML.replace('tools:', 'timeout_seconds: soon\n    tools:'));
    assert.deepEqual([value?.line, value?.column, value?.path], [12, 22, 'steps[0].timeout_seconds']);
    assert.deepEqual(
      [value?.expected, value?.found],
      ['seconds, more than 0 and at most 2000000', 'the text "soon"'],
    );
    world.file('policies', 'two.yaml', 'name: two\n# a comment\nversion: 1\ncel: >-\n  nobody.a\n');
    const [inFile] = await problems(stepWith({ policy: 'two.yaml' }));
    assert.match(inFile?.file ?? '', /policies\/two\.yaml$/);
    assert.deepEqual([inFile?.line, inFile?.path], [4, 'cel']);
  });

  proves('MANIFEST-9', async () => {
    world.file('policies', 'bad.yaml', { cel: 'nobody.a', zzz: 1 });
    world.file('prompts', 'bad.md', 'Say {{ this }} and {{ that }}.');
    const all = await problems({
      ...sagaOf(
        write('a', { worker: 'nobody', timeout_seconds: -1, zzz: 1 }),
        think('a', { policy: 'bad.yaml', prompt: 'bad.md', with: { x: { from: 'no path' } } }),
        write('c', { when: { cel: '1 +' }, compensation: 'gone.yaml', max_turns: 0 }),
      ),
      namespace: 'NOT ONE',
      version: 1,
    });
    const paths = all.map(
      ({ path, file }) => `${path}${file === null ? '' : ` of ${file.split('/').at(-1) ?? ''}`}`,
    );
    for (const wanted of [
      ...[
        'namespace',
        'version',
        'steps[0].timeout_seconds',
        'steps[0].zzz',
        'steps[0].worker',
        'steps[1].id',
      ],
      ...['steps[1].with.x.from', 'cel of bad.yaml', 'zzz of bad.yaml', 'steps[2].when.cel'],
      ...['steps[2].compensation', 'steps[2].max_turns'],
    ])
      assert.ok(paths.includes(wanted), `expected a problem of ${wanted}, got ${paths.join(', ')}`);
    const names = all.filter(({ file }) => file?.endsWith('bad.md')).map(({ found }) => found);
    assert.deepEqual(names, ['"this"', '"that"']);
  });

  proves('MANIFEST-10', async () => {
    await refuses([
      [stepWith({ worker: undefined }), 'steps[0].worker', /"worker" is required: expected a name/],
      [stepWith({ worker_version: null }), 'steps[0].worker_version', /is required: expected a version/],
      [stepWith({ tools: undefined }), 'steps[0].tools', /is required/],
      [stepWith({ id: undefined }), 'steps[0].id', /"id" is required: expected an id of letters/],
      [stepWith({ kind: undefined }), 'steps[0].kind', /is required: expected reason or commit/],
    ]);
  });

  proves('MANIFEST-11', async () => {
    for (const text of [
      'a: "open',
      'a: [1, 2',
      '- a\nb: 1',
      'a: 1\n---\nb: 1',
      '',
      '[]',
      'text',
      'a: *nowhere',
    ])
      assert.ok((await problems(text)).length > 0, text);
    const answer = await post('{"kind": "saga",}', 'application/json');
    assert.equal(answer.status, 400);
    assert.match(answer.headers.get('content-type') ?? '', /application\/problem\+json/);
  });

  proves('MANIFEST-12', async () => {
    await refuses([
      [`${YAML}name: again\n`, 'name', /second time|twice|once/],
      ['{"kind": "saga", "kind": "worker"}', 'kind', /second time|twice|once/],
      [
        YAML.replace('value: a.md', 'value: { a: 1, a: 2 }'),
        'steps[0].with.path.value.a',
        /second time|twice|once/,
      ],
    ]);
  });

  proves('MANIFEST-13', async () => {
    await outcome(YAML);
    const before = await world.stack().http.listDefinitions('saga', { name: 'twice' });
    await problems(YAML.replace('name: put_note', 'nam: put_note'));
    await problems(YAML.replace('version: "1"', 'version: "2"').replace('tester', 'nobody'));
    assert.deepEqual(await world.stack().http.listDefinitions('saga', { name: 'twice' }), before);
  });

  proves('MANIFEST-14', async () => {
    const large = await post(`a: ${'x'.repeat(2 * 1024 * 1024)}`, 'application/yaml');
    assert.equal(large.status, 413);
    const keys = Array.from({ length: 100_001 }, (_, index) => `k${index}: 1`).join(',');
    const doubled = Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`);
    for (const text of [
      `${'['.repeat(65)}${']'.repeat(65)}`,
      `{${keys}}`,
      `a0: &a0 [x]\n${doubled.join('\n')}`,
      `a: &a [*a]`,
    ]) {
      for (const type of ['application/yaml', 'application/json'])
        assert.equal((await post(text, type)).status, 400, text.slice(0, 40));
    }
  });
});
