/**
 * Fuzzes the HTTP interface with schemathesis, from its own OpenAPI document: no answer may be a 5xx, nor one that the
 * document does not describe. The interface runs in a process of its own (test/fuzz/app.ts), over an embedded store.
 *
 *   node scripts/fuzz.mjs [seconds] [seed] [address]
 *
 * The same seed makes the same cases; without one each run makes its own, and prints its seed. With the address of a
 * running stack that one is asked instead: everything in it is at stake.
 * schemathesis is installed from PyPI into .warden/, once. Without Python, or without PyPI, it says that it was
 * skipped and ends with 77.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The newest release that each Python can have. The old one cannot be told what may be refused, nor a time. */
const RELEASES = [
  {
    python: [3, 11],
    version: '4.32.5',
    before: ['--config-file', join(root, 'test', 'fuzz', 'schemathesis.toml')],
    after: (seconds) => ['--max-time', String(seconds)],
    checks: 'all checks',
  },
  {
    python: [3, 9],
    version: '4.4.4',
    before: [],
    after: (seconds) => [
      '--max-examples',
      String(Math.ceil(seconds / 2)),
      '--exclude-checks',
      'negative_data_rejection,positive_data_acceptance',
    ],
    checks: 'all checks but those of accepting and rejecting, which need Python 3.11',
  },
];

/** Exit code of a run that was skipped, as automake has it. */
export const SKIPPED = 77;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const INSTALL_MS = 300_000;
const START_MS = 60_000;
/** Beyond the time that it was given: to report, and to shrink what it found. */
const GRACE_MS = 120_000;

/**
 * @param {number} seconds
 * @param {(line: string) => void} say
 * @param {string} [seed]
 * @param {string} [address]
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function fuzz(seconds, say, seed, address) {
  const installed = await install(say);
  if ('missing' in installed) {
    say(`fuzzing was skipped: ${installed.missing}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const app = address === undefined ? startApp() : runningStack(address);
  try {
    const url = await app.url;
    const { version, checks } = installed.release;
    say(`schemathesis ${version}, ${seconds} s, ${checks}, against ${url}`);
    const code = await runSchemathesis(installed, url, { seconds, seed });
    const complaints = app.complaints();
    for (const line of complaints) say(`the interface complained: ${line}`);
    const good = code === 0 && complaints.length === 0;
    return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 };
  } catch (error) {
    say(error.message);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    await app.end();
  }
}

/** The release, and the Python that has it; else what is missing. */
async function install(say) {
  const found = await findPython();
  if (found === null) return { missing: 'no Python 3.9 or later is installed' };
  const { release } = found;
  const folder = join(root, '.warden', `schemathesis-${release.version}`);
  const python = join(folder, 'bin', 'python');
  if (await answers(python, ['-m', 'schemathesis.cli', '--version'])) return { release, folder, python };
  say(`installing schemathesis ${release.version} into ${folder}`);
  if (!existsSync(python) && !(await answers(found.name, ['-m', 'venv', folder]))) {
    return {
      missing: `${found.name} cannot make a virtual environment (on Debian: apt install python3-venv)`,
    };
  }
  const what = `schemathesis==${release.version}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', what];
  if (await answers(python, pip)) return { release, folder, python };
  return { missing: `${what} could not be installed from PyPI` };
}

/** The first that can have the newest release, else the first that can have another. */
async function findPython() {
  const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  for (const release of RELEASES) {
    const test = `import sys; sys.exit(sys.version_info < (${release.python.join(', ')}))`;
    for (const name of names) if (await answers(name, ['-c', test])) return { release, name };
  }
  return null;
}

function answers(program, args) {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: INSTALL_MS }, (error) => resolve(error === null));
  });
}

/** Somebody else's: what it complains of is in its own log. */
function runningStack(url) {
  return { url: Promise.resolve(url), complaints: () => [], end: () => Promise.resolve() };
}

function startApp() {
  const swc = '--import=@swc-node/register/esm-register';
  const child = spawn(process.execPath, [swc, join('test', 'fuzz', 'app.ts')], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const complaints = [];
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the interface did not start in time')), START_MS);
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(late);
      resolve(JSON.parse(line).url);
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the interface ended with ${code}: ${complaints.join('\n')}`));
    });
  });
  return {
    url,
    complaints: () => [...complaints],
    end: async () => {
      child.stdin.end();
      const cut = setTimeout(() => child.kill('SIGKILL'), START_MS);
      await ended;
      clearTimeout(cut);
    },
  };
}

function runSchemathesis({ release, folder, python }, url, { seconds, seed }) {
  const { before, after } = release;
  const args = ['-m', 'schemathesis.cli', ...before, 'run', `${url}/v1/openapi.json`, '--checks', 'all'];
  args.push(...after(seconds), ...(seed === undefined ? [] : ['--seed', seed]), '--no-color');
  return new Promise((resolve, reject) => {
    // It keeps what it found beside it: not in the work tree.
    const child = spawn(python, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
    const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + GRACE_MS);
    const interrupt = () => child.kill('SIGTERM');
    for (const name of SIGNALS) process.once(name, interrupt);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(late);
      for (const name of SIGNALS) process.off(name, interrupt);
      resolve(code ?? 1);
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = '300', seed, address] = process.argv.slice(2);
  const { failed, skipped } = await fuzz(Number(seconds), console.log, seed, address);
  process.exitCode = skipped > 0 ? SKIPPED : failed;
}
