/** The fields that only reason steps have: what the agent is told, how it works, what is kept of its tools. */
import type { ReasonStepDefinition, StepDefinition } from '../domain/definition.ts';
import { readFacts } from './facts.ts';
import type { Fields } from './fields.ts';
import type { NamedFiles } from './named-files.ts';
import { readPrompt } from './prompt.ts';
import { readWord } from './scalar.ts';
import type { NumberRule } from './scalar.ts';
import { complain } from './tree.ts';

export const REASON_KEYS = ['prompt', 'agent-adapter', 'on_tool_error', 'max_step_tokens', 'facts'];

const ADAPTERS: readonly ReasonStepDefinition['agent_adapter'][] = ['react', 'simple'];
const ON_TOOL_ERROR: readonly ReasonStepDefinition['on_tool_error'][] = ['return', 'fail'];
const TOKENS: NumberRule = {
  expected: 'an integer of at least 1',
  integer: true,
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
};

type ReasonFields = Omit<ReasonStepDefinition, Exclude<keyof StepDefinition, 'kind'>>;

/** `bound` are the keys of the step's `with`; `common` are the fields that every step has. */
export function readReasonFields(
  fields: Fields,
  common: Pick<StepDefinition, 'tools' | 'resources'>,
  bound: readonly string[],
  files: NamedFiles,
): ReasonFields {
  const adapter = fields.child('agent-adapter');
  const word = adapter && readWord(adapter, ADAPTERS);
  const onToolError = fields.child('on_tool_error');
  const at = fields.required('prompt', 'the path of a template under PROMPTS_ROOT');
  const facts = readFacts(fields.child('facts'), common.tools);
  if (word === 'simple') refuseLoop(fields, { ...common, facts });
  return {
    kind: 'reason',
    prompt: (at && readPrompt(at, files, bound)) ?? { ref: '', template: '' },
    agent_adapter: word ?? 'react',
    on_tool_error: (onToolError && readWord(onToolError, ON_TOOL_ERROR)) ?? 'return',
    max_step_tokens: fields.number('max_step_tokens', TOKENS),
    facts,
  };
}

/** One structured answer calls nothing and reads nothing. */
function refuseLoop(
  fields: Fields,
  given: Readonly<Record<'tools' | 'resources' | 'facts', unknown[]>>,
): void {
  for (const key of ['tools', 'resources', 'facts'] as const) {
    const at = given[key].length > 0 ? fields.child(key) : null;
    if (at === null) continue;
    const message = `"${key}" needs "agent-adapter: react": a simple step is one answer of the model, without calls`;
    complain(at, { expected: '"agent-adapter: react"', found: 'agent-adapter: simple', message });
  }
}
