/** `warden saga retry-step` and `warden saga retry-compensation`: an operator's repair of what does not go on. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { ApiUnreachable, type ApiClient } from '../api/client.ts';
import type { Cli } from './engine.ts';
import { spanId, traceId, withNamespace } from './options.ts';
import { personName } from './person.ts';
import { Refusal } from './refusal.ts';

interface RecoverOptions {
  force?: boolean;
  allowDestructive?: boolean;
  recoveryToken?: string;
  reason?: string;
  namespace?: string;
}

export function addSagaRetryStep(parent: Command, cli: Cli): void {
  const command = parent
    .command('retry-step')
    .description('run a step again that is queued, in back-off or hangs');
  addRecovery(command, cli, (client) => client.retryStep);
}

export function addSagaRetryCompensation(parent: Command, cli: Cli): void {
  const command = parent
    .command('retry-compensation')
    .description('take up an undo again that failed or hangs, and go on with the remaining ones');
  addRecovery(command, cli, (client) => client.retryCompensation);
}

function addRecovery(command: Command, cli: Cli, actOf: (client: ApiClient) => ApiClient['retryStep']): void {
  command
    .argument('<trace_id>', 'the saga', traceId)
    .argument('<step_span_id>', 'the step, or the undo', spanId)
    .option('--force', 'also when an attempt lives: it is ended first')
    .option('--allow-destructive', 'with --force on a commit: its call may be made twice')
    .option('--recovery-token <token>', 'the same token again does nothing (left out: a new one)')
    .option('--reason <text>', 'kept in the ledger');
  withNamespace(command).action(async (trace: string, span: string, options: RecoverOptions) => {
    const { force = false, allowDestructive: allow_destructive = false, reason, namespace } = options;
    const recovery_token = options.recoveryToken ?? randomUUID();
    const { client } = await cli.connect();
    const body = { force, allow_destructive, recovery_token, reason, decided_by: personName() };
    const answer = await actOf(client)(trace, span, body, { namespace }).catch((error: unknown) => {
      throw unanswered(error, recovery_token);
    });
    const { status, idempotency_key, worker_command_key } = answer;
    const keys = `idempotency_key=${idempotency_key} worker_command_key=${worker_command_key}`;
    cli.terminal.result('SUCCESS', `status=${status} ${keys} recovery_token=${answer.recovery_token}`);
    if (status === 'claim_active') cli.terminal.problem('HINT', ALIVE);
  });
}

const ALIVE = 'an attempt of it lives, so nothing was done; --force ends that attempt and begins another';

/** Without an answer it may have happened: the token makes sure that it happens once. */
function unanswered(error: unknown, token: string): unknown {
  if (!(error instanceof ApiUnreachable)) return error;
  return new Refusal(
    error.message,
    `ask again with --recovery-token ${token}: it is done once, however often it is asked`,
  );
}
