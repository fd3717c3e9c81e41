/** Options that several commands take, and how their values are read. A value that cannot be meant is misuse. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Refusal } from './refusal.ts';
import type { Screen } from './screen.ts';
import type { Terminal } from './terminal.ts';

export interface PagingOptions {
  namespace?: string;
  limit?: number;
  offset?: number;
  json?: boolean;
}

/** `--namespace`, `--limit`, `--offset` and `--json` of a list. */
export function withPaging(command: Command): Command {
  return withNamespace(command)
    .option(
      '--limit <count>',
      'rows at most (the server has 50 when left out, and 100 at most)',
      wholeNumber(1),
    )
    .option('--offset <count>', 'rows to pass over', wholeNumber(0))
    .option('--json', "print the server's JSON");
}

export interface WatchOptions {
  watch?: boolean;
  /** Seconds. */
  interval: number;
  json?: boolean;
}

/** `--watch` and `--interval` of a list. */
export function withWatch(command: Command): Command {
  return command
    .option('--watch', 'on a terminal: look again and again, until all that is shown has ended')
    .option('--interval <seconds>', 'time between two looks of --watch, 0.1 to 3600', watchSeconds, 0.5);
}

/**
 * Where to draw when `--watch` was given; null without it.
 * @throws {Refusal} when it does not go with the other options or with where the output goes
 */
export function watchScreen(terminal: Terminal, { watch, json }: WatchOptions): Screen | null {
  if (watch !== true) return null;
  if (json === true) {
    throw new Refusal('--watch and --json cannot be combined', 'run it with --json as often as you need it');
  }
  const screen = terminal.screen();
  if (screen !== null) return screen;
  throw new Refusal(
    '--watch: expected a terminal, found a file or a pipe',
    'leave --watch out; --json is made for programs',
  );
}

/** `--status`, of which the server knows the values; those given here are for help and completion. */
export function statusOption(statuses: readonly string[]): Option {
  const option = new Option('--status <status>', 'only this status; may be repeated').argParser(collect);
  option.argChoices = [...statuses];
  return option;
}

export function withNamespace(command: Command): Command {
  return command.option('--namespace <name>', 'left out: default', namespaceName);
}

export interface ReviewOptions {
  namespace?: string;
  iteration?: number;
  payloadHash?: string;
}

/** `TRACE_ID SPAN_ID` and the options that name exactly what is decided. */
export function withReview(command: Command): Command {
  return withNamespace(
    command
      .argument('<trace_id>', 'the saga', traceId)
      .argument('<step_span_id>', 'the step', spanId)
      .option('--iteration <number>', 'refuse unless this iteration is the open one', wholeNumber(1))
      .option('--payload-hash <hash>', 'refuse unless the payload has this hash', sha256Hash),
  );
}

export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    if (value >= min) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min}.`);
  };
}

function watchSeconds(text: string): number {
  const value = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : -1;
  if (value >= 0.1 && value <= 3600) return value;
  throw new InvalidArgumentError('Expected seconds from 0.1 to 3600.');
}

/** Also keeps an id from being read as another part of an address. */
export const traceId = matching(/^[a-f0-9]{32}$/, '32 lower-case hexadecimal characters');
export const spanId = matching(/^[a-f0-9]{16}$/, '16 lower-case hexadecimal characters');
export const reviewId = matching(
  /^[a-f0-9]{32}\.[a-f0-9]{16}\.[1-9][0-9]{0,8}$/,
  '<trace_id>.<step_span_id>.<iteration>',
);
export const sha256Hash = matching(/^[a-f0-9]{64}$/, '64 lower-case hexadecimal characters');
export const namespaceName = matching(/^[a-z0-9-]{1,50}$/, '1 to 50 characters of a-z, 0-9 and -');

function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

/** For an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** The same, each value read by `read`. */
export function collectWith(
  read: (text: string) => string,
): (text: string, before?: readonly string[]) => string[] {
  return (text, before) => collect(read(text), before);
}
