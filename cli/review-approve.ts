/** `warden review approve`: lets what waits go on, as it is or edited. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { givenObject } from './content.ts';
import type { Cli } from './engine.ts';
import { withReview, type ReviewOptions } from './options.ts';
import { personName } from './person.ts';
import { misuse } from './refusal.ts';

interface ApproveOptions extends ReviewOptions {
  output?: string;
  outputFile?: string;
  arguments?: string;
  argumentsFile?: string;
  comment?: string;
}

type Edits = Pick<Parameters<ApiClient['approve']>[2] & object, 'output' | 'arguments'>;

export function addReviewApprove(parent: Command, cli: Cli): void {
  withReview(parent.command('approve').description('approve what waits at a step, as it is or edited'))
    .option('--output <json>', 'of a reason step: what to go on with instead, a JSON object {"data": …}')
    .option('--output-file <file>', 'a file with it; - is stdin')
    .option('--arguments <json>', 'of a commit step: the arguments to use instead, a JSON object')
    .option('--arguments-file <file>', 'a file with them; - is stdin')
    .option('--comment <text>', 'kept with the decision')
    .action(async (trace: string, span: string, options: ApproveOptions) => {
      const { namespace, comment, iteration, payloadHash } = options;
      const edits = await editsOf(cli, options);
      const { client } = await cli.connect();
      const { status, idempotency_key } = await client.approve(
        trace,
        span,
        { decided_by: personName(), comment, iteration, payload_hash: payloadHash, ...edits },
        { namespace },
      );
      cli.terminal.result('SUCCESS', `status=${status} idempotency_key=${idempotency_key}`);
    });
}

async function editsOf(cli: Cli, options: ApproveOptions): Promise<Edits> {
  const output = options.output ?? options.outputFile;
  const args = options.arguments ?? options.argumentsFile;
  if (output !== undefined && args !== undefined) {
    throw misuse(
      'expected an edited output or edited arguments, found both',
      'the subject in "warden review list" says which of the two waits',
    );
  }
  return {
    output: await givenObject(cli.terminal, {
      ...{ option: '--output', text: options.output },
      ...{ fileOption: '--output-file', file: options.outputFile },
    }),
    arguments: await givenObject(cli.terminal, {
      ...{ option: '--arguments', text: options.arguments },
      ...{ fileOption: '--arguments-file', file: options.argumentsFile },
    }),
  };
}
