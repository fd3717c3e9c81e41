/** `warden review reject`: refuses what waits; the saga undoes what came before. */
import type { Command } from 'commander';
import { givenObject } from './content.ts';
import type { Cli } from './engine.ts';
import { withReview, type ReviewOptions } from './options.ts';
import { personName } from './person.ts';

interface RejectOptions extends ReviewOptions {
  error?: string;
  errorFile?: string;
  comment?: string;
}

export function addReviewReject(parent: Command, cli: Cli): void {
  withReview(parent.command('reject').description('reject what waits at a step; what came before is undone'))
    .option('--error <json>', 'why, as a JSON object')
    .option('--error-file <file>', 'a file with it; - is stdin')
    .option('--comment <text>', 'kept with the decision')
    .action(async (trace: string, span: string, options: RejectOptions) => {
      const { namespace, comment, iteration, payloadHash } = options;
      const error_details = await givenObject(cli.terminal, {
        option: '--error',
        text: options.error,
        fileOption: '--error-file',
        file: options.errorFile,
      });
      const { client } = await cli.connect();
      const { status, idempotency_key } = await client.reject(
        trace,
        span,
        { decided_by: personName(), error_details, comment, iteration, payload_hash: payloadHash },
        { namespace },
      );
      cli.terminal.result('SUCCESS', `status=${status} idempotency_key=${idempotency_key}`);
    });
}
