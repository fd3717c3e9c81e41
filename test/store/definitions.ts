/** Small definitions for the tests of this room, as a deployed manifest is frozen to them. */
import { randomBytes } from 'node:crypto';
import type {
  CommitStepDefinition,
  CompensationDefinition,
  ReasonStepDefinition,
  SagaDefinition,
  StepDefinition,
  WorkerDefinition,
} from '../../domain/definition.ts';

const FIELDS = {
  worker: 'clerk',
  worker_version: '1',
  with: {},
  when: null,
  resources: [],
  policy: null,
  hitl: false,
  hitl_max_retries: null,
  hitl_retry_guidance: null,
  review: { expires_ms: null },
  compensation: null,
  output_schema: null,
  timeout_seconds: 60,
  tools: [],
  max_turns: 10,
};

export function reason(id: string, fields: Partial<ReasonStepDefinition> = {}): ReasonStepDefinition {
  const prompt = { ref: `${id}.j2`, template: 'Think.' };
  const agent = {
    agent_adapter: 'react',
    on_tool_error: 'return',
    max_step_tokens: null,
    facts: [],
  } as const;
  return { ...FIELDS, ...agent, facts: [], id, name: id, kind: 'reason', prompt, ...fields };
}

export function commit(id: string, fields: Partial<CommitStepDefinition> = {}): CommitStepDefinition {
  return { ...FIELDS, id, name: id, kind: 'commit', ...fields };
}

export const UNDO: CompensationDefinition = {
  worker: 'clerk',
  worker_version: '1',
  with: {},
  tools: [
    {
      name: 'delete_note',
      description: null,
      strict_schema: false,
      output_schema: null,
      idempotent: true,
    },
  ],
  resources: [],
  max_turns: 10,
  timeout_seconds: 60,
};

export function worker(namespace = 'default'): WorkerDefinition {
  return {
    kind: 'worker',
    namespace,
    name: 'clerk',
    version: '1',
    description: null,
    provider: 'mock',
    adapter: 'langchain',
    model_name: 'mock',
    mock_script: null,
    temperature: 0,
    system_prompt: 'You keep notes.',
    compensation_prompt: null,
    tool_sources: [],
  };
}

export function sagaOf(steps: StepDefinition[], identity: Partial<SagaDefinition> = {}): SagaDefinition {
  const name = `notes-${randomBytes(6).toString('hex')}`;
  return { kind: 'saga', namespace: 'default', name, version: '1', description: '', steps, ...identity };
}
