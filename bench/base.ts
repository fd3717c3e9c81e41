/** The base as a running side: an HTTP process and a worker process of its own. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { freePort } from '#scripts/ports.mjs';
import { isJsonObject } from '../domain/json.ts';
import type { Http } from './http.ts';
import { dist, waitFor, type Programs } from './programs.ts';
import { inputOf, openSome, type Hold, type Side } from './side.ts';
import type { Temporal } from './temporal.ts';

/** @param label names its processes and its task queue */
export async function startBase(
  label: string,
  {
    programs,
    http,
    temporal,
    folder,
  }: { programs: Programs; http: Http; temporal: Temporal; folder: string },
): Promise<Side> {
  const bundle = join(folder, `${label}-bundle.js`);
  await writeFile(bundle, await bundledWorkflow());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const record = join(folder, label, 'record.jsonl');
  const server = programs.node(`${label}-server`, 'bench/base-server.js', [
    temporal.address,
    label,
    String(port),
  ]);
  const startWorker = () =>
    programs.node(`${label}-worker`, 'bench/base-worker.js', [
      ...[temporal.address, label, bundle, join(folder, label, 'notes'), record],
    ]);
  let worker = startWorker();

  async function open(): Promise<Hold> {
    const id = randomUUID();
    const path = `${id}.md`;
    await http.send('POST', `${url}/sagas/${id}`, inputOf(path), 201);
    await waitFor('a hold', [worker, server], async () => ((await look(id))['held'] === true ? true : null));
    return { id, path, approve: { url: `${url}/sagas/${id}/approve`, body: { comment: 'approved' } } };
  }

  async function look(id: string) {
    const answer = await http.send('GET', `${url}/sagas/${id}`, null, 200);
    if (!isJsonObject(answer))
      throw new Error(`expected an object of the base's server, got ${String(answer)}`);
    return answer;
  }

  await waitFor('answer', [server, worker], () => http.send('GET', url, null, 200).catch(() => null));
  return {
    record,
    open: (count) => openSome(count, open),
    pids: () => ({ server: server.child.pid, worker: worker.child.pid }),
    isDone: async ({ id }) => (await look(id))['status'] === 'COMPLETED',
    restartWorker: async () => {
      await worker.stop();
      worker = startWorker();
    },
  };
}

async function bundledWorkflow(): Promise<string> {
  const log = (message: string) => console.error(message);
  const quiet = () => undefined;
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: log, error: log };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(dist, 'bench', 'base-workflow.js'),
    logger,
  });
  return code;
}
