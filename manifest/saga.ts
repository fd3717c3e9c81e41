/** `kind: saga`. */
import type { SagaDefinition, StepDefinition } from '../domain/definition.ts';
import { openFields } from './fields.ts';
import { IDENTITY_KEYS, readIdentity } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { shown } from './problem.ts';
import type { Place } from './problem.ts';
import { ANY_TEXT } from './scalar.ts';
import { readStep } from './step.ts';
import { complain, describe, isList, itemsOf, joinPath } from './tree.ts';
import type { At } from './tree.ts';

/** The plan of all steps is part of what a workflow is started with, which Temporal holds to 2 MB. */
const MAX_STEPS = 1000;

const KEYS = { known: [...IDENTITY_KEYS, 'steps'] };

export function readSaga(at: At, files: NamedFiles): SagaDefinition {
  const fields = openFields(at, KEYS);
  const identity = readIdentity(fields);
  const description = fields.text('description', { ...ANY_TEXT, expected: 'a description' });
  const steps = fields.required('steps', 'a list of at least one step');
  return { kind: 'saga', ...identity, description, steps: steps ? readSteps(steps, files) : [] };
}

function readSteps(at: At, files: NamedFiles): StepDefinition[] {
  if (!isList(at)) {
    complain(at, { expected: 'a list of steps', found: describe(at.tree) });
    return [];
  }
  const items = itemsOf(at);
  if (items.length === 0) complain(at, { expected: 'at least one step', found: 'an empty list' });
  if (items.length > MAX_STEPS) {
    complain(at, { expected: `at most ${MAX_STEPS} steps`, found: `${items.length}` });
    return [];
  }
  const seen = new Map<string, Place>();
  return items.map((item) => {
    const step = readStep(item, files);
    checkUnique(item, step.id, seen);
    return step;
  });
}

function checkUnique(item: At, id: string, seen: Map<string, Place>): void {
  const entry = item.tree.kind === 'map' ? item.tree.entries.get('id') : undefined;
  if (entry === undefined || id === '') return;
  const before = seen.get(id);
  const at = { source: item.source, path: joinPath(item.path, 'id'), tree: entry.value };
  if (before) {
    const hint = `the step in line ${before.line} has it already`;
    complain(at, { expected: 'an id of its own', found: shown(id), hint });
  } else seen.set(id, entry.value.place);
}
