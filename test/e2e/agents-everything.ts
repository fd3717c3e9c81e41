/** The reference server "everything" as a tool source of a worker, and a saga that uses all of it. */
import { join } from 'node:path';
import { freePort } from '../support/ports.ts';
import { repository, startProgram, waitForLine, type RunningProcess } from '../support/processes.ts';

const program = join(repository, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');

/** Settings with which its tools can be reached. */
export const EVERYTHING_ENV = { WARDEN_STDIO_ALLOW: 'warden-notes,node', WARDEN_MCP_ALLOW_PRIVATE: 'true' };

export const TRANSPORTS = ['stdio', 'http'] as const;
export type EverythingTransport = (typeof TRANSPORTS)[number];

/** Where the server is. One over HTTP runs by itself and can be ended and started again; else the worker does so. */
export async function placeEverything(transport: EverythingTransport) {
  if (transport === 'stdio') {
    const source = { name: 'everything', transport, command: 'node', args: [program, 'stdio'] };
    return { source, restart: () => Promise.resolve(), stop: () => Promise.resolve() };
  }
  const port = await freePort();
  const start = async (): Promise<RunningProcess> => {
    const env = { PORT: String(port) };
    const started = startProgram('everything', process.execPath, [program, 'streamableHttp'], { env });
    await waitForLine(started, /listening on port/);
    return started;
  };
  let running = await start();
  return {
    source: { name: 'everything', transport, url: `http://127.0.0.1:${port}/mcp` },
    restart: async () => {
      await running.kill();
      running = await start();
    },
    stop: async () => {
      await running.kill();
    },
  };
}

/** Manifests as JSON, which is YAML: a worker with this source, and a saga that explores, echoes and adds. */
export function everythingManifests(source: { transport: string }): { worker: string; saga: string } {
  const name = `everything-${source.transport}`;
  const common = { worker: name, worker_version: '1', timeout_seconds: 60 };
  const allow = (...names: string[]) => ({ allow: names.map((tool) => ({ name: tool })) });
  const steps = [
    {
      ...common,
      id: 'explore',
      name: 'Explore',
      kind: 'reason',
      prompt: 'think.md',
      with: { subject: { from: '$.input.subject' }, number: { from: '$.input.number' } },
      tools: allow(
        ...['echo', 'get-sum', 'get-structured-content', 'get-annotated-message', 'get-tiny-image'],
        ...['get-resource-links', 'get-resource-reference'],
        ...['toggle-simulated-logging', 'trigger-long-running-operation'],
      ),
      resources: {
        allow: [
          { uri: 'demo://resource/dynamic/text/{number}', description: 'A text.' },
          { uri: 'demo://resource/dynamic/text/none' },
          { uri: 'demo://resource/dynamic/blob/1' },
          { uri: 'demo://resource/static/document/features.md' },
        ],
      },
      facts: [{ tool: 'get-structured-content', into: 'weather', fields: { celsius: '$.temperature' } }],
    },
    {
      ...common,
      id: 'echo',
      name: 'Echo',
      kind: 'commit',
      with: { message: { from: '$.steps.explore.output.data.said[0].text' }, unknown: { value: 1 } },
      tools: allow('echo'),
    },
    {
      ...common,
      id: 'add',
      name: 'Add',
      kind: 'commit',
      with: { a: { from: '$.steps.explore.facts.weather.celsius' }, b: { value: '6' } },
      tools: allow('get-sum'),
    },
  ];
  const worker = {
    kind: 'worker',
    name,
    version: '1',
    provider: 'mock',
    model_name: 'agents-everything.yaml',
    system_prompt: 'You try everything.',
    tool_sources: [source],
  };
  const saga = { kind: 'saga', name, version: '1', description: 'Uses everything.', steps };
  return { worker: JSON.stringify(worker), saga: JSON.stringify(saga) };
}
