/** `warden start saga`: starts a saga and prints its trace id. */
import type { Command } from 'commander';
import { givenObject } from './content.ts';
import type { Cli } from './engine.ts';
import { traceId, withNamespace } from './options.ts';

interface StartOptions {
  name: string;
  version: string;
  namespace?: string;
  input?: string;
  inputFile?: string;
  idempotencyKey?: string;
  traceId?: string;
}

export function addStartSaga(parent: Command, cli: Cli): void {
  withNamespace(
    parent
      .command('saga')
      .description('start a saga')
      .requiredOption('-n, --name <name>', 'the saga definition')
      .requiredOption('-v, --version <version>', 'its version'),
  )
    .option('--input <json>', 'the input, a JSON object')
    .option('--input-file <file>', 'a file with it; - is stdin')
    .option('--idempotency-key <key>', 'the same key again answers the same saga')
    .option('--trace-id <trace_id>', 'the trace id of the new saga', traceId)
    .action(async (options: StartOptions) => {
      await start(cli, options);
    });
}

async function start(cli: Cli, options: StartOptions): Promise<void> {
  const { name, version, namespace, idempotencyKey } = options;
  const input = await givenObject(cli.terminal, {
    option: '--input',
    text: options.input,
    fileOption: '--input-file',
    file: options.inputFile,
  });
  const { client } = await cli.connect();
  const { trace_id } = await client.startSaga({
    name,
    version,
    namespace,
    input,
    idempotency_key: idempotencyKey,
    trace_id: options.traceId,
  });
  cli.terminal.result('SUCCESS', `trace_id=${trace_id}`);
}
