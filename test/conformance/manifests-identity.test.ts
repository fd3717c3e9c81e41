import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { sagaOf, stepWith, useDeploys, workerWith, type BadCase } from './manifests.ts';
import { proves } from './rule.ts';
import { NOTES, think, useWorld, write } from './world.ts';

describe('the identity of manifests', () => {
  const world = useWorld();
  const { outcome, problems, refuses } = useDeploys(world);
  const http = () => world.stack().http;

  proves('MANIFEST-15', async () => {
    const cases = ['kind', 'name', 'version', 'description', 'steps'].map((key): BadCase => [
      { ...sagaOf(write('a')), [key]: undefined },
      key,
      /is required/,
    ]);
    await refuses(cases);
    await refuses([
      [workerWith({ name: undefined }), 'name', /is required/],
      [workerWith({ version: undefined }), 'version', /is required/],
      [workerWith({ kind: 'work' }), 'kind', /expected .*worker.*found the text "work"/],
    ]);
    await outcome(workerWith({ name: 'placed' }));
    const [worker] = (await http().listDefinitions('worker', { name: 'placed' })).items;
    assert.equal(worker?.namespace, 'default');
  });

  proves('MANIFEST-16', async () => {
    const named = { ...stepWith({}), name: 'again' };
    assert.equal(await outcome(named), 'created');
    const [first] = (await http().listDefinitions('saga', { name: 'again' })).items;
    assert.equal(await outcome(named), 'unchanged');
    assert.equal(await outcome({ ...named, description: 'Is another.' }), 'replaced');
    const { items } = await http().listDefinitions('saga', { name: 'again' });
    assert.equal(items.length, 1);
    assert.deepEqual(
      [items[0]?.id, items[0]?.created_at, items[0]?.is_active],
      [first?.id, first?.created_at, true],
    );
    assert.equal(await outcome({ ...named, version: '2' }), 'created');
    await outcome(workerWith({ namespace: 'elsewhere', name: 'tester' }));
    assert.equal(await outcome({ ...named, namespace: 'elsewhere' }), 'created');
    assert.equal(await outcome(workerWith({ name: 'again' })), 'created');
  });

  proves('MANIFEST-17', async () => {
    const version = async (text: string) =>
      await outcome({ ...stepWith({}), name: 'versions', version: text });
    const active = async () => {
      const { items } = await http().listDefinitions('saga', { name: 'versions', is_active: true });
      return items.map((item) => item.version);
    };
    await version('2');
    await version('10');
    assert.deepEqual(await active(), ['10']);
    await version('2');
    assert.deepEqual(await active(), ['2']);
  });

  proves('MANIFEST-18', async () => {
    const worker = (summary: string) => {
      world.file('prompts', 'frozen-turns.yaml', { steps: { a: [{ submit: { summary } }] } });
      return workerWith({ name: 'frozen', model_name: 'frozen-turns.yaml', tool_sources: [NOTES] });
    };
    const saga = (path: string) => ({
      ...sagaOf(
        write('hold', { hitl: true, with: { path: { value: 'hold.md' }, content: { value: '' } } }),
        think('a', { worker: 'frozen' }),
        write('b', { with: { path: { value: path }, content: { from: '$.steps.a.output.data.summary' } } }),
      ),
      name: 'frozen',
    });
    await outcome(worker('as it was'));
    await outcome(saga('old.md'));
    const { trace_id } = await http().startSaga({ name: 'frozen', version: '1', input: {} });
    const { step_span_id } = await world.held(trace_id);
    assert.equal(await outcome(worker('as it is')), 'replaced');
    assert.equal(await outcome(saga('new.md')), 'replaced');
    await http().approve(trace_id, step_span_id);
    assert.equal((await world.end(trace_id)).status, 'COMPLETED');
    assert.deepEqual([world.note('old.md'), world.note('new.md')], ['as it was', null]);
  });

  proves('MANIFEST-19', async () => {
    await refuses([
      [
        stepWith({ worker: 'nobody' }),
        'steps[0].worker',
        /found none named nobody 1: deploy the worker first/,
      ],
      [stepWith({ worker_version: '9' }), 'steps[0].worker', /found none named tester 9/],
    ]);
    const [only, ...more] = await problems(sagaOf(write('a'), write('b', { worker: 'nobody' })));
    assert.deepEqual([only?.path, more.length], ['steps[1].worker', 0]);
    await outcome(workerWith({ name: 'nobody' }));
    assert.equal(await outcome({ ...stepWith({ worker: 'nobody' }), name: 'after-its-worker' }), 'created');
  });

  proves('MANIFEST-20', async () => {
    await refuses([
      [{ ...stepWith({}), namespace: 'other' }, 'steps[0].worker', /deployed in namespace other, found none/],
    ]);
    await outcome(workerWith({ name: 'only-there', namespace: 'other' }));
    await refuses([
      [stepWith({ worker: 'only-there' }), 'steps[0].worker', /in namespace default, found none/],
    ]);
    assert.equal(
      await outcome({ ...stepWith({ worker: 'only-there' }), namespace: 'other', name: 'there' }),
      'created',
    );
  });

  proves('MANIFEST-21', async () => {
    world.file('compensations', 'by-nobody.yaml', {
      worker: 'nobody-at-all',
      worker_version: '1',
      tools: { allow: [{ name: 'restore_note' }] },
    });
    await refuses([
      [
        stepWith({ compensation: 'by-nobody.yaml' }),
        'steps[0].compensation',
        /found none named nobody-at-all 1: deploy the worker first/,
      ],
    ]);
  });

  proves('MANIFEST-22', async () => {
    const saga = stepWith({});
    await refuses([
      [{ ...saga, namespace: 'Upper' }, 'namespace', /1 to 50 of a-z, 0-9 and "-"/],
      [{ ...saga, namespace: 'a_b' }, 'namespace', /1 to 50/],
      [{ ...saga, namespace: 'n'.repeat(51) }, 'namespace', /at most 50|1 to 50/],
      [{ ...saga, version: 'v'.repeat(51) }, 'version', /at most 50 characters, found 51/],
      [{ ...saga, name: 'n'.repeat(129) }, 'name', /at most 128 characters, found 129/],
      [{ ...saga, name: '' }, 'name', /an empty text/],
      [{ ...saga, name: 'a\u0007' }, 'name', /expected a name/],
    ]);
    const longest = { name: 'n'.repeat(128), version: 'v'.repeat(50) };
    await outcome(workerWith({ ...longest, namespace: 'n'.repeat(50) }));
    const step = { worker: longest.name, worker_version: longest.version };
    const text = { ...stepWith(step), ...longest, namespace: 'n'.repeat(50) };
    assert.equal(await outcome(text), 'created');
  });

  proves('MANIFEST-23', async () => {
    for (const id of ['a', '_', 'a-b_C9', 'x'.repeat(64)]) await outcome(sagaOf(write(id)));
    const said = /letters, digits, "_" and "-"/;
    await refuses([
      ...['9a', '-a', 'a b', 'a.b', 'ä', '', 'x'.repeat(65)].map((id): BadCase => [
        sagaOf(write('a', { id })),
        'steps[0].id',
        said,
      ]),
      [sagaOf(write('a'), write('b'), write('a')), 'steps[2].id', /"a".*has it already/],
    ]);
  });

  proves('MANIFEST-24', async () => {
    await refuses([
      [sagaOf(), 'steps', /expected at least one step, found an empty list/],
      [{ ...sagaOf(), steps: { a: write('a') } }, 'steps', /expected a list of steps, found a map/],
      [stepWith({ kind: 'act' }), 'steps[0].kind', /expected reason or commit, found the text "act"/],
    ]);
  });
});
