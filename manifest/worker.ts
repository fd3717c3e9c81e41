/** `kind: worker`. */
import { PROVIDERS } from '../domain/definition.ts';
import type { WorkerDefinition } from '../domain/definition.ts';
import { openFields } from './fields.ts';
import { IDENTITY_KEYS, NAME, readIdentity } from './identity.ts';
import { readMockScript } from './mock-script.ts';
import type { NamedFiles } from './named-files.ts';
import { ANY_TEXT, readWord } from './scalar.ts';
import type { NumberRule } from './scalar.ts';
import { readToolSources } from './tool-source.ts';
import type { At } from './tree.ts';

const KEYS = {
  known: [
    ...[...IDENTITY_KEYS, 'provider', 'model_name', 'temperature', 'system_prompt'],
    ...['compensation_prompt', 'adapter', 'tool_sources'],
  ],
};
const DEFAULT_ADAPTER = 'langchain';
const TEMPERATURE: NumberRule = { expected: 'a number from 0 to 2', integer: false, min: 0, max: 2 };

export function readWorker(at: At, files: NamedFiles, stdioAllow: readonly string[]): WorkerDefinition {
  const fields = openFields(at, KEYS);
  const identity = readIdentity(fields);
  const named = fields.required('provider', PROVIDERS.join(' or '));
  const provider = (named && readWord(named, PROVIDERS)) ?? 'mock';
  const model = fields.child('model_name');
  const modelName = fields.text('model_name', { ...NAME, expected: "the provider's model" });
  const script = provider === 'mock' && modelName.endsWith('.yaml') ? model : null;
  return {
    kind: 'worker',
    ...identity,
    description: fields.optionalText('description', ANY_TEXT),
    provider,
    model_name: modelName,
    mock_script: script && readMockScript(script, files),
    temperature: fields.number('temperature', TEMPERATURE) ?? 0,
    system_prompt: fields.text('system_prompt', {
      ...ANY_TEXT,
      expected: 'the system message of the steps',
      empty: false,
    }),
    compensation_prompt: fields.optionalText('compensation_prompt', {
      ...ANY_TEXT,
      expected: 'the system message of undos of several tools',
      empty: false,
    }),
    adapter:
      fields.optionalText('adapter', { ...NAME, expected: 'the name of an adapter' }) ?? DEFAULT_ADAPTER,
    tool_sources: readToolSources(fields.child('tool_sources'), stdioAllow),
  };
}
