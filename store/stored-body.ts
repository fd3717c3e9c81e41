/** Definitions as their bodies were stored: earlier releases had undos of one tool only. Bodies are never rewritten. */
import type {
  CommitStepDefinition,
  CompensationDefinition,
  ReasonStepDefinition,
  SagaDefinition,
  StepDefinition,
  ToolAllowance,
  WorkerDefinition,
} from '../domain/definition.ts';
import type { DefinitionBody, Frozen } from './tables.ts';

export type StoredBody = StoredWorker | StoredSaga | Frozen;

type StoredWorker = Omit<WorkerDefinition, 'compensation_prompt'> & { compensation_prompt?: string | null };
type StoredSaga = Omit<SagaDefinition, 'steps'> & { steps: StoredStep[] };
type StoredStep = Stored<ReasonStepDefinition> | Stored<CommitStepDefinition>;
type Stored<Step extends StepDefinition> = Omit<Step, 'compensation'> & {
  compensation: CompensationDefinition | OneTool | null;
};
type OneTool = Omit<CompensationDefinition, 'tools' | 'resources' | 'max_turns'> & { tool: ToolAllowance };

/** A body as this release has it. */
export function readStoredBody(body: StoredBody): DefinitionBody {
  switch (body.kind) {
    case 'frozen':
      return body;
    case 'worker':
      return { ...body, compensation_prompt: body.compensation_prompt ?? null };
    case 'saga':
      return { ...body, steps: body.steps.map(readStep) };
  }
}

function readStep(step: StoredStep): StepDefinition {
  return { ...step, compensation: readCompensation(step) };
}

function readCompensation({ compensation, max_turns }: StoredStep): CompensationDefinition | null {
  if (compensation === null || !('tool' in compensation)) return compensation;
  const { tool, ...rest } = compensation;
  return { ...rest, tools: [tool], resources: [], max_turns };
}
