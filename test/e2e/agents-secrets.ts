/** Secrets of the worker process, manifests that name them, and servers at the other end that repeat what they got. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { startRemoteServer } from '../mcp/fixtures/remote-server.ts';

const telling = join(import.meta.dirname, 'agents-telling-server.mjs');

/** In the environment of all processes; only the worker may look at them, and only to hand them on. */
export const CANARIES = {
  CANARY_ENV: 'canary-env-6f1d0c7e5b2a49318c4d',
  CANARY_INHERITED: 'canary-inherited-"quoted"/0a9b8c7d',
  CANARY_HEADER: 'canary-header-17c3f5e9d2b8460a',
  CANARY_REFUSED: 'canary-refused-b4e8d2c6a0f91735',
  OPENAI_API_KEY: 'sk-canary-openai-93d7c1b5a8e2460f',
  ANTHROPIC_API_KEY: 'sk-ant-canary-4c8a2e6f0b1d3957',
  WARDEN_LOCAL_LLM_API_KEY: 'lk-canary-local-e07b3c9f52d846a1',
} as const;

/** Shorter parts may be chance. */
const PART = 10;
/** Of the pieces that a canary is cut into, one is whole in each of its parts. */
const PIECE = 5;

/** Neither a canary nor a telling part of one, as it is or as JSON or an address writes it. */
export function assertNowhere(places: ReadonlyMap<string, string>): void {
  for (const [place, text] of places) {
    for (const [name, canary] of Object.entries(CANARIES)) {
      for (const written of new Set([
        canary,
        JSON.stringify(canary).slice(1, -1),
        encodeURIComponent(canary),
      ])) {
        const at = partIn(text, written);
        if (at === -1) continue;
        assert.fail(`${place} has a part of ${name}: …${text.slice(Math.max(0, at - 200), at + 60)}…`);
      }
    }
  }
}

/** Where a part of the secret begins in the text; -1: nowhere. Looks for few pieces, because files are large. */
function partIn(text: string, secret: string): number {
  for (let cut = 0; cut + PIECE <= secret.length; cut += PIECE) {
    const piece = secret.slice(cut, cut + PIECE);
    for (let found = text.indexOf(piece); found !== -1; found = text.indexOf(piece, found + 1)) {
      let [from, to] = [0, PIECE];
      while (cut - from > 0 && text[found - from - 1] === secret[cut - from - 1]) from += 1;
      while (cut + to < secret.length && text[found + to] === secret[cut + to]) to += 1;
      if (from + to >= PART) return found - from;
    }
  }
  return -1;
}

/** The environment of the processes that use the canaries. */
export function secretEnvironment(repeatingUrl: string): Record<string, string> {
  return {
    ...CANARIES,
    WARDEN_STDIO_ALLOW: 'node',
    WARDEN_MCP_ALLOW_PRIVATE: 'true',
    WARDEN_LOG_LEVEL: 'trace',
    OPENAI_BASE_URL: `${repeatingUrl}/v1`,
    ANTHROPIC_BASE_URL: repeatingUrl,
    WARDEN_LOCAL_LLM_BASE_URL: `${repeatingUrl}/v1`,
  };
}

/** Words before the credentials: with some of them an excerpt of the message ends inside these. */
const BEFORE = [0, 460, 194, 187];

