/** Why the policy gate does not let an edit through, in words that say what to change. */
import type { GateVerdict } from '../expression/gate.ts';
import { storableText } from '../domain/json.ts';

const CEL_SHOWN = 2_000;
const MOST_PARTS = 10;

/**
 * Names the gate, the policy and its rule, and what of the edit the rule reads.
 * @param edited the member of the decision that was edited
 */
export function whyDenied(
  verdict: Exclude<GateVerdict, { kind: 'allowed' }>,
  edited: 'output' | 'arguments',
): string {
  const { name, phase, cel } = verdict;
  const rule = shown(cel);
  const change = `change ${readBy(cel, edited).join(', ')}`;
  const expected =
    edited === 'output'
      ? `expected an output that passes the gate ${phase}`
      : `expected arguments that pass the gate ${phase}`;
  if (verdict.kind === 'denied') {
    return `${expected}, but the policy "${name}" denied it: ${rule} is false; ${change} so that it is true, or reject`;
  }
  const why = `could not be evaluated: ${verdict.why}`;
  return `${expected}, but the policy "${name}" ${why}; ${change} so that ${rule} is true or false, or reject`;
}

/** On one line, because there is one problem a line. */
function shown(cel: string): string {
  const line = storableText(cel).trim().replace(/\s+/g, ' ');
  return line.length > CEL_SHOWN ? `${line.slice(0, CEL_SHOWN)}… (cut)` : line;
}

/** The parts of the edited member that a rule reads, as it writes them; the whole when it names none. */
function readBy(cel: string, edited: 'output' | 'arguments'): string[] {
  const withoutTexts = cel.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  // Not the name of a function that is called on it.
  const parts = withoutTexts.matchAll(/\b(?:output|arguments)(?:\.[A-Za-z_]\w*(?!\w*\s*\())*/g);
  const read = Array.from(parts, ([part]) => part).filter((part) => part.startsWith(edited));
  return read.length === 0 ? [edited] : [...new Set(read)].slice(0, MOST_PARTS);
}
