import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createCluster } from '../support/cluster.ts';
import { ended, started } from '../support/sagas.ts';
import { startTemporal } from '../support/temporal.ts';
import { allFiles, allRowsIn } from '../support/written.ts';
import {
  assertNowhere,
  CANARIES,
  secretEnvironment,
  secretSagas,
  startRemoteServer,
  startRepeatingServer,
} from './agents-secrets.ts';

describe('secrets, where all is in files: an embedded store and the development server of Temporal', function () {
  this.timeout(240_000);
  let folder: string;
  const traces: string[] = [];
  const stops: (() => Promise<unknown>)[] = [];
  /** In the order opposite to that of their starts; nothing twice. */
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  const data = () => join(folder, 'data');
  const temporalFolder = () => join(folder, 'temporal');

  /** Runs every saga that uses a secret, then ends all processes in order. */
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-secrets-'));
    await mkdir(temporalFolder());
    const remote = await startRemoteServer();
    stops.push(remote.stop);
    const repeating = await startRepeatingServer();
    stops.push(repeating.stop);
    const temporal = await startTemporal({ stateFile: join(temporalFolder(), 'state.db') });
    stops.push(temporal.stop);
    const cluster = await createCluster({ temporal: temporal.address });
    stops.push(cluster.stop);
    await cluster.startStandalone({ ...secretEnvironment(repeating.url), WARDEN_DATA_DIR: data() });
    const sagas = secretSagas({ remote: remote.url('http'), repeating: repeating.url });
    for (const [name, { manifests }] of sagas) {
      for (const text of manifests) await cluster.http.deploy(text);
      traces.push(await started(cluster, `secrets-${name}`, {}));
    }
    const ends = await Promise.all(traces.map((traceId) => ended(cluster, traceId)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      [...sagas.values()].map(({ status }) => status),
    );
    await stopAll();
  });
  after(async () => {
    await stopAll();
    await rm(folder, { recursive: true, force: true });
  });

  it('are in no file of the store, the log of its transactions among them', async () => {
    const files = await allFiles(data());
    const all = [...files.values()].join('\n');
    assert.ok(
      [...files.keys()].some((path) => path.includes('pg_wal')),
      [...files.keys()].join('\n'),
    );
    for (const known of ['CANARY_HEADER', '[secret]', ...traces]) assert.ok(all.includes(known), known);
    assertNowhere(files);
  });

  it('are in none of its tables, where large values are compressed in the files', async () => {
    const rows = await allRowsIn(data());
    assert.match(rows.get('public.definition_bodies') ?? '', /CANARY_HEADER/);
    assertNowhere(rows);
  });

  it('are in no file of Temporal', async () => {
    const files = await allFiles(temporalFolder());
    const all = [...files.values()].join('\n');
    for (const traceId of traces) assert.ok(all.includes(traceId), traceId);
    assertNowhere(files);
  });

  it('would be found, also a part of one in the middle of other bytes', () => {
    for (const canary of Object.values(CANARIES)) {
      for (let at = 0; at + 10 <= canary.length; at += 1) {
        const text = `\u0000${'x'.repeat(at)}${canary.slice(at, at + 10)}\u00ff`;
        assert.throws(() => assertNowhere(new Map([['a file', text]])), /a file has a part of/);
      }
    }
    assertNowhere(new Map([['a file', Object.keys(CANARIES).join(' ')]]));
  });
});
