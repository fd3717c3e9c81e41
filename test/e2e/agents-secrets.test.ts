import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { after, before, describe, it } from 'mocha';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { ended, started, steps } from '../support/sagas.ts';
import { sharedTemporal } from '../support/temporal.ts';
import { allRows, answersOf, wholeHistory } from '../support/written.ts';
import {
  assertNowhere,
  CANARIES,
  secretEnvironment,
  secretSagas,
  startRemoteServer,
  startRepeatingServer,
  type Remote,
  type SecretSaga,
} from './agents-secrets.ts';

describe('secrets that manifests name in env and headers, and keys of providers', function () {
  this.timeout(240_000);
  let url: string;
  let cluster: Cluster;
  let remote: Remote;
  let repeating: Awaited<ReturnType<typeof startRepeatingServer>>;
  let connection: Connection;
  let client: Client;
  let sagas: Map<string, SecretSaga>;
  const processes: RunningProcess[] = [];
  const traces = new Map<string, string>();
  const deployed: string[] = [];

  before(async () => {
    remote = await startRemoteServer();
    repeating = await startRepeatingServer();
    url = await createDatabase('agents_secrets');
    const { address } = await sharedTemporal();
    connection = await Connection.connect({ address });
    client = new Client({ connection });
    cluster = await createCluster({ temporal: address, url });
    const env = secretEnvironment(repeating.url);
    processes.push(await cluster.startApi(env), await cluster.startWorker(env));
    sagas = secretSagas({ remote: remote.url('http'), repeating: repeating.url });
    for (const [name, { manifests }] of sagas) {
      for (const text of manifests) deployed.push(JSON.stringify(await cluster.http.deploy(text)));
      traces.set(name, await started(cluster, `secrets-${name}`, {}));
    }
  });
  after(async () => {
    await cluster.stop();
    await connection.close();
    await repeating.stop();
    await remote.stop();
  });

  it('reach the servers that they are for', async () => {
    for (const [name, { status, failure }] of sagas) {
      const traceId = traces.get(name) ?? '';
      const saga = await ended(cluster, traceId);
      const [step] = await steps(cluster, traceId);
      const said = `${name}: ${JSON.stringify(step?.error_details)}`;
      assert.equal(saga.status, status, said);
      if (failure !== null) assert.match(said, failure);
    }
    const { authorization } = remote.headers.find((each) => each.authorization !== undefined) ?? {};
    assert.equal(authorization, `Bearer ${CANARIES.CANARY_HEADER}`);
    assert.equal(repeating.refused.size, 4);
    for (const [said, times] of repeating.refused) assert.ok(times >= 4, said);
    const [step] = await steps(cluster, traces.get('uses') ?? '');
    const shown = await cluster.http.showStep(traces.get('uses') ?? '', step?.step_span_id ?? '');
    const sha256 = createHash('sha256').update(`Bearer ${CANARIES.CANARY_ENV}`).digest('hex');
    assert.deepEqual(shown.output_payload, { data: { sha256 } });
  });

  it('are in no table of the store', async () => {
    const rows = await allRows(url);
    assert.match(rows.get('public.definition_bodies') ?? '', /CANARY_HEADER/);
    assert.match(rows.get('public.turns') ?? '', /\[secret\]/);
    assertNowhere(rows);
  });

  it('are in no history of Temporal', async () => {
    const histories = new Map<string, string>();
    for (const [name, traceId] of traces) {
      histories.set(name, await wholeHistory(client, `saga-${traceId}`));
    }
    assert.match(histories.get('uses') ?? '', new RegExp(traces.get('uses') ?? 'none'));
    assertNowhere(histories);
  });

  it('are in no log', async () => {
    for (const each of processes) await each.stop();
    const logs = new Map(processes.map((each) => [each.name, each.output()]));
    assert.match(logs.get('worker') ?? '', /started with TOKEN=Bearer \[secret\]/);
    assertNowhere(logs);
  });

  it('are in no answer of the HTTP interface', async () => {
    processes.push(await cluster.startApi(CANARIES));
    const paths = [...traces.values()].flatMap((trace) => [
      `/v1/sagas/steps?trace_id=${trace}`,
      `/v1/sagas?trace_id=${trace}`,
    ]);
    for (const trace of traces.values()) {
      for (const { step_span_id } of await steps(cluster, trace)) {
        paths.push(`/v1/sagas/${trace}/steps/${step_span_id}`);
      }
    }
    const { items } = await cluster.http.listDefinitions('saga', { limit: 100 });
    paths.push(...items.map(({ id }) => `/v1/definitions/sagas/${id}`));
    paths.push('/v1/definitions/sagas?limit=100', '/v1/definitions/workers?limit=100', '/v1/ready');
    paths.push('/v1/ledger/export', '/v1/sagas/pending-review', '/v1/openapi.json');
    const answers = await answersOf(cluster.url, paths);
    assert.match(answers.get('/v1/ledger/export') ?? '', /\[secret\]/);
    answers.set('of deploys', deployed.join('\n'));
    assertNowhere(answers);
  });
});
