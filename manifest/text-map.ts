/**
 * A map of names to texts, such as `env` and `headers`. `${ENV:NAME}` and `${NAME}` stay as they are: they are
 * resolved in the worker process, and no secret enters a definition.
 */
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { complain, describe, joinPath } from './tree.ts';
import type { At } from './tree.ts';

export interface TextMapRule {
  /** What the names are, in words. */
  of: string;
  key: TextRule & { pattern: RegExp };
  value: TextRule;
}

/** Anything else would be sent as it stands, which nobody means. */
const BROKEN_REFERENCE = /\$\{(?!(?:ENV:)?[A-Za-z_][A-Za-z0-9_]*\})/;

/** The map at `at`; empty when it is null. */
export function readTextMap(at: At | null, rule: TextMapRule): Record<string, string> {
  if (at === null) return {};
  const { tree, source } = at;
  if (tree.kind !== 'map') {
    complain(at, { expected: `a map of ${rule.of} to texts`, found: describe(tree) });
    return {};
  }
  const entries = Array.from(tree.entries, ([name, { key, value }]): [string, string] => {
    const inside = { source, path: joinPath(at.path, name), tree: value };
    if (!rule.key.pattern.test(name))
      complain(inside, { expected: rule.key.expected, found: shown(name) }, key);
    const text = readText(inside, rule.value) ?? '';
    checkReferences(inside, text);
    return [name, text];
  });
  return Object.fromEntries(entries);
}

/** Complains about a `${` in a text that names no variable; whether there was none. */
export function checkReferences(at: At, text: string): boolean {
  if (!BROKEN_REFERENCE.test(text)) return true;
  complain(at, { expected: 'references as ${ENV:NAME} or ${NAME}', found: 'a "${" of another form' });
  return false;
}
