/** `warden list definitions`: what is deployed. */
import { Option, type Command } from 'commander';
import { hintAtNextPage, type Cli } from './engine.ts';
import { withPaging, type PagingOptions } from './options.ts';
import { misuse } from './refusal.ts';

interface DefinitionsOptions extends PagingOptions {
  type: 'saga' | 'worker';
  name?: string;
  isActive?: boolean;
}

export function addListDefinitions(parent: Command, cli: Cli): void {
  const command = parent
    .command('definitions')
    .description('list deployed definitions, last updated first')
    .addOption(
      new Option('-t, --type <type>', 'what to list').choices(['saga', 'worker']).makeOptionMandatory(),
    )
    .option('--name <name>', 'only this name')
    .option('--is-active', 'only the version of each name that was deployed last')
    .option('--no-is-active', 'only the others');
  withPaging(command).action(async (options: DefinitionsOptions) => {
    if (options.type === 'worker') await listWorkers(cli, options);
    else await listSagas(cli, options);
  });
}

async function listSagas(cli: Cli, options: DefinitionsOptions): Promise<void> {
  const { name, namespace, limit, offset, isActive } = options;
  const { client } = await cli.connect();
  const list = await client.listDefinitions('saga', { name, namespace, limit, offset, is_active: isActive });
  if (options.json === true) {
    cli.terminal.json(list);
    return;
  }
  await cli.terminal.table(
    ['namespace', 'name', 'version', 'active', 'id'],
    list.items.map((item) => [item.namespace, item.name, item.version, String(item.is_active), item.id]),
  );
  hintAtNextPage(cli.terminal, list);
}

async function listWorkers(cli: Cli, options: DefinitionsOptions): Promise<void> {
  const { name, namespace, limit, offset, isActive } = options;
  if (isActive !== undefined)
    throw misuse('--is-active and --no-is-active: expected with -t saga only', 'leave it out');
  const { client } = await cli.connect();
  const list = await client.listDefinitions('worker', { name, namespace, limit, offset });
  if (options.json === true) {
    cli.terminal.json(list);
    return;
  }
  await cli.terminal.table(
    ['namespace', 'name', 'version', 'adapter', 'id'],
    list.items.map((item) => [item.namespace, item.name, item.version, item.adapter, item.id]),
  );
  hintAtNextPage(cli.terminal, list);
}
