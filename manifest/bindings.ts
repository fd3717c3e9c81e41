/** `with`: names bound to a literal or to a path into the saga's context. */
import type { Binding } from '../domain/definition.ts';
import { compilePath } from '../expression/jsonpath.ts';
import { compiled } from './compiled.ts';
import { openFields } from './fields.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import { complain, describe, joinPath, toJson } from './tree.ts';
import type { At } from './tree.ts';

/** What the engine itself adds to the arguments of a step. */
const RESERVED = ['_hitl_retry'];

/** The bindings at `at`; none when it is null (the key is missing). */
export function readBindings(at: At | null): Record<string, Binding> {
  if (at === null) return {};
  const { tree } = at;
  if (tree.kind !== 'map') {
    complain(at, { expected: 'a map of names to {from: …} or {value: …}', found: describe(tree) });
    return {};
  }
  const bindings: [string, Binding][] = [];
  for (const [name, { key, value }] of tree.entries) {
    const inside = { source: at.source, path: joinPath(at.path, name), tree: value };
    if (RESERVED.includes(name) || name === '') {
      complain(inside, { expected: 'another name', found: shown(name), hint: 'it is reserved' }, key);
    }
    const binding = readBinding(inside);
    if (binding !== null) bindings.push([name, binding]);
  }
  return Object.fromEntries(bindings);
}

export const PATH = { expected: 'a JSONPath such as $.input.name', max: 4096 };

function readBinding(at: At): Binding | null {
  const fields = openFields(at, { known: ['from', 'value'] }, '{from: "$…"} or {value: …}');
  if (at.tree.kind !== 'map') return null;
  const from = fields.child('from');
  // A literal null is a value, unlike an optional key that is null.
  const value = fields.present('value');
  if (from !== null && value === null) {
    const path = readText(from, PATH);
    if (path === null) return null;
    compiled(from, PATH.expected, () => compilePath(path));
    return { from: path };
  }
  if (value !== null && from === null) return { value: toJson(value.tree) };
  const found = from === null ? 'neither' : 'both';
  complain(at, { expected: 'exactly one of "from" and "value"', found });
  return null;
}
