import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, it } from 'mocha';
import { createConnect } from '../../cli/engine.ts';
import { createProgram } from '../../cli/program.ts';
import { createTerminal } from '../../cli/terminal.ts';
import { repository } from '../support/processes.ts';

const pages = ['docs/first-steps.md', 'docs/reviewing.md', 'config/manifests-github/README.md'];

describe('the pages about first steps and reviewing', () => {
  const program = createProgram({
    terminal: createTerminal(process, false),
    connect: createConnect(() => null),
    manifestSettings: () => assert.fail('no command runs'),
  });

  for (const page of pages) {
    const text = readFileSync(join(repository, page), 'utf8');

    it(`${page} names commands that exist, with flags that they have`, () => {
      const lines = text.matchAll(/^ *warden (.*?)(?: +#.*)?$|`warden ([^`\n]+)`/gm);
      const commands = Array.from(lines, ([, line, inline]) => line ?? inline ?? '');
      assert.ok(commands.length > 0);
      for (const line of commands) check(program, line);
    });

    it(`${page} names files that are there`, () => {
      const links = Array.from(text.matchAll(/\]\(([^):#]+)\)/g), ([, link = '']) =>
        join(dirname(page), link),
      );
      const files = Array.from(text.matchAll(/\bconfig\/[\w/.-]+\w/g), ([path]) => path);
      for (const file of [...links, ...files]) assert.ok(existsSync(join(repository, file)), file);
    });
  }
});

/** The first words are names of commands; what is quoted is no flag. */
function check(program: Command, line: string): void {
  let command = program;
  for (const word of line.split(' ')) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    command = next;
  }
  assert.equal(command.commands.length, 0, `"warden ${line}" is no command`);
  const flags = line.replace(/'[^']*'|"[^"]*"/g, '').matchAll(/(?<= )(--?[a-z][\w-]*)/g);
  const known = command.options.flatMap(({ short, long }) => [short, long]);
  for (const [flag] of flags) assert.ok(known.includes(flag), `"warden ${line}" has no ${flag}`);
}
