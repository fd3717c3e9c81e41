/** `warden ledger export`: the ledger, one JSON entry a line, to stdout or to a file that is whole or not there. */
import { once } from 'node:events';
import { createWriteStream, rmSync, type WriteStream } from 'node:fs';
import { realpath, rename, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Cli } from './engine.ts';
import { ledgerBytes, type LedgerQuery } from './ledger-stream.ts';
import { namespaceName, traceId, wholeNumber } from './options.ts';
import { Refusal } from './refusal.ts';

interface ExportOptions {
  out?: string;
  namespace?: string;
  traceId?: string;
  afterSeq?: number;
}

export function addLedgerExport(parent: Command, cli: Cli): void {
  parent
    .command('export')
    .description('export the ledger, one JSON entry a line')
    .option('--out <file>', 'where to (left out, or -: stdout)')
    .option('--namespace <name>', 'only this namespace (left out: the whole ledger)', namespaceName)
    .option('--trace-id <trace_id>', 'only this saga', traceId)
    .option('--after-seq <seq>', 'only what comes after this position', wholeNumber(0))
    .action(async (options: ExportOptions) => {
      const { namespace, out } = options;
      const query = { namespace, trace_id: options.traceId, after_seq: options.afterSeq };
      if (out === undefined || out === '-') await toStdout(cli, query);
      else await toFile(cli, query, out);
    });
}

async function toStdout(cli: Cli, query: LedgerQuery): Promise<void> {
  const { client } = await cli.connect();
  const decoder = new TextDecoder();
  for await (const piece of ledgerBytes(client, query)) {
    await cli.terminal.jsonText(decoder.decode(piece, { stream: true }));
  }
  await cli.terminal.jsonText(decoder.decode());
}

async function toFile(cli: Cli, query: LedgerQuery, out: string): Promise<void> {
  const { client } = await cli.connect();
  const target = await resolveTarget(out);
  const partial = target.regular ? `${target.path}.${process.pid}.part` : target.path;
  // Also when Ctrl-C ends the process.
  const clean = () => {
    if (target.regular) rmSync(partial, { force: true });
  };
  process.once('exit', clean);
  try {
    const lines = await write(
      createWriteStream(partial, { mode: 0o600, flush: target.regular }),
      ledgerBytes(client, query),
    );
    if (target.regular) await rename(partial, target.path);
    cli.terminal.result('SUCCESS', `lines=${lines} file=${out}`);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new Refusal(`${out} cannot be written: ${error.message}`);
    throw error;
  } finally {
    clean();
    process.off('exit', clean);
  }
}

/** A link is followed, and a device or a pipe is written to and never replaced. */
async function resolveTarget(out: string): Promise<{ path: string; regular: boolean }> {
  try {
    const path = await realpath(out);
    return { path, regular: (await stat(path)).isFile() };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { path: out, regular: true };
    throw error;
  }
}

async function write(file: WriteStream, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  const ended = finished(file);
  // Awaited below; until then a failure shows in the loop.
  ended.catch(() => undefined);
  try {
    for await (const piece of pieces) {
      for (const byte of piece) if (byte === 0x0a) lines += 1;
      if (file.errored !== null) break;
      if (!file.write(piece)) await Promise.race([once(file, 'drain'), ended]);
    }
    file.end();
    await ended;
    return lines;
  } catch (error) {
    file.destroy();
    throw error;
  }
}
