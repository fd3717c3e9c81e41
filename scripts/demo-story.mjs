/** What the demo tells: one saga approved to its end, one rejected and undone, and the ledger of both. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDemoClient } from './demo-client.mjs';
import { root } from './dev-prepare.mjs';

const name = 'changelog';
const version = '1';

/**
 * @param {{ api: string, notes: string, state: string, say: (line: string) => void, title: (line: string) => void }} scene
 * @throws {Error} when anything is not as told
 */
export async function tellStory(scene) {
  await approved(scene);
  await rejected(scene);
  await ledger(scene);
}

async function approved({ api, notes, say, title }) {
  const client = createDemoClient(api);
  const before = contents(notes);
  title(`A saga: "${name}" drafts an entry, which is published only when a person has read it`);
  const traceId = await client.start(name, version, { version: '1.2.0' });
  say(`POST /v1/sagas/start → trace_id ${traceId}`);
  let decisions = 0;
  for (;;) {
    const review = await client.nextReview(traceId);
    if (review === null) break;
    show(review, await client.saga(traceId), say);
    const { status } = await client.decide(review, 'approve', { comment: 'read and approved by the demo' });
    say(`POST …/approve → ${status}`);
    decisions += 1;
  }
  await expectEnd(client, traceId, 'COMPLETED', say);
  if (decisions === 0) throw new Error('the saga ended without asking a person');
  const written = changes(before, contents(notes));
  if (written.length === 0) throw new Error(`the saga completed, and nothing was written in ${notes}`);
  say('What the tool really wrote:');
  for (const { path, now } of written) say(`  ${join(notes, path)}\n${indent(now ?? '(removed)', 4)}`);
}

async function rejected({ api, notes, say, title }) {
  const client = createDemoClient(api);
  const before = contents(notes);
  title('The same saga again; this time the person says no, after something was done');
  const traceId = await client.start(name, version, { version: '1.3.0' });
  say(`POST /v1/sagas/start → trace_id ${traceId}`);
  for (;;) {
    const review = await client.nextReview(traceId);
    if (review === null) throw new Error('the saga ended before there was something to undo');
    const undos = review.undo_plan.filter(({ undo }) => undo === 'declared');
    const verb = undos.length > 0 ? 'reject' : 'approve';
    show(review, await client.saga(traceId), say);
    if (verb === 'reject') {
      const done = changes(before, contents(notes));
      for (const { path, now } of done) say(`  done so far: ${path}\n${indent(now ?? '(removed)', 4)}`);
      say(
        `  a rejection would undo: ${undos.map(({ step_id: id, tool }) => `${id} (by ${tool})`).join(', ')}`,
      );
    }
    const { status } = await client.decide(review, verb, { comment: `${verb} by the demo` });
    say(`POST …/${verb} → ${status}`);
    if (verb === 'reject') break;
  }
  while ((await client.nextReview(traceId)) !== null)
    throw new Error('the saga asks again after its rejection');
  await expectEnd(client, traceId, 'COMPENSATED', say);
  const left = changes(before, contents(notes));
  if (left.length > 0) throw new Error(`not undone: ${left.map(({ path }) => path).join(', ')}`);
  say(`Undone: ${notes} is as it was before this saga.`);
}

async function ledger({ api, state, say, title }) {
  title('The ledger of all that: exported, and verified without the server');
  const file = join(state, 'ledger.ndjson');
  await warden(api, ['ledger', 'export', '--out', file], say);
  await warden(api, ['ledger', 'verify', file], say);
}

function show(review, saga, say) {
  say(
    `Saga ${saga.status}: review ${review.step_id}#${review.iteration} (${review.step_kind}) waits for a person:`,
  );
  say(indent(JSON.stringify(review.sent ?? review.review_payload, null, 2), 4));
}

async function expectEnd(client, traceId, status, say) {
  const saga = await client.saga(traceId);
  for (const step of await client.steps(traceId)) {
    const undo = step.compensates_span_id === null ? '' : ' (undo)';
    say(`  ${`${step.step_id}${undo}`.padEnd(24)} ${step.status}`);
  }
  say(`Saga ${saga.status}${saga.failure === null ? '' : ` (${saga.failure.code})`}`);
  if (saga.status !== status) throw new Error(`expected the saga to be ${status}; it is ${saga.status}`);
}

/** Every file below a folder, by path. */
function contents(folder) {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

function changes(before, after) {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({ path, now: after.get(path) ?? null }));
}

function warden(api, args, say) {
  say(`$ warden ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'warden.js'), ...args], {
      env: { ...process.env, ENGINE_URL: api },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`warden ${args.join(' ')} ended with exit code ${code}`)),
    );
  });
}

function indent(text, by) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(by) + line)
    .join('\n');
}
