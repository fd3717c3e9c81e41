#!/usr/bin/env node
/** `warden`, the command line: a process entry. */
import { loadEnvironment, readSettings } from '../settings.ts';
import { createConnect } from './engine.ts';
import { runCommand } from './program.ts';
import { EXIT, reportFailure } from './refusal.ts';
import { createTerminal } from './terminal.ts';

process.on('SIGINT', () => process.exit(EXIT.interrupted));
process.on('SIGTERM', () => process.exit(EXIT.terminated));
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: Error) => {
    // Whoever read the output has seen enough, as in "| head".
    if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
}
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const env = loadEnvironment();
    const terminal = createTerminal(process, (env['NO_COLOR'] ?? '') === '');
    const connect = createConnect(() => readSettings(env).engineUrl);
    const manifestSettings = () => {
      const { roots, stdioAllow } = readSettings(env);
      return { roots, stdioAllow };
    };
    return await runCommand({ terminal, connect, manifestSettings }, process.argv.slice(2));
  } catch (error) {
    // A .env that cannot be read.
    return reportFailure(error, createTerminal(process, false));
  }
}
