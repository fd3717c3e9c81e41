import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../support/processes.ts';
import { SECTIONS } from './rule.ts';

const folder = join(repository, 'test', 'conformance');

describe('the rules', () => {
  it('have one test each, and no id twice', () => {
    const ids = SECTIONS.flatMap(({ rules }) => Object.keys(rules));
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
    );
    const sources = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
    const proved = [...sources.matchAll(/\bproves\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    assert.deepEqual(proved.toSorted(), ids.toSorted());
  });

  it('stand in docs/conformance.md as they are, each of them proved', () => {
    const page = readFileSync(join(repository, 'docs', 'conformance.md'), 'utf8');
    const shown = [...page.matchAll(/^\| ([A-Z]+-\d+: .*?)\s*\| (\w+)\s*\|$/gm)].map(
      ([, rule, result]) => `${rule ?? ''} ${result ?? ''}`,
    );
    const wanted = SECTIONS.flatMap(({ rules }) =>
      Object.entries(rules).map(([id, text]) => `${id}: ${text.replaceAll('|', '\\|')} proved`),
    );
    assert.deepEqual(shown, wanted, 'run "npm run conformance -- --write"');
  });
});
