/** `warden review approve`: lets what waits go on. */
import type { Command } from 'commander';
import type { Cli } from './engine.ts';
import { withReview, type ReviewOptions } from './options.ts';
import { personName } from './person.ts';

interface ApproveOptions extends ReviewOptions {
  comment?: string;
}

export function addReviewApprove(parent: Command, cli: Cli): void {
  withReview(parent.command('approve').description('approve what waits at a step'))
    .option('--comment <text>', 'kept with the decision')
    .action(async (trace: string, span: string, options: ApproveOptions) => {
      const { namespace, comment, iteration, payloadHash } = options;
      const { client } = await cli.connect();
      const { status, idempotency_key } = await client.approve(
        trace,
        span,
        { decided_by: personName(), comment, iteration, payload_hash: payloadHash },
        { namespace },
      );
      cli.terminal.result('SUCCESS', `status=${status} idempotency_key=${idempotency_key}`);
    });
}
