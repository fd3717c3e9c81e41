/** The reference of the command line, made from the commands themselves. */
import type { Command, Option } from 'commander';

/** Markdown: every command with its arguments and options, in the order of the help. */
export function referenceOf(program: Command): string {
  return [INTRODUCTION, ...leaves(program).map(sectionOf)].join('\n\n');
}

const INTRODUCTION = `# The command line

Made from the commands by \`node scripts/cli-reference.mjs\`; do not edit it by hand.

\`warden\` asks the server at \`ENGINE_URL\`, which is read from the environment or from \`.env\`. Answers go to stdout;
\`ERROR\`, and \`HINT\` with what to do next, go to stderr. Colour is used on a terminal only, and never with \`NO_COLOR\`.

A request waits 30 seconds for its answer (a deploy, and an export for its beginning, 120) and is sent only once. What
answers and is not Warden is an error that says what came from which address.

| exit code | means                                  |
| --------- | -------------------------------------- |
| 0         | done                                   |
| 1         | refused or failed                      |
| 2         | the command was typed in a wrong way   |
| 130       | ended with Ctrl-C                      |`;

function leaves(command: Command): Command[] {
  const below = command.createHelp().visibleCommands(command);
  const inside = below.filter((each) => each.name() !== 'help');
  return inside.length === 0 ? [command] : inside.flatMap(leaves);
}

function sectionOf(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const rows = [
    ...command.registeredArguments.map((argument) => [
      argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      withChoices(argument.description, argument.argChoices),
    ]),
    ...options.map((option) => [option.flags, meaningOf(option)]),
  ];
  const table = rows.map(([flags = '', meaning = '']) => `| \`${flags}\` | ${inCell(meaning)} |`);
  const text = command.description();
  const about = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  const parts = [`## \`${pathOf(command)}\``, about];
  if (table.length > 0) parts.push(['| | |', '|---|---|', ...table].join('\n'));
  return parts.join('\n\n');
}

function meaningOf({ description, argChoices, defaultValue, mandatory }: Option): string {
  const most = mandatory ? `${description} (must be given)` : description;
  const fallback = typeof defaultValue === 'number' ? ` (left out: ${defaultValue})` : '';
  return `${withChoices(most, argChoices)}${fallback}`;
}

function withChoices(text: string, choices: readonly string[] | undefined): string {
  return choices === undefined ? text : `${text}: ${choices.map((each) => `\`${each}\``).join(', ')}`;
}

function pathOf(command: Command): string {
  const above = command.parent === null ? '' : `${pathOf(command.parent)} `;
  return `${above}${command.name()}`;
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
