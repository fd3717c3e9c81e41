/** The server of shapes in a world: its workers, its steps, and what it recorded. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { workerWith } from './manifests.ts';
import { NOTES, think, write, type StepText, type World } from './world.ts';

const server = join(import.meta.dirname, 'shapes-server.mjs');

/** A world must be made with it to have the server of shapes. */
export const SHAPES_ENV = { WARDEN_STDIO_ALLOW: 'warden-notes,node' };

interface Line {
  tool?: string;
  arguments?: JsonObject;
  key?: string | null;
  uri?: string;
}

let players = 0;

/** Registered after the world's own: deploys the worker `shapes`, and says what its server was asked. */
export function useShapes(world: World) {
  const record = () => join(world.stack().notes.folder, '..', 'shapes.jsonl');
  const source = (more: object = {}) => ({
    ...{ name: 'shapes', transport: 'stdio', command: 'node', args: [server] },
    env: { SHAPES_RECORD: record() },
    ...more,
  });
  const sources = () => [source(), NOTES];
  before(() => world.deploy(workerWith({ name: 'shapes', tool_sources: sources() })));

  /** Deploys a worker whose model plays these turns in each step of these ids, and answers its name. */
  async function playing(
    turns: Readonly<Record<string, readonly object[]>>,
    more: object = {},
  ): Promise<string> {
    const name = `player-${(players += 1)}`;
    const script = world.file('prompts', `${name}.yaml`, { steps: turns });
    await world.deploy(workerWith({ name, model_name: script, tool_sources: sources(), ...more }));
    return name;
  }

  const lines = (): Line[] => {
    if (!existsSync(record())) return [];
    return readFileSync(record(), 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (line === '') return [];
        const parsed: Line = JSON.parse(line);
        return [parsed];
      });
  };

  return {
    source,
    playing,
    /** Runs one reason step whose model plays these turns. */
    play: async (turns: readonly object[], more: object = {}) => {
      const worker = await playing({ a: turns });
      const { traceId, saga } = await world.run([think('a', { worker, output_schema: undefined, ...more })]);
      return { traceId, saga, step: await world.show(traceId, 'a') };
    },
    /** Arguments of the calls with the keys of this saga, in their order. */
    took: (traceId: string): JsonObject[] =>
      lines().flatMap((line) => (line.key?.startsWith(traceId) === true ? [line.arguments ?? {}] : [])),
    /** URIs of the resources that were read, in their order. */
    read: (): string[] => lines().flatMap(({ uri }) => uri ?? []),
  };
}

/** A commit by a tool of the server of shapes, with these literal arguments. */
export function call(id: string, tool: string, args: JsonObject, more: object = {}): StepText {
  const bindings = Object.entries(args).map(([name, value]) => [name, { value }]);
  return write(id, {
    worker: 'shapes',
    with: Object.fromEntries(bindings),
    tools: { allow: [{ name: tool }] },
    ...more,
  });
}
