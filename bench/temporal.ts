/** The Temporal server that both sides run on: the development server, with the flags of the development stack. */
import { join } from 'node:path';
import { freePort } from '#scripts/ports.mjs';
import { findProgram } from '#scripts/temporal-binaries.mjs';
import { prepareServer, serverArguments } from '#scripts/temporal-server.mjs';
import { loadEnvironment } from '../settings.ts';
import type { Programs, Running } from './programs.ts';

export interface Temporal {
  address: string;
  running: Running;
}

/**
 * @param flags `stack`: those of scripts/temporal-server.mjs; `defaults`: the same server without pragmas and
 *   dynamic configuration
 */
export async function startTemporal(
  programs: Programs,
  folder: string,
  flags: 'stack' | 'defaults',
): Promise<Temporal> {
  const cli = await findProgram('cli', { env: loadEnvironment(), say: () => undefined });
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const all = serverArguments({ port, uiPort: null, stateFile: join(folder, `temporal-${flags}.db`) });
  const tuned = ['--sqlite-pragma', '--dynamic-config-value'];
  const args =
    flags === 'stack'
      ? all
      : all.filter((each, at) => !tuned.includes(each) && !tuned.includes(all[at - 1] ?? ''));
  const running = programs.start(`temporal-${flags}`, cli, args);
  await prepareServer({ cli, address, timeoutMs: 30_000, gone: () => running.child.ended !== null });
  return { address, running };
}
