/** `warden saga cancel`: stops a saga at its next boundary and undoes what it did. */
import type { Command } from 'commander';
import type { Cli } from './engine.ts';
import { traceId, withNamespace } from './options.ts';
import { personName } from './person.ts';

export function addSagaCancel(parent: Command, cli: Cli): void {
  const command = parent
    .command('cancel')
    .description('cancel a saga; what it did is undone')
    .argument('<trace_id>', 'the saga', traceId)
    .option('--reason <text>', 'kept in the ledger');
  withNamespace(command).action(async (trace: string, options: { reason?: string; namespace?: string }) => {
    const { reason, namespace } = options;
    const { client } = await cli.connect();
    const { status, idempotency_key } = await client.cancel(
      trace,
      { reason, decided_by: personName() },
      { namespace },
    );
    cli.terminal.result('SUCCESS', `status=${status} idempotency_key=${idempotency_key}`);
  });
}
