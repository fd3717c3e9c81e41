/** The odd server in a world: its worker, its steps and undos, and what it recorded. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { write, type StepText, type World } from './world.ts';

const server = join(import.meta.dirname, 'odd-server.mjs');

/** A world must be made with it to have the odd server. */
export const ODD_ENV = { WARDEN_STDIO_ALLOW: 'warden-notes,node' };

export interface OddCall {
  tool: string;
  arguments: JsonObject;
  key: string | null;
}

/** Registered after the world's own: deploys the worker `odd`, and says what its server was called with. */
export function useOdd(world: World) {
  const record = () => join(world.stack().notes.folder, '..', 'odd.jsonl');
  const source = () => ({
    name: 'odd',
    transport: 'stdio',
    command: 'node',
    args: [server],
    env: { ODD_RECORD: record() },
  });
  before(async () => {
    await world.deploy({
      kind: 'worker',
      name: 'odd',
      version: '1',
      provider: 'mock',
      model_name: 'schema',
      system_prompt: 'You are odd.',
      tool_sources: [source()],
    });
  });
  return {
    source,
    /** Calls with the keys of this saga, in their order. */
    calls: (traceId: string): OddCall[] => {
      const lines = existsSync(record()) ? readFileSync(record(), 'utf8').split('\n') : [];
      return lines.flatMap((line) => {
        if (line === '') return [];
        const call: OddCall = JSON.parse(line);
        return call.key?.startsWith(traceId) === true ? [call] : [];
      });
    },
    /** Writes a compensation file with this tool of the odd server, and names it as a step does. */
    undoBy: (tool: string, bindings: object = {}) => ({
      compensation: world.file('compensations', `odd-${tool}.yaml`, {
        worker: 'odd',
        worker_version: '1',
        with: bindings,
        tools: { allow: [{ name: tool }] },
      }),
    }),
  };
}

/** A commit by a tool of the odd server. */
export function odd(id: string, tool: string, more: object = {}): StepText {
  return write(id, {
    worker: 'odd',
    with: { text: { value: id } },
    tools: { allow: [{ name: tool }] },
    ...more,
  });
}
