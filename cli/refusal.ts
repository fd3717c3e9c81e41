/** Why a command ends without success, and how that is told: `ERROR` and `HINT` on stderr, and an exit code. */
import { ApiError, ApiUnreachable } from '../api/client.ts';
import type { Terminal } from './terminal.ts';

export const EXIT = { ok: 0, refused: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** Ends a command: the message says what was expected and what came, the hint what to do next. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly hint: string | null;
  readonly exitCode: number;

  constructor(message: string, hint: string | null = null, exitCode: number = EXIT.refused) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** The command was typed in a way that cannot be meant. */
export function misuse(message: string, hint: string | null = null): Refusal {
  return new Refusal(message, hint, EXIT.usage);
}

/** Says on stderr why a command failed, and answers the exit code. */
export function reportFailure(error: unknown, terminal: Terminal): number {
  const message = error instanceof Error ? error.message : String(error);
  terminal.problem('ERROR', message === '' ? 'failed without a message' : message);
  const hint = hintOf(error);
  if (hint !== null) terminal.problem('HINT', hint);
  return error instanceof Refusal ? error.exitCode : EXIT.refused;
}

function hintOf(error: unknown): string | null {
  if (error instanceof Refusal) return error.hint;
  if (error instanceof ApiUnreachable) return UNREACHABLE[error.why];
  if (error instanceof ApiError) return HINTS[error.status] ?? (error.status >= 500 ? SERVER_FAILED : null);
  return null;
}

const UNREACHABLE: Record<ApiUnreachable['why'], string> = {
  away: 'start the server (./temporal-dev.sh starts everything), or set ENGINE_URL to where it runs, such as http://127.0.0.1:8000',
  late: 'the server, or what is between, took the request and was silent: look into its log, and at what stands, before you run the command again',
  foreign:
    'set ENGINE_URL to where Warden runs, such as http://127.0.0.1:8000; behind a proxy, see what that says; the command line and the server should be of one version',
};
const SERVER_FAILED = 'the server says why in its log; the command may be run again';

const HINTS: Partial<Record<number, string>> = {
  400: 'correct what the message names and run the command again',
  404: 'check the id, and --namespace (left out, it is "default")',
  409: 'warden list steps --trace-id TRACE_ID shows where the saga stands, warden review list what waits',
  413: 'send less: the limit is 2 MiB',
  422: 'correct what the message names and run the command again',
};
