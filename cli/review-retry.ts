/** `warden review retry`: has a held step done again, with guidance. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { givenText } from './content.ts';
import type { Cli } from './engine.ts';
import { withReview, type ReviewOptions } from './options.ts';
import { personName } from './person.ts';

interface RetryOptions extends ReviewOptions {
  guidance?: string;
  guidanceFile?: string;
  retryToken?: string;
}

export function addReviewRetry(parent: Command, cli: Cli): void {
  withReview(parent.command('retry').description('have a held step done again'))
    .option('--guidance <text>', 'shown to the model')
    .option('--guidance-file <file>', 'a file with it; - is stdin')
    .option('--retry-token <token>', 'the same token again does nothing (left out: a new one)')
    .action(async (trace: string, span: string, options: RetryOptions) => {
      const { namespace, iteration, payloadHash } = options;
      const guidance = await givenText(cli.terminal, {
        option: '--guidance',
        text: options.guidance,
        fileOption: '--guidance-file',
        file: options.guidanceFile,
      });
      const retry_token = options.retryToken ?? randomUUID();
      const { client } = await cli.connect();
      const { status, idempotency_key } = await client.retry(
        trace,
        span,
        { decided_by: personName(), guidance, retry_token, iteration, payload_hash: payloadHash },
        { namespace },
      );
      cli.terminal.result(
        'SUCCESS',
        `status=${status} idempotency_key=${idempotency_key} retry_token=${retry_token}`,
      );
    });
}
