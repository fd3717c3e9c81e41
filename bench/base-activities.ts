/**
 * Activities of the base. `reason` answers as much as our mock model does and works as little; `commit` calls the
 * same tool of the same bundled server as our sagas do, over the same pooled stdio connection.
 */
import { Context } from '@temporalio/activity';
import type { WorkerDefinition } from '../domain/definition.ts';
import type { ToolServers } from '../mcp/servers.ts';

export interface BaseInput {
  subject: string;
  /** The note that the commit writes. */
  write: string;
}

export type BaseActivities = ReturnType<typeof createBaseActivities>;

const QUOTED = 200;

export function createBaseActivities(tools: ToolServers) {
  return {
    reason: async (subject: string): Promise<{ summary: string }> => ({
      summary: subject.slice(0, QUOTED),
    }),
    commit: async ({ subject, write }: BaseInput): Promise<unknown> => {
      const { cancellationSignal: signal, info } = Context.current();
      const set = await tools.open(worker, signal);
      const idempotencyKey = info.workflowExecution?.workflowId ?? null;
      const answer = await set.call(
        'put_note',
        { path: write, content: subject },
        { idempotencyKey, signal },
      );
      if (answer.isError) throw new Error(answer.text);
      return answer.data;
    },
  };
}

const worker: WorkerDefinition = {
  kind: 'worker',
  namespace: 'default',
  name: 'base',
  version: '1',
  description: null,
  provider: 'mock',
  adapter: 'langchain',
  model_name: 'schema',
  mock_script: null,
  temperature: 0,
  system_prompt: '',
  compensation_prompt: null,
  tool_sources: [
    {
      name: 'notes',
      transport: 'stdio',
      command: 'warden-notes',
      args: [],
      cwd: null,
      env: {},
      env_inherit: [],
    },
  ],
};
