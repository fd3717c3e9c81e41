/** `warden ledger verify`: checks an export offline, or what the server exports now. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { Verification, VerifyOptions } from '../ledger/verify.ts';
import { nameOf } from './content.ts';
import type { Cli } from './engine.ts';
import { ledgerBytes } from './ledger-stream.ts';
import { readLines } from './lines.ts';
import { collectWith, sha256Hash, wholeNumber } from './options.ts';
import { Refusal } from './refusal.ts';

interface VerifyFlags {
  head?: string[];
  filtered?: boolean;
  afterSeq?: number;
  json?: boolean;
}

export function addLedgerVerify(parent: Command, cli: Cli): void {
  parent
    .command('verify')
    .description('verify an export and name the first entry that was changed, removed or inserted')
    .argument('[file]', 'an export; - is stdin (left out: what the server exports now)')
    .option(
      '--head <hash>',
      'a hash noted earlier: it must still be there; may be repeated',
      collectWith(sha256Hash),
    )
    .option('--filtered', 'the export is of one saga or namespace: gaps between seq are no removals')
    .option('--after-seq <seq>', 'the export was made with this --after-seq', wholeNumber(0))
    .option('--json', 'print the result as JSON, with the head of each chain')
    .action(async (file: string | undefined, flags: VerifyFlags) => {
      await verify(cli, file, flags);
    });
}

async function verify(cli: Cli, file: string | undefined, flags: VerifyFlags): Promise<void> {
  const { head, filtered, afterSeq, json } = flags;
  const pieces = await source(cli, file, afterSeq);
  const result = await verifyLines(readLines(pieces), {
    heads: head ?? [],
    filtered: filtered === true,
    afterSeq: afterSeq ?? 0,
  });
  const { describeProblem } = await import('../ledger/problem.ts');
  if (json === true) cli.terminal.json(result);
  if (result.problem !== null) throw new Refusal(describeProblem(result.problem), hint(result, flags));
  if (json !== true) cli.terminal.result('OK', summary(result));
}

async function source(cli: Cli, file: string | undefined, afterSeq = 0): Promise<AsyncIterable<Uint8Array>> {
  if (file === undefined) return ledgerBytes((await cli.connect()).client, { after_seq: afterSeq });
  return file === '-' ? cli.terminal.stdin() : fileBytes(file);
}

async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(file)) if (piece instanceof Uint8Array) yield piece;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(`${nameOf(file)}: expected an export that can be read, but ${why}`);
  }
}

async function verifyLines(lines: AsyncIterable<string>, options: VerifyOptions): Promise<Verification> {
  const { createVerifier } = await import('../ledger/verify.ts');
  const verifier = createVerifier(options);
  for await (const line of lines) verifier.feed(line);
  return verifier.finish();
}

function summary({ entries, chains, heads }: Verification): string {
  const newest = heads.reduce((best, head) => (head.seq > best.seq ? head : best), { seq: 0, hash: 'none' });
  return `entries=${entries} chains=${chains} seq=${newest.seq} head=${newest.hash}`;
}

/** An export of a part looks like one from which the rest was removed. */
function hint({ entries, problem }: Verification, { filtered, afterSeq }: VerifyFlags): string {
  if (problem?.kind === 'removed' && filtered !== true && afterSeq === undefined && entries === 0) {
    return 'an export that was made with --trace-id or --namespace is verified with --filtered, one with --after-seq with the same --after-seq';
  }
  return 'keep this export and compare it with one made earlier; entries before the one named are in order';
}
