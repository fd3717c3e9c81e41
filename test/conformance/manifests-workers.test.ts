import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe } from 'mocha';
import { startRemoteServer, type RemoteServer } from '../mcp/fixtures/remote-server.ts';
import { stepWith, useDeploys, workerWith } from './manifests.ts';
import { proves } from './rule.ts';
import { call, SHAPES_ENV, useShapes } from './shapes.ts';
import { useWorld, write } from './world.ts';

const SECRET = 'canary-of-the-variable-4711';
const ENV = {
  ...SHAPES_ENV,
  WARDEN_MCP_ALLOW_PRIVATE: 'true',
  RULE_TOKEN: SECRET,
  RULE_OTHER: 'another-canary',
  RULE_EMPTY: '',
};
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

describe('worker manifests and their tool sources', () => {
  const world = useWorld(ENV);
  const { outcome, refuses } = useDeploys(world);
  const shapes = useShapes(world);
  const http = () => world.stack().http;
  let remote: RemoteServer;
  before(async () => {
    remote = await startRemoteServer();
  });
  after(() => remote.stop());

  /** Deploys a worker with this one source, and runs one call of its tool. */
  async function runWith(name: string, source: object, tool: string) {
    await outcome(workerWith({ name, tool_sources: [source] }));
    const { traceId, saga } = await world.run([call('a', tool, {}, { worker: name })]);
    return { traceId, saga, step: await world.show(traceId, 'a') };
  }
  const variables = async (name: string, more: object) => {
    const source = shapes.source(more);
    const { step } = await runWith(name, source, 'environment');
    return new Map(Object.entries<string>(Object(step.output_payload?.['data']).variables ?? {}));
  };

  proves('MANIFEST-32', async () => {
    for (const provider of ['openai', 'anthropic', 'local', 'mock'])
      await outcome(workerWith({ name: `of-${provider}`, provider, model_name: 'model-of-today' }));
    await refuses([
      [
        workerWith({ provider: 'azure' }),
        'provider',
        /openai or anthropic or local or mock, found the text "azure"/,
      ],
      [workerWith({ provider: 'Mock' }), 'provider', /found the text "Mock"/],
    ]);
  });

  proves('MANIFEST-33', async () => {
    await refuses([
      [workerWith({ provider: undefined }), 'provider', /is required/],
      [workerWith({ model_name: undefined }), 'model_name', /is required/],
      [workerWith({ system_prompt: undefined }), 'system_prompt', /is required/],
      [workerWith({ temperature: 'warm' }), 'temperature', /a number from 0 to 2, found the text "warm"/],
    ]);
  });

  proves('MANIFEST-36', async () => {
    const adapterOf = async (more: object) => {
      await outcome(workerWith({ name: 'adapted', ...more }));
      return (await http().listDefinitions('worker', { name: 'adapted' })).items[0]?.adapter;
    };
    assert.equal(await adapterOf({}), 'langchain');
    assert.equal(await adapterOf({ adapter: 'of-my-own' }), 'of-my-own');
    const { saga } = await runWith('adapted', shapes.source(), 'typed');
    assert.equal(saga.status, 'COMPLETED');
  });

  proves('MANIFEST-37', async () => {
    const over = (name: string, transport: object, url: string) =>
      runWith(name, { name: 'remote', url, ...transport }, 'echo');
    const before = remote.requests.length;
    const paths = async (done: ReturnType<typeof over>) => {
      const from = remote.requests.length;
      assert.equal((await done).saga.status, 'COMPLETED');
      return remote.requests.slice(from).map((line) => line.replace(/\?.*/, ''));
    };
    assert.ok((await paths(over('by-default', {}, remote.url('sse')))).includes('GET /sse'));
    assert.ok(
      (await paths(over('by-http', { transport: 'HTTP' }, remote.url('http')))).includes('POST /mcp'),
    );
    assert.ok(before < remote.requests.length);
    const { saga } = await runWith('by-stdio', shapes.source({ transport: 'StdIO' }), 'typed');
    assert.equal(saga.status, 'COMPLETED');
    await refuses([
      [
        workerWith({ tool_sources: [{ name: 'a', transport: 'websocket', url: 'ws://a' }] }),
        'tool_sources[0].transport',
        /expected sse or http or stdio, found the text "websocket"/,
      ],
    ]);
  });

  proves('MANIFEST-38', async () => {
    const of = (source: object) => workerWith({ tool_sources: [{ name: 'a', ...source }] });
    const stdio = { transport: 'stdio', command: 'warden-notes' };
    await refuses([
      [of({ ...stdio, url: 'http://a' }), 'tool_sources[0].url', /belongs to the transports sse and http/],
      [of({ ...stdio, headers: {} }), 'tool_sources[0].headers', /belongs to the transports sse and http/],
      [
        of({ url: 'http://a', args: [] }),
        'tool_sources[0].args',
        /this is sse, because "transport" is missing/,
      ],
      [
        of({ transport: 'http', url: 'http://a', env: {} }),
        'tool_sources[0].env',
        /transport stdio; this is http/,
      ],
      [of({ transport: 'stdio' }), 'tool_sources[0].command', /is required/],
      [of({ transport: 'http' }), 'tool_sources[0].url', /is required/],
      [of({ url: 'ftp://a' }), 'tool_sources[0].url', /begins with http:\/\/ or https:\/\//],
      [workerWith({ tool_sources: [stdio] }), 'tool_sources[0].name', /is required/],
    ]);
  });

  proves('MANIFEST-39', async () => {
    const tool_sources = [shapes.source(), { ...shapes.source(), args: [] }];
    await refuses([[workerWith({ tool_sources }), 'tool_sources[1]', /"shapes" a second time/]]);
  });

  proves('MANIFEST-40', async () => {
    const source = shapes.source({ command: 'rm' });
    const said = /found "rm": WARDEN_STDIO_ALLOW allows warden-notes, node/;
    await refuses([[workerWith({ tool_sources: [source] }), 'tool_sources[0].command', said]]);
  });

  proves('MANIFEST-41', async () => {
    const bare = await variables('bare', {});
    assert.ok(bare.has('PATH') && bare.has('SHAPES_RECORD'));
    assert.deepEqual(
      [...bare.keys()].filter((name) => /^(RULE_|WARDEN_|TEMPORAL_|DATABASE_URL)/.test(name)),
      [],
    );
    const inherited = await variables('inheriting', { env_inherit: ['RULE_OTHER'] });
    assert.deepEqual(
      [inherited.get('RULE_OTHER'), inherited.has('RULE_TOKEN')],
      [hash('another-canary'), false],
    );
    const [script] = shapes.source().args;
    const args = [script, '-e', 'RULE_TOKEN', '-e', 'RULE_OTHER=given'];
    const docker = await variables('docker-style', { args });
    assert.deepEqual([docker.get('RULE_TOKEN'), docker.has('RULE_OTHER')], [hash(SECRET), false]);
  });

  proves('MANIFEST-42', async () => {
    const env = { ...shapes.source().env, BOTH: 'x ${ENV:RULE_TOKEN} y ${RULE_OTHER}', PLAIN: '$RULE_TOKEN' };
    const found = await variables('filled', { env });
    assert.equal(found.get('BOTH'), hash(`x ${SECRET} y another-canary`));
    assert.equal(found.get('PLAIN'), hash('$RULE_TOKEN'));
  });

  proves('MANIFEST-43', async () => {
    const headers = { Authorization: 'Bearer ${ENV:RULE_TOKEN}', 'X-Other': '${RULE_OTHER}' };
    const sent = async (transport: 'http' | 'sse') => {
      const from = remote.headers.length;
      const source = { name: 'remote', transport, url: remote.url(transport), headers };
      assert.equal((await runWith(`headed-${transport}`, source, 'echo')).saga.status, 'COMPLETED');
      return remote.headers.slice(from);
    };
    for (const transport of ['http', 'sse'] as const) {
      const all = await sent(transport);
      assert.ok(all.length > 1);
      for (const each of all)
        assert.deepEqual([each['authorization'], each['x-other']], [`Bearer ${SECRET}`, 'another-canary']);
    }
  });

  proves('MANIFEST-44', async () => {
    const env = { ...shapes.source().env, TOKEN: '${ENV:RULE_TOKEN}' };
    await outcome(workerWith({ name: 'keeping', tool_sources: [shapes.source({ env })] }));
    const { traceId } = await world.run([
      call('a', 'environment', {}, { worker: 'keeping' }),
      call('b', 'typed', {}, { worker: 'keeping', with: { text: { from: '$.steps.a.output.data' } } }),
    ]);
    const history = await world.stack().client.workflow.getHandle(`saga-${traceId}`).fetchHistory();
    const answers = [
      await (await http().exportLedger()).text(),
      JSON.stringify(await world.show(traceId, 'a')),
      JSON.stringify(await http().listDefinitions('worker')),
      JSON.stringify(history),
      ...(history.events ?? []).map((event) => JSON.stringify(event)),
      ...payloadsOf(history).map((bytes) => Buffer.from(bytes).toString('utf8')),
    ];
    assert.ok(payloadsOf(history).length > 0);
    for (const text of answers) assert.ok(!text.includes(SECRET));
  });

  proves('MANIFEST-45', async () => {
    const cases: [string, object][] = [
      ['RULE_UNSET', { env: { ...shapes.source().env, A: '${ENV:RULE_UNSET}' } }],
      ['RULE_EMPTY', { env: { ...shapes.source().env, A: '${RULE_EMPTY}' } }],
      ['RULE_UNSET', { env_inherit: ['RULE_UNSET'] }],
    ];
    for (const [index, [variable, more]] of cases.entries()) {
      const { step } = await runWith(`lacking-${index}`, shapes.source(more), 'typed');
      assert.equal(step.error_details?.['code'], 'MCP_UNAVAILABLE');
      assert.match(String(step.error_details?.['message']), new RegExp(variable));
    }
    const headers = { Authorization: 'Bearer ${RULE_UNSET}' };
    const source = { name: 'remote', url: remote.url('sse'), headers };
    const { step } = await runWith('lacking-a-header', source, 'echo');
    assert.equal(step.error_details?.['code'], 'MCP_UNAVAILABLE');
    assert.match(JSON.stringify(step.error_details), /RULE_UNSET/);
  });

  proves('MANIFEST-46', async () => {
    const url = 'http://127.0.0.1:9/sse';
    await outcome(
      workerWith({ name: 'far', tool_sources: [{ name: 'far', url }, shapes.source({ args: ['gone'] })] }),
    );
    assert.equal(await outcome({ ...stepWith({ worker: 'far' }), name: 'far' }), 'created');
    const { saga } = await world.run([write('a'), write('b', { worker: 'far' })]);
    assert.deepEqual([saga.failure?.code, saga.failure?.step_id], ['MCP_UNAVAILABLE', 'b']);
  });
});

/** All that a history holds as payloads. */
function payloadsOf(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(payloadsOf);
}
