/** `warden deploy`: manifests become definitions, in the order given; the first that is refused ends it. */
import type { Command } from 'commander';
import { ApiError } from '../api/client.ts';
import { nameOf, readText } from './content.ts';
import type { Cli } from './engine.ts';
import { collect } from './options.ts';
import { misuse, Refusal } from './refusal.ts';

export function addDeploy(parent: Command, cli: Cli): void {
  parent
    .command('deploy')
    .description('deploy manifests; workers before the sagas that name them')
    .requiredOption('-f, --file <file>', 'a manifest in YAML or JSON; - is stdin; may be repeated', collect)
    .action(async ({ file }: { file: string[] }) => {
      await deploy(cli, file);
    });
}

async function deploy(cli: Cli, files: readonly string[]): Promise<void> {
  if (files.filter((file) => file === '-').length > 1)
    throw misuse('-f -: stdin can be read only once', 'put one of the manifests into a file');
  const { client } = await cli.connect();
  // All are read before the first is deployed, so that a misspelt name changes nothing.
  const texts: { file: string; text: string }[] = [];
  for (const file of files) texts.push({ file, text: await readText(cli.terminal, file) });
  for (const [index, { file, text }] of texts.entries()) {
    try {
      const { message } = await client.deploy(text);
      cli.terminal.result('REGISTER', message);
    } catch (error) {
      throw error instanceof ApiError ? refusal(error, file, files.slice(index + 1)) : error;
    }
  }
}

function refusal(error: ApiError, file: string, rest: readonly string[]): Refusal {
  const notDeployed = rest.length === 0 ? '' : `; not deployed: ${rest.map(nameOf).join(', ')}`;
  const lines = error.message.split('\n');
  const message =
    lines.length === 1 ? `${nameOf(file)}: ${error.message}` : `${nameOf(file)}:\n${error.message}`;
  return new Refusal(message, `correct ${nameOf(file)} and deploy again${notDeployed}`);
}
