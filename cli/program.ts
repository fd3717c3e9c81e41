/** The commands of `warden`, and how a mistyped one is answered. */
import { Command, CommanderError } from 'commander';
import { addCompletion } from './completion.ts';
import { addDeploy } from './deploy.ts';
import type { Cli } from './engine.ts';
import { addLedgerExport } from './ledger-export.ts';
import { addLedgerVerify } from './ledger-verify.ts';
import { addListDefinitions } from './list-definitions.ts';
import { addListSagas } from './list-sagas.ts';
import { addListSteps } from './list-steps.ts';
import { addPing } from './ping.ts';
import { EXIT, reportFailure } from './refusal.ts';
import { addReviewApprove } from './review-approve.ts';
import { addReviewList } from './review-list.ts';
import { addReviewReject } from './review-reject.ts';
import { addReviewRetry } from './review-retry.ts';
import { addReviewShow } from './review-show.ts';
import { addSagaCancel } from './saga-cancel.ts';
import { addSagaRetryCompensation, addSagaRetryStep } from './saga-recover.ts';
import { addShowStep } from './show-step.ts';
import { addStartSaga } from './start-saga.ts';
import { addValidate } from './validate.ts';
import { wardenVersion } from './version.ts';

/**
 * Runs the command that the arguments name, and answers the exit code. Never throws.
 * @param args without the program's own name
 */
export async function runCommand(cli: Cli, args: readonly string[]): Promise<number> {
  try {
    await createProgram(cli).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, cli.terminal);
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** The commands; what they are handed is used when one runs. */
export function createProgram(cli: Cli): Command {
  const program = new Command('warden')
    .description('durable, human-approved work for AI agents')
    .version(wardenVersion(), '-V, --version')
    // "start saga -v 1": the version of a definition is not asked of the program.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      outputError: (text) => {
        cli.terminal.problem('ERROR', text.replace(/^error: /, '').trim());
        cli.terminal.problem('HINT', 'the same command with --help says what it takes');
      },
    });
  addPing(program, cli);
  addDeploy(program, cli);
  addValidate(program, cli);
  const start = program.command('start').description('start a saga');
  addStartSaga(start, cli);
  const list = program.command('list').description('list definitions, sagas or steps');
  addListDefinitions(list, cli);
  addListSagas(list, cli);
  addListSteps(list, cli);
  addShowStep(program.command('show').description('show one thing in full'), cli);
  const review = program.command('review').description('see and decide what waits for a person');
  addReviewList(review, cli);
  addReviewShow(review, cli);
  addReviewApprove(review, cli);
  addReviewReject(review, cli);
  addReviewRetry(review, cli);
  const saga = program.command('saga').description('act on a saga');
  addSagaRetryStep(saga, cli);
  addSagaRetryCompensation(saga, cli);
  addSagaCancel(saga, cli);
  const ledger = program.command('ledger').description('the record of everything that happened');
  addLedgerExport(ledger, cli);
  addLedgerVerify(ledger, cli);
  addCompletion(program, cli);
  return program;
}
