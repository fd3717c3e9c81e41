import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { describeProblem } from '../../manifest/read.ts';
import { copyExample, said, sagaOf, workerOf } from './example.ts';
import type { Example } from './example.ts';

describe('problems of a manifest', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  const places = (text: string): string[] =>
    example.problems(text).map(({ file, line, column, path }) => `${file ?? ''}:${line}:${column} ${path}`);
  const only = (text: string): string => {
    const problems = said(example.problems(text));
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0] ?? '';
  };

  it('are all reported at once, each with file, line, column, path, expected and found', () => {
    const text = sagaOf(
      {
        id: '9lives',
        policy: 'nowhere',
        timeout_seconds: 'soon',
        hitl: 'maybe',
        with: '{ body: { from: "input" }, n: {} }',
        tools: '{ allow: [] }',
        max_turn: '3',
      },
      { version: '1.0', namespace: 'Big Co' },
    );
    const problems = example.problems(text);
    assert.deepEqual(
      problems.map(({ path }) => path),
      [
        ...[
          'version',
          'namespace',
          'steps[0].id',
          'steps[0].tools',
          'steps[0].policy',
          'steps[0].timeout_seconds',
        ],
        ...['steps[0].hitl', 'steps[0].with.body.from', 'steps[0].with.n', 'steps[0].max_turn'],
      ],
    );
    const rows = text.split('\n');
    for (const problem of problems) {
      assert.equal(problem.file, 'm.yaml');
      assert.ok(problem.expected !== '' && problem.found !== '' && problem.message !== '');
      assert.ok(
        (rows[(problem.line ?? 0) - 1] ?? '').length >= (problem.column ?? 0),
        describeProblem(problem),
      );
    }
    assert.equal(
      describeProblem(example.problems(sagaOf({ max_turn: '3' }))[0] ?? assert.fail()),
      'm.yaml:11:5: steps[0].max_turn: unknown key "max_turn": did you mean "max_turns"?',
    );
  });

  it('point into the file that is named, when that is where they are', () => {
    example.write(
      'policies/broken.yaml',
      'name: broken\ncel: |\n  true &&\n    arguments.n > limit\nextra: 1\n',
    );
    example.write(
      'compensations/broken.yaml',
      'worker: w\nworker_version: 1\ntools:\n  allow: [{ name: t }]\n',
    );
    example.write('schemas/broken.json', '{\n  "properties": {\n    "n": { "type": "number!" }\n  }\n}\n');
    example.write('prompts/broken.md', 'Hello\nDear {{ nmae }}\n');
    const text = sagaOf({
      kind: 'reason',
      tools: null,
      with: '{ name: { value: 1 } }',
      policy: 'broken',
      compensation: 'broken.yaml',
      output_schema: 'broken.json',
      prompt: 'broken.md',
    });
    const relative = places(text).map((place) => place.replace(example.folder, ''));
    assert.deepEqual(relative.sort(), [
      '/compensations/broken.yaml:2:17 worker_version',
      '/policies/broken.yaml:4:19 cel',
      '/policies/broken.yaml:5:1 extra',
      '/prompts/broken.md:2:9 ',
      '/schemas/broken.json:3:20 properties.n.type',
    ]);
    const prompt = example.problems(text).find((problem) => problem.file?.endsWith('.md'));
    assert.match(prompt?.message ?? '', /"nmae": did you mean "name"\?/);
  });

  it('of a template, a path or a rule say where inside it', () => {
    example.write('policies/sum.yaml', 'cel: steps.post-comment.output\n');
    assert.match(only(sagaOf({ policy: 'sum' })), /expected one of the names|read as a subtraction/);
    assert.deepEqual(places(sagaOf({ with: '{ a: { from: "$.input[" } }' })), [
      'm.yaml:11:33 steps[0].with.a.from',
    ]);
    example.write('prompts/filter.md', 'a\n{{ x | wordcount }}\n');
    const filter = example.problems(sagaOf({ kind: 'reason', with: '{x: {value: 1}}', prompt: 'filter.md' }));
    assert.match(filter[0]?.message ?? '', /the filter wordcount is not available: use split/);
    assert.equal(filter[0]?.line, 2);
  });

  it('name a missing key at the map that lacks it', () => {
    assert.deepEqual(
      said(example.problems('kind: saga\n')),
      [
        ': "name" is required: expected a name, found nothing',
        ': "version" is required: expected a version, found nothing',
        ': "description" is required: expected a description, found nothing',
        ': "steps" is required: expected a list of at least one step, found nothing',
      ].map((text) => text.replace(/^: "(\w+)"/, '$1: "$1"')),
    );
    assert.match(only('name: x\n'), /"kind" is required: expected worker or saga/);
    assert.match(only('kind: sage\n'), /expected worker or saga or project, found the text "sage"/);
  });

  it('are listed up to a bound, however many there are', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `time_out_seconds${index}: 1`).join('\n');
    const problems = example.problems(`${workerOf({})}\n${keys}`);
    assert.equal(problems.length, 501);
    assert.match(problems.at(-1)?.message ?? '', /only the first 500 problems found are listed/);
  });

  it('have no file when the text came without one', () => {
    const reading = example.read('kind: saga', { file: null });
    assert.ok(reading.kind === 'problems');
    assert.equal(reading.problems[0]?.file, null);
    assert.equal(describeProblem(reading.problems[0] ?? assert.fail()).startsWith('1:1: name: "name"'), true);
  });
});
