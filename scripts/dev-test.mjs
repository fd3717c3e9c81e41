/**
 * `./temporal-dev.sh test`: everything that CI checks, in parts, each a process of its own. A part that fails
 * does not stop the others. The checks go one by one, because tests need what they build; the tests go two parts at
 * a time, because most of them wait for real timers. The last line printed is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inLanes } from './dev-lanes.mjs';
import { rebuild, root } from './dev-prepare.mjs';
import { SKIPPED } from './fuzz.mjs';
import { endLeftovers, startTimeOf } from './run-record.mjs';

const say = (line) => console.log(line);
const bin = (name, ...path) => [process.execPath, join(root, 'node_modules', name, ...path)];

/** Folders of test/ that get a part of their own; every other folder is in the first part. */
const ownParts = [
  ['store'],
  ['activities', 'delivery', 'api', 'cli'],
  ['stack'],
  ['replay'],
  ['conformance'],
  ['faults'],
];
/** Its files take minutes each: those whose names begin with the same word are a part. */
const splitFolder = 'e2e';

const FUZZ_SECONDS = 60;

/** Parts of tests at a time. */
const LANES = 2;
/** For what a part that has ended still has to say. */
const DRAIN_MS = 5_000;

const running = new Set();
let interrupted = false;

/** A second signal kills. */
function interrupt() {
  for (const child of running) child.kill(interrupted ? 'SIGKILL' : 'SIGTERM');
  interrupted = true;
}

/** @returns {Promise<number>} exit code */
export async function test() {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, interrupt);
  const [first, then] = [checks(), [...suites(), fuzzing()]];
  const parts = [...first, ...then].map((part, at, { length }) => ({
    ...part,
    title: `part ${at + 1} of ${length}: ${part.name}`,
  }));
  const results = [
    ...(await inLanes(parts.slice(0, first.length), { lanes: 1, perform, stopped })),
    ...(await inLanes(parts.slice(first.length), { lanes: LANES, perform, stopped })),
  ];
  if (interrupted) {
    await endTestProcesses();
    return 130;
  }
  say('\nParts:');
  for (const result of results) say(`  ${describe(result)}`);
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  if (total('skipped') > 0) say(`  ${total('skipped')} skipped`);
  say(`\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 && total('passed') > 0 ? 0 : 1;
}

const stopped = () => interrupted;

/** Runs one part; `write` takes its output as it comes. */
async function perform(part, write) {
  write(`\n=== ${part.title}\n`);
  const began = Date.now();
  const counts = await part.run(write);
  const result = { name: part.name, seconds: (Date.now() - began) / 1000, ...counts };
  write(`=== ${describe(result)}\n`);
  return result;
}

/** What tests of a broken-off run started: each run has a folder of records, named after its process. */
async function endTestProcesses() {
  const runs = join(root, '.warden', 'test-run');
  if (!existsSync(runs)) return;
  for (const owner of readdirSync(runs)) {
    if (startTimeOf(Number(owner)) === null) await endLeftovers(join(runs, owner), say);
  }
}

function describe({ name, seconds, passed, failed, skipped, check }) {
  const time = `${seconds.toFixed(1)} s`.padStart(8);
  const counted = check
    ? failed === 0
      ? 'ok'
      : 'FAILED'
    : `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return `${name.padEnd(36)} ${time}  ${counted}`;
}

/** Not counted when they pass; a failed one counts as one failure. */
function checks() {
  const check = (name, work) => ({
    name,
    run: async (write) => ({ passed: 0, failed: (await work(write)) ? 0 : 1, skipped: 0, check: true }),
  });
  const command = (name, [program, ...args]) =>
    check(name, async (write) => (await run(program, args, write)) === 0);
  return [
    command('format', [...bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.']),
    command('lint', [...bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0']),
    command('types', [...bin('typescript', 'bin', 'tsc'), '--noEmit']),
    check('build', (write) =>
      rebuild((line) => write(`${line}\n`)).then(
        () => true,
        (error) => write(`${error.message}\n`),
      ),
    ),
  ];
}

function suites() {
  return testParts().map(({ names, paths }) => ({
    name: `test ${names.join(' ')}`,
    run: (write) =>
      runSuite(
        paths.map((path) => join('test', path)),
        write,
      ),
  }));
}

/** The parts that run tests: what they are called after, and their folders and files below test/. */
export function testParts() {
  return [...folderParts(), ...splitParts()];
}

function folderParts() {
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasTests(entry.name))
    .map(({ name }) => name);
  const own = [...ownParts.flat(), splitFolder];
  const parts = [folders.filter((name) => !own.includes(name)), ...ownParts];
  return parts
    .map((names) => names.filter((name) => folders.includes(name)))
    .filter((names) => names.length > 0)
    .map((names) => ({ names, paths: names }));
}

function splitParts() {
  const words = new Map();
  for (const file of testsIn(splitFolder)) {
    const [word] = basename(file).split(/[-.]/);
    words.set(word, [...(words.get(word) ?? []), join(splitFolder, file)]);
  }
  return [...words].map(([word, paths]) => ({ names: [splitFolder, word], paths }));
}

/** Counts as one test; skipped where there is no Python. */
function fuzzing() {
  return {
    name: `fuzzing, ${FUZZ_SECONDS} s`,
    run: async (write) => {
      const fuzz = join(root, 'scripts', 'fuzz.mjs');
      // Always the same cases, so that a change is judged and not its luck; by hand they are others each time.
      const code = await run(process.execPath, [fuzz, String(FUZZ_SECONDS), '1'], write);
      const skipped = code === SKIPPED ? 1 : 0;
      const passed = code === 0 ? 1 : 0;
      return { passed, failed: 1 - passed - skipped, skipped, check: false };
    },
  };
}

function hasTests(folder) {
  return testsIn(folder).length > 0;
}

function testsIn(folder) {
  const names = readdirSync(join(root, 'test', folder), { recursive: true });
  return names.filter((name) => name.endsWith('.test.ts')).sort();
}

async function runSuite(paths, write) {
  mkdirSync(join(root, '.warden'), { recursive: true });
  const scratch = mkdtempSync(join(root, '.warden', 'counts-'));
  const file = join(scratch, 'counts.json');
  try {
    const [program, ...mocha] = bin('mocha', 'bin', 'mocha.js');
    const reporter = [
      '--reporter',
      join(root, 'scripts', 'mocha-counts.cjs'),
      '--reporter-option',
      `file=${file}`,
    ];
    const code = await run(program, [...mocha, ...reporter, ...paths], write);
    const { passes, failures, pending } = countsIn(file);
    // A leak, or a run that broke off, fails without a failed test.
    const failed = failures === 0 && code !== 0 ? 1 : failures;
    return { passed: passes, failed, skipped: pending, check: false };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function countsIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passes: 0, failures: 0, pending: 0 };
  }
}

function run(program, args, write) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', write);
    const ended = (code) => {
      running.delete(child);
      resolve(code ?? 1);
    };
    child.once('error', (error) => {
      write(`${program} could not be started: ${error.message}\n`);
      ended(1);
    });
    child.once('close', ended);
    // A process that a test left may hold the pipes open for ever.
    child.once('exit', (code) => setTimeout(ended, DRAIN_MS, code).unref());
  });
}
