import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { testParts } from '../../scripts/dev-test.mjs';
import { repository } from '../support/processes.ts';

const tests = readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);

describe('the parts of the tests', () => {
  it('hold every test file, each in one part', () => {
    for (const test of tests) {
      const holders = testParts().filter(({ paths }) =>
        paths.some((path) => test === path || test.startsWith(`${path}/`)),
      );
      assert.equal(holders.length, 1, `${test} is in ${holders.length} parts`);
    }
  });

  it('are one for each kind of test of the whole', () => {
    const crash = testParts().find(({ names }) => names.join(' ') === 'e2e crash');
    const files = tests.filter((name) => name.startsWith('e2e/crash-'));
    assert.ok(files.length > 0);
    assert.deepEqual(crash?.paths, files.sort());
  });
});
