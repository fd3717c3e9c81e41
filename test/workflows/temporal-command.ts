/** The Temporal CLI as an operator types it, against the server of a stack. */
import assert from 'node:assert/strict';
import { startProgram } from '../support/processes.ts';
import type { Stack } from '../support/stack.ts';
import { workflowId } from '../../workflows/messages.ts';

/**
 * Runs `temporal …` and answers what it printed.
 * @throws {AssertionError} with what it printed, when it failed
 */
export async function temporal(
  { temporal: server }: Pick<Stack, 'temporal'>,
  ...args: string[]
): Promise<string> {
  const running = startProgram('temporal-cli', server.cli, args, {
    env: { TEMPORAL_ADDRESS: server.address },
  });
  const { code } = await running.exited;
  assert.equal(code, 0, `temporal ${args.join(' ')}: ${running.output()}`);
  return running.output();
}

/** `temporal workflow <verb>` on a saga's workflow. */
export function onWorkflow(stack: Pick<Stack, 'temporal'>, traceId: string, verb: string, ...args: string[]) {
  return temporal(stack, 'workflow', verb, '--workflow-id', workflowId(traceId), ...args);
}

/** `temporal workflow signal`, with at most one argument, sent as it is. */
export function signalled(stack: Pick<Stack, 'temporal'>, traceId: string, name: string, input?: string) {
  const given = input === undefined ? [] : ['--input', input];
  return onWorkflow(stack, traceId, 'signal', '--name', name, ...given);
}
