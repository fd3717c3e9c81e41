import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { ReasonStepDefinition, SagaDefinition, WorkerDefinition } from '../../domain/definition.ts';
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { compileCel } from '../../expression/cel.ts';
import { POLICY_NAMES } from '../../expression/names.ts';
import { compileSchema } from '../../expression/schema.ts';
import { renderValue } from '../../expression/template.ts';
import { copyExample } from './example.ts';
import type { Example } from './example.ts';

describe('the changelog example', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  function saga(): SagaDefinition {
    const reading = example.read(example.saga);
    assert.deepEqual(reading.kind === 'problems' ? reading.problems : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'saga');
    return reading.definition;
  }

  function worker(): WorkerDefinition {
    const reading = example.read(example.worker);
    assert.deepEqual(reading.kind === 'problems' ? reading.problems : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'worker');
    return reading.definition;
  }

  it('reads as a worker whose secrets stay unresolved and whose script is frozen into it', () => {
    const { tool_sources: sources, mock_script: script, ...rest } = worker();
    assert.deepEqual(rest.namespace, 'default');
    const [notes] = sources;
    assert.ok(notes?.transport === 'stdio');
    assert.equal(notes.env['NOTES_FOLDER'], '${ENV:WARDEN_NOTES_FOLDER}');
    assert.deepEqual(Object.keys(script?.steps ?? {}), ['collect', 'draft']);
  });

  it('reads as a saga with everything that its files say, and names the workers with their places', () => {
    const { steps } = saga();
    assert.deepEqual(
      steps.map(
        (step) => `${step.kind} ${step.id}${step.hitl ? ' held' : ''}${step.compensation ? ' undone' : ''}`,
      ),
      ['reason collect', 'commit reserve undone', 'reason draft held', 'commit publish undone'],
    );
    const draft = steps[2];
    assert.equal(draft?.review.expires_ms, 7 * 86_400_000);
    assert.equal(draft?.policy?.version, '1');
    const reading = example.read(example.saga);
    const references = reading.kind === 'definition' ? reading.references : [];
    assert.deepEqual(
      references.map((reference) => reference.path),
      [
        ...['steps[0].worker', 'steps[1].worker', 'steps[1].compensation'],
        ...['steps[2].worker', 'steps[3].worker', 'steps[3].compensation'],
      ],
    );
    for (const { path, line, column, worker: name } of references) {
      const row = example.saga.split('\n')[(line ?? 0) - 1]?.slice((column ?? 0) - 1);
      assert.equal(row, path.endsWith('worker') ? name : 'restore-note.yaml');
    }
  });

  it('stays as it was deployed whatever happens to its files later', () => {
    const before = saga();
    example.write('prompts/changelog-draft.md', 'Something else');
    const draft = before.steps.find((step): step is ReasonStepDefinition => step.id === 'draft');
    assert.match(draft?.prompt.template ?? '', /^Draft the changelog entry/);
    example.write('prompts/changelog-draft.md', draft?.prompt.template ?? '');
  });

  it('drafts an entry that shows what was read and what a reviewer asked for, and that its schema and policy accept', () => {
    const names = ['export.md', 'offline.md', 'search.md'];
    const notes = names.map((path) => ({
      path,
      content: readFileSync(join(example.folder, 'notes', path), 'utf8'),
    }));
    const submit = worker().mock_script?.steps['draft']?.[1];
    assert.ok(submit && 'submit' in submit);
    const bound = { version: '1.2.0', sources: names };
    const draft = renderValue(submit.submit, {
      arguments: bound,
      results: [{ notes }],
      guidance: 'Be brief',
    });
    assert.ok(isJsonObject(draft));
    assert.equal(
      draft['entry'],
      [
        ...['## 1.2.0', '', '- Export no longer drops empty columns (export.md)'],
        '- Lists can be edited without a connection (offline.md)',
        '- Search finds words inside attachments (search.md)',
        ...['', 'Drafted again as the reviewer asked: Be brief', ''],
      ].join('\n'),
    );
    const step = saga().steps[2];
    assert.deepEqual(compileSchema(step?.output_schema ?? {})(draft), []);
    const policy = (output: Json): unknown =>
      compileCel(step?.policy?.cel ?? '', POLICY_NAMES).evaluate({
        arguments: bound,
        output: { data: output },
      });
    assert.deepEqual(policy(draft), { kind: 'value', value: true });
    assert.deepEqual(policy({ ...draft, sources: ['elsewhere.md'] }), { kind: 'value', value: false });
  });

  it('writes into changelog/ and nowhere else', () => {
    const cel = saga().steps[1]?.policy?.cel ?? '';
    const allows = (path: Json): unknown => {
      const outcome = compileCel(cel, POLICY_NAMES).evaluate({ arguments: { path } });
      return outcome.kind === 'value' && outcome.value;
    };
    assert.equal(allows('changelog/1.2.0.md'), true);
    for (const path of ['search.md', 'changelog/../a.md', 'changelog/a/b.md', 'changelog/.md', null]) {
      assert.equal(allows(path), false, String(path));
    }
  });
});
