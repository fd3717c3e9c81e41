/** `facts`: what is read from the results of a react step's tools, past the model. */
import type { FactDefinition, ToolAllowance } from '../domain/definition.ts';
import { compilePath } from '../expression/jsonpath.ts';
import { PATH } from './bindings.ts';
import { compiled } from './compiled.ts';
import { openFields } from './fields.ts';
import { NAME } from './identity.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { complain, describe, isList, itemsOf, joinPath } from './tree.ts';
import type { At } from './tree.ts';

const KEYS = { known: ['tool', 'into', 'fields'] };
const TOOL: TextRule = { ...NAME, expected: 'the name of an allowed tool', max: 256 };
/** It is a member of the context, which paths and rules of later steps name. */
const INTO: TextRule = { ...NAME, expected: 'the name that these facts get' };
const RESERVED = '__proto__';

/** The facts of the list at `at`; none when it is null. `tools` are those that the step may call. */
export function readFacts(at: At | null, tools: readonly ToolAllowance[]): FactDefinition[] {
  if (at === null) return [];
  if (!isList(at)) {
    complain(at, { expected: 'a list of {tool, into, fields}', found: describe(at.tree) });
    return [];
  }
  const allowed = new Set(tools.map((tool) => tool.name));
  const seen = new Set<string>();
  return itemsOf(at).map((item) => {
    const fact = readFact(item, allowed);
    const into = { ...item, path: joinPath(item.path, 'into') };
    if (fact.into === RESERVED || (fact.into !== '' && seen.has(fact.into))) {
      const found = fact.into === RESERVED ? 'a reserved one' : `${shown(fact.into)} a second time`;
      complain(into, { expected: 'a name of its own for each of the facts', found }, placeOf(item, 'into'));
    }
    seen.add(fact.into);
    return fact;
  });
}

function readFact(at: At, allowed: ReadonlySet<string>): FactDefinition {
  const fields = openFields(at, KEYS, 'facts {tool, into, fields}');
  const tool = fields.required('tool', TOOL.expected);
  const name = tool && readText(tool, TOOL);
  if (tool && name !== null && !allowed.has(name)) {
    const hint = 'the step may call only what its "tools.allow" lists';
    complain(tool, { expected: TOOL.expected, found: shown(name), hint });
  }
  const paths = fields.required('fields', 'a map of names to JSONPaths');
  return { tool: name ?? '', into: fields.text('into', INTO), fields: paths ? readPaths(paths) : {} };
}

function readPaths(at: At): Record<string, string> {
  const { tree, source } = at;
  if (tree.kind !== 'map' || tree.entries.size === 0) {
    const found = tree.kind === 'map' ? 'an empty one' : describe(tree);
    complain(at, { expected: 'a map of names to JSONPaths', found });
    return {};
  }
  const paths = Array.from(tree.entries, ([name, { key, value }]): [string, string] => {
    const inside = { source, path: joinPath(at.path, name), tree: value };
    if (name === '') complain(inside, { expected: 'a name', found: 'an empty one' }, key);
    const path = readText(inside, PATH);
    if (path !== null) compiled(inside, PATH.expected, () => compilePath(path));
    return [name, path ?? ''];
  });
  return Object.fromEntries(paths);
}

function placeOf(at: At, key: string): At['tree']['place'] {
  const entry = at.tree.kind === 'map' ? at.tree.entries.get(key) : undefined;
  return entry?.value.place ?? at.tree.place;
}
