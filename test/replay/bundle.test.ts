import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { bundleWorkflowCode } from '@temporalio/worker';
import { repository } from '../support/processes.ts';

const nothing = () => undefined;
const quiet = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The code without the source map that is appended to it. */
function withoutMap(code: string): string {
  return code.slice(0, code.lastIndexOf('//# sourceMappingURL'));
}

/** Packages whose modules are in a bundle. */
function packagesIn(code: string): string[] {
  const names = withoutMap(code).matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g);
  return [...new Set(Array.from(names, ([, name = '']) => name))].sort();
}

describe('the workflow bundle', () => {
  let ours: string;
  let empty: string;
  before(async () => {
    ours = readFileSync(join(repository, 'dist', 'workflow-bundle.js'), 'utf8');
    const workflowsPath = join(import.meta.dirname, 'empty-workflow.ts');
    empty = (await bundleWorkflowCode({ workflowsPath, logger: quiet })).code;
  });

  it('is at most 1.2 times that of an empty workflow, because each module runs again for every saga', () => {
    for (const size of [(code: string) => code.length, (code: string) => withoutMap(code).length]) {
      const ratio = size(ours) / size(empty);
      assert.ok(ratio <= 1.2, `${size(ours)} / ${size(empty)} = ${ratio}`);
    }
  });

  it('has no package in it that an empty one has not', () => {
    assert.deepEqual(packagesIn(ours), packagesIn(empty));
    assert.ok(packagesIn(empty).includes('@temporalio/workflow'));
  });
});
