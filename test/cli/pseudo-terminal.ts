/** Runs the built `warden` on a terminal, which the program `script` makes, and shows what one would see there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository, startProgram } from '../support/processes.ts';

/** Why there is no terminal to be had; null when there is. */
export const noTerminal: string | null =
  spawnSync('script', ['-qec', 'exit 7', '/dev/null'], { stdio: 'ignore' }).status === 7
    ? null
    : 'skipped: it needs the program "script" of util-linux, which makes a terminal';

export interface TerminalOptions {
  env: Readonly<Record<string, string>>;
  rows?: number;
  columns?: number;
}

export async function startOnTerminal(args: readonly string[], options: TerminalOptions) {
  const { env, rows = 24, columns = 100 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'warden-terminal-'));
  const keyboard = join(folder, 'keyboard');
  execFileSync('mkfifo', [keyboard]);
  const keys = await open(keyboard, 'r+');
  const words = [process.execPath, join(repository, 'dist', 'cli', 'warden.js'), ...args];
  const line = `stty rows ${rows} cols ${columns}; exec ${words.map((word) => `'${word}'`).join(' ')}`;
  const inside = ['-c', 'exec script -qec "$1" /dev/null <"$2"', 'sh', line, keyboard];
  const running = startProgram('cli-terminal', '/bin/sh', inside, { cwd: folder, env });
  return {
    running,
    type: (text: string) => keys.write(text),
    async ended(): Promise<{ code: number | null; screen: string[] }> {
      const { code } = await running.exited;
      await keys.close();
      await rm(folder, { recursive: true });
      return { code, screen: screenOf(running.output()) };
    },
  };
}

/** What stands on the screen after such output: what was drawn over or cleared is gone. */
export function screenOf(output: string): string[] {
  const lines = [''];
  let at = 0;
  for (const [part] of output.matchAll(/\u001b\[[?\d;]*[A-Za-z]|\r|\n|[^\u001b\r\n]+/g)) {
    if (part === '\n') lines[(at += 1)] ??= '';
    else if (/^\u001b\[\d+A$/.test(part)) at = Math.max(0, at - Number(part.slice(2, -1)));
    else if (part === '\u001b[J') lines.splice(at, Infinity, '');
    else if (part !== '\r' && !part.startsWith('\u001b')) lines[at] = `${lines[at] ?? ''}${part}`;
  }
  return lines;
}
