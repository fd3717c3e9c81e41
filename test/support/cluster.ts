/**
 * Warden as it runs in earnest, for tests that kill it: real processes from `dist/`, on a Temporal that the test
 * brings and either a PostgreSQL database with any number of API and worker processes, or one standalone process
 * on a PGlite folder. Each process is started, killed, frozen and started again by itself; all share one notes
 * server's folder and record. Needs `npm run build`.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient } from '../../api/client.ts';
import { freePort } from './ports.ts';
import { startEntry, waitForLine, type EntryName, type RunningProcess } from './processes.ts';
import { fixtures, readRecord } from './stack.ts';

export interface ClusterOptions {
  /** Address of its Temporal. */
  temporal: string;
  /** PostgreSQL; left out: PGlite in a folder, for one standalone process. */
  url?: string;
}

export type Extra = Readonly<Record<string, string>>;

/** How a tool of the notes server behaves from now on (servers/notes-rehearsal.ts). */
export type Rehearsed = Readonly<
  Record<string, { delay_before_ms?: number; delay_after_ms?: number; fail?: string }>
>;

export type Cluster = Awaited<ReturnType<typeof createCluster>>;

const READY = { worker: /worker ready/, api: /api ready on/ } as const;
let clusters = 0;

/** Prepares a cluster; nothing runs yet. The caller stops it. */
export async function createCluster({ temporal, url }: ClusterOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'warden-cluster-'));
  const notes = { folder: join(folder, 'notes'), record: join(folder, 'record.jsonl') };
  mkdirSync(notes.folder);
  const port = await freePort();
  const taskQueue = `cluster-${process.pid}-${(clusters += 1)}`;
  const env: Extra = {
    TEMPORAL_ADDRESS: temporal,
    WARDEN_TASK_QUEUE: taskQueue,
    WARDEN_API_PORT: String(port),
    WARDEN_DATA_DIR: join(folder, 'data'),
    ...(url === undefined ? {} : { DATABASE_URL: url }),
    WARDEN_STDIO_ALLOW: 'warden-notes',
    WARDEN_NOTES_FOLDER: notes.folder,
    WARDEN_NOTES_RECORD: notes.record,
    WARDEN_UNDO_RETRY_BASE_DELAY_S: '0.05',
    PROMPTS_ROOT: join(fixtures, 'prompts'),
    POLICIES_ROOT: join(fixtures, 'policies'),
    SCHEMAS_ROOT: join(fixtures, 'schemas'),
    COMPENSATIONS_ROOT: join(fixtures, 'compensations'),
  };
  const processes: RunningProcess[] = [];

  /** Starts a process and waits for nothing: it may be one that is to die before it is ready. */
  function launch(entry: EntryName, extra: Extra = {}): RunningProcess {
    const launched = startEntry(entry, [], { env: { ...env, ...extra } });
    processes.push(launched);
    return launched;
  }

  async function start(entry: EntryName, ready: RegExp, extra?: Extra): Promise<RunningProcess> {
    const launched = launch(entry, extra);
    await waitForLine(launched, ready);
    return launched;
  }

  const address = `http://127.0.0.1:${port}`;
  return {
    /** Of its HTTP interface. */
    url: address,
    http: createApiClient(address),
    notes,
    taskQueue,
    record: () => readRecord(notes.record),
    /** Makes tools slow or failing from the next call on; null: as they are. */
    rehearse: (control: Rehearsed | null) => rehearse(join(notes.folder, '.control.json'), control),
    launch,
    startApi: (extra?: Extra) => start('api/server', READY.api, extra),
    startWorker: (extra?: Extra) => start('worker', READY.worker, extra),
    startStandalone: (extra?: Extra) => start('standalone', READY.worker, extra),
    stop: async () => {
      await Promise.all(processes.map((each) => each.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** In one step on the disk: a call that comes meanwhile reads the old file or the new one. */
function rehearse(file: string, control: Rehearsed | null): void {
  if (control === null) {
    rmSync(file, { force: true });
    return;
  }
  writeFileSync(`${file}.new`, JSON.stringify(control));
  renameSync(`${file}.new`, file);
}
