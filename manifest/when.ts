/** `when`: a CEL rule that decides whether a step runs. */
import { compileCel } from '../expression/cel.ts';
import { WHEN_NAMES } from '../expression/names.ts';
import { compiled } from './compiled.ts';
import { openFields } from './fields.ts';
import { CEL } from './policy.ts';
import { readText } from './scalar.ts';
import type { At } from './tree.ts';

/** The rule of the map `{cel: …}` at `at`; null when the step always runs. */
export function readWhen(at: At | null): string | null {
  if (at === null) return null;
  const cel = openFields(at, { known: ['cel'] }, 'a map {cel: …}').required('cel', CEL.expected);
  const rule = cel && readText(cel, CEL);
  if (cel && rule !== null) compiled(cel, CEL.expected, () => compileCel(rule, WHEN_NAMES));
  return rule;
}
