/** A compensation file: the declared undo of a step, one call of one tool or a model with several. */
import type { CompensationDefinition, ToolAllowance } from '../domain/definition.ts';
import type { StepKind } from '../domain/status.ts';
import { readBindings } from './bindings.ts';
import { readDocument } from './document.ts';
import { openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME, VERSION } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { readResources } from './resources.ts';
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
export const TURNS: NumberRule = {
  expected: 'an integer from 1 to 200',
  integer: true,
  min: 1,
  max: 200,
};
export const DEFAULT_TURNS = 10;

const KEYS = {
  known: ['worker', 'worker_version', 'with', 'tools', 'resources', 'timeout_seconds', 'max_turns'],
};

/** The step that is undone: its kind, and its `max_turns` where the manifest gives one. */
export interface Forward {
  kind: StepKind | null;
  maxTurns: number | null;
}

/** The compensation whose file is named at `at`. */
export function readCompensation(at: At, files: NamedFiles, forward: Forward): CompensationDefinition | null {
  const source = files.open(at, 'compensations');
  const document = source && readDocument(source);
  if (document === null) return null;
  const fields = openFields(document, KEYS, 'a compensation {worker, worker_version, with, tools}');
  const worker = fields.text('worker', NAME);
  const version = fields.text('worker_version', VERSION);
  const bindings = readBindings(fields.child('with'));
  return {
    worker,
    worker_version: version,
    with: bindings,
    tools: someTools(fields, files),
    resources: readResources(fields.child('resources'), Object.keys(bindings)),
    max_turns: turnsOf(fields.number('max_turns', TURNS), forward),
    timeout_seconds: fields.number('timeout_seconds', TIMEOUT) ?? DEFAULT_TIMEOUT_SECONDS,
  };
}

/** The file's turns, else the step's. A commit has no turns of its own: what it says is a limit for its undo. */
function turnsOf(own: number | null, { kind, maxTurns }: Forward): number {
  if (own === null || maxTurns === null) return own ?? maxTurns ?? DEFAULT_TURNS;
  return kind === 'commit' ? Math.min(own, maxTurns) : own;
}

function someTools(fields: Fields, files: NamedFiles): ToolAllowance[] {
  const at = fields.required('tools', 'a map {allow: [{name: …}]}');
  const tools = readTools(at, files);
  if (at?.tree.kind === 'map' && tools.length === 0)
    complain(at, { expected: 'at least one tool in "allow"', found: 'none' });
  return tools;
}
