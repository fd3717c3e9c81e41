/**
 * The whole interface for the fuzzer, in a process of its own: over an embedded store, with sagas that go on. What
 * worker processes do is done here by the store's own transactions: a saga that is started comes to its first
 * review, and a decided review leads to the next. Prints its address as one line of JSON, ends with its input.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '../../api/listen.ts';
import { createApiClient } from '../../api/client.ts';
import { openStore } from '../../store/store.ts';
import { carryOn, EXAMPLE } from './carry.ts';

const FILES = {
  'collect.j2': 'Collect the notes.',
  'draft.j2': 'Draft the entry.',
  'entry.json': JSON.stringify({
    type: 'object',
    properties: { title: { type: 'string', maxLength: 100 } },
    required: ['title'],
  }),
  'entry.yaml': 'name: entry\ncel: output.data.title != "forbidden"\n',
  'restore.yaml': 'worker: clerk\nworker_version: "1"\ntools: { allow: [{ name: restore_note }] }\n',
};

const WORKER =
  'kind: worker\nname: clerk\nversion: "1"\nprovider: mock\nmodel_name: mock\nsystem_prompt: Notes.\n';

/** Named as in the examples of the document, so that what the fuzzer starts is there. */
const SAGA = `
kind: saga
name: changelog
version: "1"
description: Drafts a changelog entry, has it reviewed, and writes it.
steps:
  - { id: collect, name: Collect, kind: reason, worker: clerk, worker_version: "1", prompt: collect.j2 }
  - id: reserve
    name: Reserve
    kind: commit
    worker: clerk
    worker_version: "1"
    compensation: restore.yaml
    tools: { allow: [{ name: write_note }] }
  - id: draft
    name: Draft
    kind: reason
    worker: clerk
    worker_version: "1"
    prompt: draft.j2
    hitl: true
    policy: entry.yaml
    output_schema: entry.json
  - id: publish
    name: Publish
    kind: commit
    worker: clerk
    worker_version: "1"
    hitl: true
    hitl_max_retries: 2
    tools: { allow: [{ name: write_note }] }
`;

const LOOK_MS = 100;

const folder = await mkdtemp(join(tmpdir(), 'warden-fuzz-'));
for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
const store = await openStore({ directory: null });
const complain = (fields: object, message: string): void => console.error(message, fields);
const log = { info: () => undefined, warn: complain, error: complain };
const roots = { prompts: folder, policies: folder, schemas: folder, compensations: folder };
const temporal = () => Promise.resolve({ reachable: true, workers: 1 });
const settings = { api: { host: '127.0.0.1', port: 0 } };
const api = await startApi(settings, { store, roots, stdioAllow: [], temporal, log });
const client = createApiClient(api.url);
await client.deploy(WORKER);
await client.deploy(SAGA);
await client.startSaga({ name: 'changelog', version: '1' });
// The one of the document's examples: it is asked about for ever.
await client.startSaga({ name: 'changelog', version: '1', trace_id: EXAMPLE });
let carrying = carryOn(store);
await carrying;
const timer = setInterval(() => {
  carrying = carrying.then(() => carryOn(store)).catch((error: unknown) => console.error(error));
}, LOOK_MS);
console.log(JSON.stringify({ url: api.url }));

process.stdin.resume();
process.stdin.once('end', () => void end());

async function end(): Promise<void> {
  clearInterval(timer);
  await carrying;
  await api.stop();
  await store.close();
  await rm(folder, { recursive: true });
}
