/** A policy file: a CEL rule, compiled with the names that it has when it is evaluated. */
import type { PolicyDefinition } from '../domain/definition.ts';
import { basename } from 'node:path';
import { compileCel } from '../expression/cel.ts';
import { POLICY_NAMES } from '../expression/names.ts';
import { compiled } from './compiled.ts';
import { readDocument } from './document.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME, VERSION } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { readText } from './scalar.ts';
import type { At } from './tree.ts';

export const CEL = { expected: 'a CEL expression', max: 16_384 };

/** The policy whose file is named at `at`. Without a name of its own it is called as the file. */
export function readPolicy(at: At, files: NamedFiles): PolicyDefinition | null {
  const source = files.open(at, 'policies', '.yaml');
  const document = source && readDocument(source);
  if (document === null) return null;
  const fields = openFields(document, { known: ['name', 'version', 'cel'] }, 'a policy {name, version, cel}');
  const cel = fields.required('cel', CEL.expected);
  const rule = cel && readText(cel, CEL);
  if (cel && rule !== null) compiled(cel, CEL.expected, () => compileCel(rule, POLICY_NAMES));
  return {
    name: fields.optionalText('name', NAME) ?? basename(source?.file ?? '').replace(/\.[^.]*$/, ''),
    version: readVersion(fields),
    cel: rule ?? '',
  };
}

/** May be a number, and is kept as it is written: `1.0` is not `1`. */
function readVersion(fields: Fields): string | null {
  const at = fields.child('version');
  if (at?.tree.kind === 'scalar' && typeof at.tree.value === 'number')
    return at.tree.written.slice(0, VERSION.max);
  return at && readText(at, VERSION);
}
