/** Runs the built `warden` as the process that people start, and keeps its two streams apart. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository, startProgram } from '../support/processes.ts';

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Readonly<Record<string, string>>;
  stdin?: string;
  /** Where it is started; left out: an empty folder, so that no `.env` is read. */
  cwd?: string;
}

/** Starts a shell line in which "$@" is `warden` with its arguments; standard error goes to a file. */
export async function startCli(args: readonly string[], options: RunOptions = {}, shell = 'exec "$@"') {
  const folder = await mkdtemp(join(tmpdir(), 'warden-cli-'));
  const stderrFile = join(folder, 'stderr');
  const cwd = options.cwd ?? folder;
  const stdinFile = join(folder, 'stdin');
  await writeFile(stdinFile, options.stdin ?? '');
  const warden = [process.execPath, join(repository, 'dist', 'cli', 'warden.js')];
  const line = `{ ${shell}; } 2>"$0" <"${stdinFile}"`;
  const { env = {} } = options;
  const running = startProgram('cli', '/bin/sh', ['-c', line, stderrFile, ...warden, ...args], { cwd, env });
  return {
    running,
    async ended(): Promise<Run> {
      const { code } = await running.exited;
      const stderr = await readFile(stderrFile, 'utf8');
      await rm(folder, { recursive: true, force: true });
      return { code, stdout: running.output(), stderr };
    },
  };
}

export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return await (await startCli(args, options)).ended();
}
