/** A world whose worker `asking` asks a provider that answers as it is told, and keeps what it was asked. */
import { after, before } from 'mocha';
import { local, type Said } from '../agent/protocols.ts';
import { startProvider, type Answer, type ProviderServer } from '../agent/provider-server.ts';
import { workerWith } from './manifests.ts';
import { NOTES, think, useWorld } from './world.ts';

export function useAsked(env: Readonly<Record<string, string>> = {}) {
  let provider: ProviderServer;
  before(async () => {
    provider = await startProvider();
  });
  const world = useWorld(() => ({ WARDEN_LOCAL_LLM_BASE_URL: provider.url, ...env }));
  before(async () => {
    const asks = { provider: 'local', model_name: 'model-of-today', system_prompt: 'You ask.' };
    await world.deploy(workerWith({ ...asks, name: 'asking', tool_sources: [NOTES] }));
  });
  after(() => provider.close());

  return {
    world,
    said: (turn: Said): Answer => ({ events: local.turn(turn) }),
    /** Runs one reason step whose requests get these answers; one more would be refused. */
    ask: async (answers: readonly Answer[], more: object) => {
      provider.answers.splice(0, Infinity, ...answers);
      provider.requests.splice(0);
      const step = { worker: 'asking', output_schema: undefined, ...more };
      const { traceId } = await world.run([think('a', step)]);
      return { step: await world.show(traceId, 'a'), requests: [...provider.requests] };
    },
  };
}
