/** `warden completion`: the script for a shell; `warden complete`, which such a script asks while one types. */
import { Argument, type Command, type Option } from 'commander';
import type { Cli } from './engine.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** To a completion script: no suggestion fits here but the shell's own, the names of files. */
const FILES = ':0';

export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and values in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', `\n${HOW}`)
    .action(async (shell: Shell) => {
      await printScript(cli, program.name(), shell);
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      await suggest(program, words);
    });
}

const HOW = `To use it, add one line to the start-up file of the shell:
  bash  ~/.bashrc                   source <(warden completion bash)
  zsh   ~/.zshrc, after compinit    source <(warden completion zsh)
  fish  ~/.config/fish/config.fish  warden completion fish | source`;

/** What the library says of the other two shells, it prints itself. */
async function printScript(cli: Cli, name: string, shell: Shell): Promise<void> {
  if (shell === 'bash') cli.terminal.line((await import('./completion-bash.ts')).bashScript(name));
  else (await import('@bomb.sh/tab')).script(shell, name, name);
}

/** Prints what may stand in place of the last word, a suggestion a line, and at the end what to do with them. */
async function suggest(program: Command, words: readonly string[]): Promise<void> {
  if (wantsFile(program, words)) {
    console.log(FILES);
    return;
  }
  const { RootCommand } = await import('@bomb.sh/tab');
  const root = new RootCommand();
  describeOptions(root, program);
  for (const command of visible(program)) describe(root, command, command.name());
  root.parse([...words]);
}

type Described = InstanceType<(typeof import('@bomb.sh/tab'))['RootCommand']>;
type DescribedCommand = ReturnType<Described['command']>;

function describe(root: Described, command: Command, path: string): void {
  const described = root.command(path, command.description());
  describeOptions(described, command);
  for (const argument of command.registeredArguments) {
    described.argument(argument.name(), (complete) =>
      argument.argChoices?.forEach((each) => complete(each, '')),
    );
  }
  for (const below of visible(command)) describe(root, below, `${path} ${below.name()}`);
}

function describeOptions(described: DescribedCommand, command: Command): void {
  for (const option of command.createHelp().visibleOptions(command)) {
    const name = option.long?.slice(2) ?? '';
    const alias = option.short?.slice(1);
    if (!takesValue(option)) {
      if (alias === undefined) described.option(name, option.description);
      else described.option(name, option.description, alias);
      continue;
    }
    const values = option.argChoices ?? [];
    described.option(
      name,
      option.description,
      (complete) => values.forEach((each) => complete(each, '')),
      alias,
    );
  }
}

function visible(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** Whether the last word is the value of an option, or an argument, that names a file. */
function wantsFile(program: Command, words: readonly string[]): boolean {
  const last = words.at(-1) ?? '';
  const { command, before } = commandOf(program, words.slice(0, -1));
  const [flag] = last.startsWith('--') && last.includes('=') ? last.split('=') : [before];
  const option = command.options.find(
    ({ short, long }) => flag !== undefined && (flag === short || flag === long),
  );
  if (option !== undefined && takesValue(option)) return option.flags.includes('<file>');
  return !last.startsWith('-') && command.registeredArguments.some((argument) => argument.name() === 'file');
}

/** The command that words name, and the word before the last. */
function commandOf(
  program: Command,
  words: readonly string[],
): { command: Command; before: string | undefined } {
  let command = program;
  for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
  return { command, before: words.at(-1) };
}
