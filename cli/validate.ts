/** `warden validate`: what deploy checks, without a server. The problems of all files are told, each at its place. */
import type { Command } from 'commander';
import type { ManifestReading, Problem } from '../manifest/read.ts';
import { nameOf, readText } from './content.ts';
import type { Cli } from './engine.ts';
import { collect } from './options.ts';
import { misuse, Refusal } from './refusal.ts';

interface Checked {
  file: string;
  reading: ManifestReading;
}

export function addValidate(parent: Command, cli: Cli): void {
  parent
    .command('validate')
    .description('check manifests as deploy does, without a server')
    .requiredOption('-f, --file <file>', 'a manifest in YAML or JSON; - is stdin; may be repeated', collect)
    .action(async ({ file }: { file: string[] }) => {
      await validate(cli, file);
    });
}

async function validate(cli: Cli, files: readonly string[]): Promise<void> {
  if (files.filter((file) => file === '-').length > 1)
    throw misuse('-f -: stdin can be read only once', 'put one of the manifests into a file');
  const settings = cli.manifestSettings();
  const { describeProblem, readManifest } = await import('../manifest/read.ts');
  const checked: Checked[] = [];
  for (const file of files) {
    const text = await readText(cli.terminal, file);
    checked.push({ file, reading: readManifest(text, { file: nameOf(file), ...settings }) });
  }
  for (const { file, reading } of checked) {
    if (reading.kind === 'problems') continue;
    const { kind, name, version } = reading.definition;
    cli.terminal.result('OK', `${nameOf(file)}: ${kind} ${name} ${version}`);
  }
  const problems = checked.flatMap(({ reading }) => (reading.kind === 'problems' ? reading.problems : []));
  if (problems.length > 0) {
    throw new Refusal(problems.map(describeProblem).join('\n'), hint(checked));
  }
  for (const worker of elsewhere(checked)) {
    cli.terminal.result('INFO', `expects to be deployed already: ${worker}`);
  }
}

function hint(checked: readonly Checked[]): string {
  const bad = checked.filter(({ reading }) => reading.kind === 'problems').map(({ file }) => nameOf(file));
  const about = checked.some(({ reading }) => reading.kind === 'problems' && reading.problems.some(isCommand))
    ? '; commands are checked against WARDEN_STDIO_ALLOW as it is set here: set it as the server has it'
    : '';
  return `correct ${bad.join(', ')} and validate again${about}`;
}

function isCommand({ path }: Problem): boolean {
  return /^tool_sources\[\d+\]\.command$/.test(path);
}

/** Workers that the sagas name and that are not among the files: only the server knows whether it has them. */
function elsewhere(checked: readonly Checked[]): string[] {
  const given = new Set<string>();
  const named = new Set<string>();
  for (const { reading } of checked) {
    if (reading.kind === 'problems') continue;
    const { kind, namespace, name, version } = reading.definition;
    if (kind === 'worker') given.add(told(namespace, name, version));
    for (const each of reading.references) named.add(told(namespace, each.worker, each.version));
  }
  return [...named].filter((worker) => !given.has(worker));
}

function told(namespace: string, worker: string, version: string): string {
  return `worker ${worker} ${version} in namespace ${namespace}`;
}