/** Every request is refused with 401 and a message that repeats its credentials. */
export async function startRepeatingServer() {
  const refused = new Map<string, number>();
  const server = createServer((request, response) => {
    const { authorization, 'x-api-key': key } = request.headers;
    const said = authorization ?? String(key);
    const times = refused.get(said) ?? 0;
    refused.set(said, times + 1);
    const before = '.'.repeat(BEFORE[times % BEFORE.length] ?? 0);
    const message = `${before} no such credentials: ${said}, that is ${said.split(' ').at(-1)}`;
    response.writeHead(401, {
      'content-type': 'application/json',
      'www-authenticate': `Bearer realm="${said}"`,
    });
    response.end(JSON.stringify({ type: 'error', error: { type: 'authentication_error', message } }));
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** How often each credentials were refused. */
    refused,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Remote = Awaited<ReturnType<typeof startRemoteServer>>;
export { startRemoteServer };

/** How the step of a saga ends, by the saga's name. */
export interface SecretSaga {
  manifests: string[];
  status: 'COMPLETED' | 'FAILED';
  /** Of the step's error details; null: it completes. */
  failure: RegExp | null;
}

/** A worker with its tool source and a saga of one step, for each way in which a secret is used. */
export function secretSagas(urls: { remote: string; repeating: string }): Map<string, SecretSaga> {
  const stdio = (...args: string[]) => ({
    transport: 'stdio',
    command: 'node',
    args: [telling, ...args],
    env: { TOKEN: 'Bearer ${ENV:CANARY_ENV}' },
    env_inherit: ['CANARY_INHERITED'],
  });
  const http = (url: string, headers: Record<string, string>) => ({ transport: 'http', url, headers });
  const header = { authorization: 'Bearer ${CANARY_HEADER}' };
  const refused = { Authorization: 'Bearer ${ENV:CANARY_REFUSED}' };
  const unset = { 'x-token': '${ENV:CANARY_UNSET}' };
  const how = (value: string) => ({ how: { value } });
  const sagas: [string, SecretSaga][] = [
    ['asks', made('asks', stdio(), reasons('tell'), null)],
    ['uses', made('uses', stdio(), commits('tell', how('use')), null)],
    ['fails', made('fails', stdio(), commits('tell', how('result')), /TOOL_OUTPUT_ERROR.*\[secret\]/)],
    ['errs', made('errs', stdio(), commits('tell', how('error')), /TOOL_INVOKE_FAILED.*\[secret\]/)],
    ['dies', made('dies', stdio('--die'), commits('tell', how('use')), /MCP_UNAVAILABLE/)],
    ['remote', made('remote', http(urls.remote, header), commits('echo', { n: { value: 1 } }), null)],
    ['unset', made('unset', http(urls.remote, unset), commits('echo', {}), /MCP_UNAVAILABLE.*CANARY_UNSET/)],
  ];
  for (let n = 0; n < 4; n += 1) {
    const source = http(`${urls.repeating}/${n}`, refused);
    sagas.push([`refused-${n}`, made(`refused-${n}`, source, commits('echo', {}), /MCP_UNAVAILABLE/)]);
  }
  for (const provider of ['openai', 'anthropic', 'local']) {
    for (let n = 0; n < 4; n += 1) {
      const name = `${provider}-${n}`;
      sagas.push([name, made(name, null, reasons(), /LLM_FAILED/, { provider, model_name: 'm' })]);
    }
  }
  return new Map(sagas);
}

function made(
  name: string,
  source: object | null,
  step: object,
  failure: RegExp | null,
  model: object = { provider: 'mock', model_name: 'agents-secrets.yaml' },
): SecretSaga {
  const identity = { name: `secrets-${name}`, version: '1' };
  const sources = source === null ? [] : [{ name: 'secretive', ...source }];
  const worker = { kind: 'worker', ...identity, ...model, system_prompt: 'You ask.', tool_sources: sources };
  const common = { id: 'ask', name: 'Ask', worker: identity.name, worker_version: '1', timeout_seconds: 60 };
  const saga = { kind: 'saga', ...identity, description: 'Asks.', steps: [{ ...common, ...step }] };
  return {
    manifests: [worker, saga].map((manifest) => JSON.stringify(manifest)),
    status: failure === null ? 'COMPLETED' : 'FAILED',
    failure,
  };
}

function reasons(...tools: string[]): object {
  const prompted = { prompt: 'think.md', with: { subject: { value: 'secrets' } } };
  return { kind: 'reason', ...prompted, tools: { allow: tools.map((name) => ({ name })) } };
}

function commits(tool: string, args: object): object {
  return { kind: 'commit', with: args, tools: { allow: [{ name: tool }] } };
}
