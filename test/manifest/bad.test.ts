import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { describeProblem } from '../../manifest/read.ts';
import { badManifests } from './bad.ts';
import type { Bad } from './bad.ts';
import { copyExample } from './example.ts';
import type { Example } from './example.ts';
import { FILES, SAGA, WORKER, writeFiles } from './whole.ts';

describe('bad manifests, made of good ones that use every field', () => {
  let example: Example;
  let outside: string;
  before(() => {
    example = copyExample();
    writeFiles(example);
    outside = mkdtempSync(join(tmpdir(), 'warden-outside-'));
    writeFileSync(join(outside, 'whole.yaml'), 'cel: "true"\n');
    for (const root of ['prompts', 'policies', 'schemas', 'compensations']) {
      symlinkSync(join(outside, 'whole.yaml'), join(example.folder, root, 'link.yaml'));
      symlinkSync(outside, join(example.folder, root, 'away'));
      symlinkSync('loop.yaml', join(example.folder, root, 'loop.yaml'));
      mkdirSync(join(example.folder, root, 'folder.yaml'));
    }
  });
  after(() => {
    example.remove();
    rmSync(outside, { recursive: true });
  });

  function check({ what, text, file, place }: Bad): string | null {
    if (file) example.write(file.name, file.text);
    const reading = example.read(text);
    if (file) example.write(file.name, FILES[file.name] ?? '');
    const shown = `${what}: ${(file?.text ?? '').slice(0, 200)}`;
    if (reading.kind === 'definition') return `${shown}\n  reads`;
    for (const problem of reading.problems) {
      const { message, expected, found, line, column } = problem;
      const placed = line !== null && column !== null && line >= 1 && column >= 1;
      const listed = reading.problems.length > 500;
      if (!listed && !placed) return `${shown}\n  without a place: ${message}`;
      if (
        message === '' ||
        expected === '' ||
        found === '' ||
        /[\r\n]|: undefined|found undefined|\[object/.test(message)
      ) {
        return `${shown}\n  a message that does not read: ${describeProblem(problem)}`;
      }
    }
    const named = reading.problems.some(
      (problem) => problem.file?.endsWith(place.file) === true && problem.path.startsWith(place.path),
    );
    if (named) return null;
    return `${shown}\n  not at ${place.file} ${place.path}: ${reading.problems.map(describeProblem).join('; ')}`;
  }

  it('are good before anything is changed', () => {
    for (const good of [WORKER, SAGA]) assert.deepEqual(example.problems(JSON.stringify(good)), []);
  });

  it('are refused, more than 400 of them, each at its place, and none crashes the reader', () => {
    const all = [...badManifests()];
    const failures = all.map(check).filter((failure) => failure !== null);
    assert.equal(failures.length, 0, `${failures.length} of ${all.length}\n${failures.join('\n')}`);
    assert.ok(all.length >= 400, `${all.length}`);
  }).timeout(120_000);
});
