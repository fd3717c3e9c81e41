import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { format, resolveConfig } from 'prettier';
import { createConnect } from '../../cli/engine.ts';
import { createProgram } from '../../cli/program.ts';
import { referenceOf } from '../../cli/reference.ts';
import { createTerminal } from '../../cli/terminal.ts';
import { repository } from '../support/processes.ts';

describe('docs/cli.md', () => {
  it('is what scripts/cli-reference.mjs makes of the commands', async () => {
    const file = join(repository, 'docs', 'cli.md');
    const cli = {
      terminal: createTerminal(process, false),
      connect: createConnect(() => null),
      manifestSettings: () => assert.fail('no command runs'),
    };
    const text = await format(referenceOf(createProgram(cli)), {
      ...(await resolveConfig(file)),
      parser: 'markdown',
    });
    const advice = 'npm run build && node scripts/cli-reference.mjs';
    assert.equal(await readFile(file, 'utf8'), text, `docs/cli.md is out of date: ${advice}`);
  });
});
