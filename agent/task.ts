/** What the loop has to know of the step, or of the undo, that it works on. */
import type { ReasonStepDefinition } from '../domain/definition.ts';

export type AgentTask = Pick<
  ReasonStepDefinition,
  'id' | 'tools' | 'resources' | 'output_schema' | 'max_turns' | 'max_step_tokens' | 'on_tool_error'
>;
