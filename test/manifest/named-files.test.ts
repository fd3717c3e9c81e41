import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { copyExample, said, sagaOf } from './example.ts';
import type { Example } from './example.ts';

describe('the files that a manifest names', () => {
  let example: Example;
  let outside: string;
  before(() => {
    example = copyExample();
    outside = mkdtempSync(join(tmpdir(), 'warden-outside-'));
    writeFileSync(join(outside, 'p.yaml'), 'cel: "true"\n');
  });
  after(() => {
    example.remove();
    rmSync(outside, { recursive: true });
  });

  const policy = (name: string): string => {
    const problems = said(example.problems(sagaOf({ policy: JSON.stringify(name) })));
    assert.ok(problems.length <= 1, problems.join('\n'));
    return problems[0] ?? '';
  };

  it('are relative paths below their root', () => {
    assert.match(
      policy(join(outside, 'p.yaml')),
      /a relative path inside POLICIES_ROOT, found .*: absolute paths are not read/,
    );
    assert.match(policy('C:/p.yaml'), /absolute paths/);
    assert.match(policy('../policies/changelog-entry.yaml'), /".." is not followed/);
    assert.match(policy('a/../changelog-entry'), /".." is not followed/);
    assert.match(policy('..\\p.yaml'), /write "\/" between names/);
    assert.match(policy('a\u0001b'), /control characters/);
    assert.match(policy(''), /expected the path of a file under POLICIES_ROOT, found an empty text/);
    assert.equal(policy('./changelog-folder.yaml'), '');
  });

  it('never lead out of their root over a symbolic link, but may within it', () => {
    symlinkSync(join(outside, 'p.yaml'), join(example.folder, 'policies', 'out.yaml'));
    symlinkSync(outside, join(example.folder, 'policies', 'away'));
    symlinkSync('changelog-folder.yaml', join(example.folder, 'policies', 'same.yaml'));
    symlinkSync('loop.yaml', join(example.folder, 'policies', 'loop.yaml'));
    assert.match(policy('out.yaml'), /found a symbolic link that leaves it/);
    assert.match(policy('away/p'), /found a symbolic link that leaves it/);
    assert.match(policy('loop'), /symbolic links without an end/);
    assert.equal(policy('same'), '');
  });

  it('are found as .yaml when a policy is named without extension, and as they are named otherwise', () => {
    assert.equal(policy('changelog-folder'), '');
    assert.match(
      policy('changelog-folder.yml'),
      /expected the file "changelog-folder\.yml" under POLICIES_ROOT, found no such file/,
    );
    assert.match(policy('nowhere'), /expected the file "nowhere\.yaml"/);
    assert.match(
      said(example.problems(sagaOf({ compensation: 'restore-note' }))).join(),
      /expected the file "restore-note" under COMPENSATIONS_ROOT/,
    );
  });

  it('are regular files of bounded size with text in UTF-8', () => {
    mkdirSync(join(example.folder, 'policies', 'folder.yaml'));
    execFileSync('mkfifo', [join(example.folder, 'policies', 'pipe.yaml')]);
    example.write('policies/large.yaml', `cel: "true"\n#${'x'.repeat(1024 * 1024)}`);
    example.write('policies/latin.yaml', Buffer.from([0x63, 0x65, 0x6c, 0x3a, 0x20, 0xe9]));
    example.write('policies/nul.yaml', 'cel: "true"\n# \0');
    assert.match(policy('folder'), /to be a regular file, found something else/);
    assert.match(policy('pipe'), /to be a regular file, found something else/);
    assert.match(policy('large'), /to have at most 1048576 bytes, found more/);
    assert.match(policy('latin'), /to be text in UTF-8, found other bytes/);
    assert.match(policy('nul'), /to be text in UTF-8, found other bytes/);
    assert.match(policy('changelog-folder.yaml/x'), /found no such file/);
  });

  it('make no definition of unbounded size, however often one is named', () => {
    example.write('prompts/large.md', 'x'.repeat(1024 * 1024));
    const one = sagaOf({ kind: 'reason', tools: null, prompt: 'large.md' });
    const step = one.slice(one.indexOf('  - '));
    const many = one + Array.from({ length: 9 }, (_, i) => step.replace('write', `write${i}`)).join('');
    assert.match(
      said(example.problems(many))[0] ?? '',
      /^steps\[8\]\.prompt: .*at most 8388608 characters together/,
    );
    example.write('prompts/blank.md', ' \n');
    assert.match(
      said(example.problems(one.replace('large', 'blank'))).join(),
      /expected a prompt, found an empty file/,
    );
  });

  it('have the shapes of the specification', () => {
    const file = (text: string): string => {
      example.write('policies/p.yaml', text);
      return policy('p');
    };
    assert.match(file('name: p\n'), /"cel" is required/);
    assert.match(file('cel: input.a\nrule: 1\n'), /unknown key "rule"/);
    assert.match(file('cel: 1\n'), /expected a CEL expression, found the number 1/);
    assert.match(file('cel: input.a ==\n'), /cel: expected a CEL expression: not a CEL expression/);
    assert.match(
      file('cel: nobody.a\n'),
      /expected one of the names phase, input, arguments, output, saga, step, worker, tool/,
    );
    assert.match(file('- 1\n'), /expected a policy \{name, version, cel\}, found a list/);
    assert.equal(file('name: p\nversion: 1.0\ncel: saga.status == "RUNNING" && tool.name == ""\n'), '');
    const reading = example.read(sagaOf({ policy: 'p' }));
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'saga');
    assert.equal(reading.definition.steps[0]?.policy?.version, '1.0');
    example.write('schemas/list.json', '[]');
    const schema = said(example.problems(sagaOf({ output_schema: 'list.json' })));
    assert.match(schema.join(), /expected a JSON Schema, which is a map, found a list/);
  });
});
