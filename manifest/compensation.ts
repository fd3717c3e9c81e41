/** A compensation file: the declared undo of a step, one call of one tool. */
import type { CompensationDefinition, ToolAllowance } from '../domain/definition.ts';
import { readBindings } from './bindings.ts';
import { readDocument } from './document.ts';
import { notYet, openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME, VERSION } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import type { NumberRule } from './scalar.ts';
import { readTools } from './tools.ts';
import { complain } from './tree.ts';
import type { At } from './tree.ts';

/** A timer of Node holds at most 2^31 milliseconds. */
export const TIMEOUT: NumberRule = {
  expected: 'seconds, more than 0 and at most 2000000',
  integer: false,
  min: 0.001,
  max: 2_000_000,
};
export const DEFAULT_TIMEOUT_SECONDS = 600;

const KEYS = {
  known: ['worker', 'worker_version', 'with', 'tools', 'timeout_seconds'],
  // Both are about a model that undoes; this version undoes by one call.
  later: ['resources', 'max_turns'],
};

/** The compensation whose file is named at `at`. */
export function readCompensation(at: At, files: NamedFiles): CompensationDefinition | null {
  const source = files.open(at, 'compensations');
  const document = source && readDocument(source);
  if (document === null) return null;
  const fields = openFields(document, KEYS, 'a compensation {worker, worker_version, with, tools}');
  const worker = fields.text('worker', NAME);
  const version = fields.text('worker_version', VERSION);
  const bindings = readBindings(fields.child('with'));
  const timeout = fields.number('timeout_seconds', TIMEOUT) ?? DEFAULT_TIMEOUT_SECONDS;
  const tool = onlyTool(fields, files);
  if (tool === null) return null;
  return { worker, worker_version: version, with: bindings, tool, timeout_seconds: timeout };
}

function onlyTool(fields: Fields, files: NamedFiles): ToolAllowance | null {
  const at = fields.required('tools', 'a map {allow: [{name: …}]}');
  if (at === null) return null;
  const tools = readTools(at, files);
  const [tool] = tools;
  if (tools.length > 1) complain(at, notYet('a compensation of several tools'));
  else if (tool === undefined && at.tree.kind === 'map')
    complain(at, { expected: 'one tool in "allow"', found: 'none' });
  return tool ?? null;
}
