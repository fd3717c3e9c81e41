/** Options that several commands take, and how their values are read. A value that cannot be meant is misuse. */
import { InvalidArgumentError, type Command } from 'commander';

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

/** Also keeps an id from being read as another part of an address. */
export const traceId = matching(/^[a-f0-9]{32}$/, '32 lower-case hexadecimal characters');
export const spanId = matching(/^[a-f0-9]{16}$/, '16 lower-case hexadecimal characters');
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
