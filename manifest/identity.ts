/** Names, versions and what both kinds of manifest have in common. The limits are those of the HTTP interface. */
import type { Identity } from '../domain/definition.ts';
import type { Fields } from './fields.ts';
import type { TextRule } from './scalar.ts';

const PRINTABLE = /^[^\p{Cc}\p{Cs}]*[^\s\p{Cc}\p{Cs}][^\p{Cc}\p{Cs}]*$/u;

export const NAME: TextRule = { expected: 'a name', max: 128, pattern: PRINTABLE };
export const VERSION: TextRule = { expected: 'a version', max: 50, pattern: PRINTABLE };
const NAMESPACE: TextRule = {
  expected: 'a namespace of 1 to 50 of a-z, 0-9 and "-"',
  max: 50,
  pattern: /^[a-z0-9-]+$/,
};

export const IDENTITY_KEYS = ['kind', 'namespace', 'name', 'version', 'description'];

export function readIdentity(fields: Fields): Identity {
  return {
    namespace: fields.optionalText('namespace', NAMESPACE) ?? 'default',
    name: fields.text('name', NAME),
    version: fields.text('version', VERSION),
  };
}
