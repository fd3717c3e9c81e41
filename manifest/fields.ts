/**
 * The fields of one map. What is wrong is reported and a neutral value answered, so that everything else is
 * still looked at; a manifest with a problem is never deployed.
 */
import { nearest } from './nearest.ts';
import { shown } from './problem.ts';
import { readBoolean, readNumber, readText } from './scalar.ts';
import type { NumberRule, TextRule } from './scalar.ts';
import { complain, describe, joinPath } from './tree.ts';
import type { At } from './tree.ts';

export interface Keys {
  known: readonly string[];
  /** Keys that are specified, but not built yet. */
  later?: readonly string[];
  /** Keys that belong elsewhere, and where. */
  elsewhere?: Readonly<Record<string, string>>;
}

export interface Fields {
  at: At;
  /** The value of a key; null when it is missing or null. */
  child(key: string): At | null;
  /** Also a value that is null. */
  present(key: string): At | null;
  required(key: string, expected: string): At | null;
  text(key: string, rule: TextRule): string;
  optionalText(key: string, rule: TextRule): string | null;
  number(key: string, rule: NumberRule): number | null;
  boolean(key: string): boolean;
}

/**
 * Opens a map and reports keys that do not belong there (`null`: what belongs there is not known yet). For
 * something else the fields are all missing.
 */
export function openFields(at: At, keys: Keys | null, expected = 'a map'): Fields {
  const { tree } = at;
  if (tree.kind === 'map' && keys) checkKeys(at, keys);
  if (tree.kind !== 'map') complain(at, { expected, found: describe(tree) });

  const present = (key: string): At | null => {
    const entry = tree.kind === 'map' ? tree.entries.get(key) : undefined;
    return entry ? { source: at.source, path: joinPath(at.path, key), tree: entry.value } : null;
  };
  const child = (key: string): At | null => {
    const found = present(key);
    return found?.tree.kind === 'scalar' && found.tree.value === null ? null : found;
  };
  const required = (key: string, wanted: string): At | null => {
    const found = child(key);
    // A map that is none was reported already, with all that it lacks.
    if (found === null && tree.kind === 'map') missing(at, present(key), key, wanted);
    return found;
  };
  const optionalText = (key: string, rule: TextRule): string | null => {
    const found = child(key);
    return found && readText(found, rule);
  };
  return {
    at,
    present,
    child,
    required,
    optionalText,
    text: (key, rule) => {
      const found = required(key, rule.expected);
      return (found && readText(found, rule)) ?? '';
    },
    number: (key, rule) => {
      const found = child(key);
      return found && readNumber(found, rule);
    },
    boolean: (key) => {
      const found = child(key);
      return (found && readBoolean(found)) ?? false;
    },
  };
}

function missing(at: At, present: At | null, key: string, expected: string): void {
  const message = `${shown(key)} is required: expected ${expected}, found nothing`;
  complain(
    { ...at, path: joinPath(at.path, key) },
    { expected, found: 'nothing', message },
    present?.tree.place,
  );
}

function checkKeys(at: At, keys: Keys): void {
  if (at.tree.kind !== 'map') return;
  for (const [key, { key: place, value }] of at.tree.entries) {
    if (keys.known.includes(key) || at.source.report.full()) continue;
    const inside = { source: at.source, path: joinPath(at.path, key), tree: value };
    const elsewhere = keys.elsewhere ?? {};
    const isNull = value.kind === 'scalar' && value.value === null;
    if (keys.later?.includes(key)) {
      if (!isNull) complain(inside, notYet(shown(key)), place);
    } else if (Object.hasOwn(elsewhere, key)) {
      const message = `${shown(key)} ${elsewhere[key] ?? ''}`;
      complain(inside, { expected: list(keys.known), found: shown(key), message }, place);
    } else {
      const near = nearest(key, keys.known);
      const hint = near === null ? `expected one of ${list(keys.known)}` : `did you mean "${near}"?`;
      const message = `unknown key ${shown(key)}: ${hint}`;
      complain(inside, { expected: near ?? list(keys.known), found: shown(key), message }, place);
    }
  }
}

/** What the specification has and this version lacks. */
export function notYet(what: string): { expected: string; found: string; message: string } {
  return { expected: 'what this version supports', found: what, message: `${what} is not supported yet` };
}

function list(words: readonly string[]): string {
  return words.join(', ');
}
