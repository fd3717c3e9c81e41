/**
 * Second half of `npm run build`, after the compiler: the workflow bundle that every worker process loads,
 * libraries made one file each, and the executable bit of the command line. Bundled is what was compiled, so that
 * what runs is what was checked.
 */
import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { makeSingleFiles } from './single-file.mjs';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
const workflow = (name) => join(dist, 'workflows', `${name}.js`);

/** Errors stay; that a bundle was made is not worth three lines. */
const quiet = {
  log: (level, message) => (level === 'ERROR' || level === 'WARN' ? console.error(message) : undefined),
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => console.error(message),
  error: (message) => console.error(message),
};

const { code } = await bundleWorkflowCode({
  workflowsPath: workflow('saga'),
  workflowInterceptorModules: [workflow('identity'), workflow('canceled')],
  payloadConverterPath: workflow('converter'),
  logger: quiet,
});

// Renamed into place: a process that starts meanwhile reads the old bundle or the new one, never half of one.
const target = join(dist, 'workflow-bundle.js');
writeFileSync(`${target}.${process.pid}`, code);
renameSync(`${target}.${process.pid}`, target);
console.log(`dist/workflow-bundle.js: ${Math.round(code.length / 1024)} KiB`);

await makeSingleFiles(dist);

const commandLine = join(dist, 'cli', 'warden.js');
if (existsSync(commandLine)) chmodSync(commandLine, 0o755);
