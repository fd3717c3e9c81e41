/**
 * Installs the dependencies when the lock file changed, builds when a source changed. Each leaves the hash of
 * what it was done for beside its result, so a removed result is made again. One process at a time.
 *
 * Runs before anything is installed: node's own modules only.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeLock } from './dev-lock.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...path) => join(root, ...path);

const installed = at('node_modules', '.warden-installed');
const built = at('dist', '.warden-built');
const notSources = new Set(['node_modules', 'dist', 'test', 'config', 'docs', 'coverage']);

/** @param {(line: string) => void} say */
export async function installWhenChanged(say) {
  const wanted = () => hashOf(['package-lock.json']);
  if (noted(installed) === wanted()) return;
  await alone(say, async () => {
    if (noted(installed) === wanted()) return;
    say('Installing dependencies (npm ci): package-lock.json is new or changed …');
    const hash = wanted();
    // Nothing that is installed here needs its install script.
    await run(
      'npm',
      ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
      'the dependencies could not be installed',
    );
    writeFileSync(installed, `${hash}\n`);
  });
}

/** @param {(line: string) => void} say */
export async function buildWhenChanged(say) {
  if (isBuilt()) return;
  await alone(say, async () => {
    if (!isBuilt()) await build(say);
  });
}

/** Builds whether or not something changed. */
export async function rebuild(say) {
  await alone(say, () => build(say));
}

async function build(say) {
  say('Building (npm run build): sources are new or changed …');
  const hash = hashOf(sources());
  rmSync(built, { force: true });
  await run('npm', ['run', '--silent', 'build'], 'the build failed; the errors are above');
  writeFileSync(built, `${hash}\n`);
}

function isBuilt() {
  return existsSync(at('dist', 'workflow-bundle.js')) && noted(built) === hashOf(sources());
}

function sources() {
  const rooms = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !notSources.has(entry.name),
  );
  const files = rooms.flatMap((room) =>
    readdirSync(at(room.name), { recursive: true }).map((name) => join(room.name, name)),
  );
  return [...readdirSync(root), ...files]
    .filter((name) => /\.(ts|mts)$/.test(name) || name === join('scripts', 'bundle.mjs'))
    .concat('package-lock.json', 'tsconfig.json', 'tsconfig.build.json')
    .sort();
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(at(file)))
      .update('\0');
  return hash.digest('hex');
}

function noted(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

async function alone(say, work) {
  let told = false;
  for (;;) {
    const lock = takeLock(at('.warden', 'prepare.lock'));
    if (lock.kind === 'taken') return await work().finally(lock.release);
    if (!told) say(`Waiting for process ${lock.pid}, which installs or builds here …`);
    told = true;
    await delay(200);
  }
}

function run(command, args, failure) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => reject(new Error(`${failure}: "${command}": ${error.message}`)));
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(failure))));
  });
}
