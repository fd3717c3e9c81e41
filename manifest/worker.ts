/** `kind: worker`. */
import type { WorkerDefinition } from '../domain/definition.ts';
import { notYet, openFields } from './fields.ts';
import { IDENTITY_KEYS, NAME, readIdentity } from './identity.ts';
import { readMockScript } from './mock-script.ts';
import type { NamedFiles } from './named-files.ts';
import { ANY_TEXT, readWord } from './scalar.ts';
import type { NumberRule } from './scalar.ts';
import { readToolSources } from './tool-source.ts';
import { complain } from './tree.ts';
import type { At } from './tree.ts';

const KEYS = {
  known: [...IDENTITY_KEYS, 'provider', 'model_name', 'temperature', 'system_prompt', 'tool_sources'],
  later: ['compensation_prompt', 'adapter'],
};
const PROVIDERS = ['mock', 'openai', 'anthropic', 'local'];
const TEMPERATURE: NumberRule = { expected: 'a number from 0 to 2', integer: false, min: 0, max: 2 };

export function readWorker(at: At, files: NamedFiles, stdioAllow: readonly string[]): WorkerDefinition {
  const fields = openFields(at, KEYS);
  const identity = readIdentity(fields);
  const provider = fields.required('provider', 'mock');
  if (provider) readProvider(provider);
  const model = fields.child('model_name');
  const modelName = fields.text('model_name', { ...NAME, expected: "the provider's model" });
  return {
    kind: 'worker',
    ...identity,
    description: fields.optionalText('description', ANY_TEXT),
    provider: 'mock',
    model_name: modelName,
    mock_script: model && modelName.endsWith('.yaml') ? readMockScript(model, files) : null,
    temperature: fields.number('temperature', TEMPERATURE) ?? 0,
    system_prompt: fields.text('system_prompt', {
      ...ANY_TEXT,
      expected: 'the system message of the steps',
      empty: false,
    }),
    tool_sources: readToolSources(fields.child('tool_sources'), stdioAllow),
  };
}

function readProvider(at: At): void {
  const word = readWord(at, PROVIDERS);
  if (word !== null && word !== 'mock') complain(at, notYet(`the provider ${word}`));
}
