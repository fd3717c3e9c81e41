/** Composed YAML into a tree: aliases, merges, keys; and what YAML allows and a manifest does not. */
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, LineCounter, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { storableText } from '../domain/json.ts';
import type { Complaint, Place } from './problem.ts';
import { shown } from './problem.ts';
import { joinPath } from './tree.ts';
import type { ListTree, MapTree, ScalarTree, Size, Source, Tree } from './tree.ts';
import { MAX_BYTES, MAX_DEPTH, MAX_KEYS } from './yaml-tokens.ts';

interface Building {
  source: Source;
  lines: LineCounter;
  anchors: Map<string, Tree>;
  /** Keys that merges brought, all of them together. */
  merged: number;
  /** One alias bomb is reported once, not at every node around it. */
  exceeded: boolean;
}

type Entries = MapTree['entries'];

const MAX_CHARACTERS = 2 * MAX_BYTES;
const EMPTY: Size = { keys: 0, characters: 1, depth: 0 };

/**
 * Reports duplicate keys, unknown aliases and everything that is not JSON; gives the tree without them. Null,
 * with a problem, when aliases make it too large to be walked.
 */
export function buildTree(node: unknown, source: Source, lines: LineCounter): Tree | null {
  const building: Building = { source, lines, anchors: new Map(), merged: 0, exceeded: false };
  const tree = build(building, node, '', { line: 1, column: 1 });
  return building.exceeded ? null : tree;
}

function build(building: Building, node: unknown, path: string, around: Place): Tree {
  if (isAlias(node)) return aliased(building, node, path);
  const place = isMap(node) || isSeq(node) || isScalar(node) ? placeOf(building, node, around) : around;
  const tree = isMap(node)
    ? mapTree(building, node, path, place)
    : isSeq(node)
      ? listTree(building, node, path, place)
      : scalarTree(building, isScalar(node) ? node : null, path, place);
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
    building.anchors.set(node.anchor, tree);
  }
  limit(building, tree, path);
  return tree;
}

function aliased(building: Building, node: Alias, path: string): Tree {
  const place = placeOf(building, node, { line: 1, column: 1 });
  const tree = building.anchors.get(node.source);
  if (tree) return tree;
  const expected = `an alias of an anchor that stands before it and is complete`;
  report(building, path, place, { expected, found: `*${node.source.slice(0, 60)}` });
  return nothing(place);
}

function scalarTree(building: Building, node: Scalar | null, path: string, place: Place): ScalarTree {
  if (node === null) return nothing(place);
  const { value } = node;
  const written = node.source ?? '';
  const inside = typeof value === 'string' ? insideOf(building, node, value, place) : null;
  const size = { keys: 0, characters: Math.max(1, written.length), depth: 0 };
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      report(building, path, place, {
        expected: 'a JSON value',
        found: written,
        hint: 'JSON has no such number',
      });
    } else if (/^[-+]?\d+$/.test(written) && !Number.isSafeInteger(value)) {
      const hint = 'it would lose digits; write it in quotes as a text';
      report(building, path, place, { expected: 'an exact number', found: written.slice(0, 60), hint });
    }
  } else if (typeof value === 'string') {
    unstorable(building, value, path, place);
  } else if (value !== null && typeof value !== 'boolean') {
    report(building, path, place, { expected: 'a JSON value', found: `a ${typeof value}` });
    return nothing(place);
  }
  return { kind: 'scalar', place, value, written, inside, size };
}

/** Folded and escaped texts do not stand in the file as they are. */
function insideOf({ source, lines }: Building, node: Scalar, text: string, place: Place): Place | null {
  if (!node.range) return null;
  if (node.type === 'BLOCK_LITERAL') {
    const content = text.split('\n');
    const first = content.findIndex((line) => line !== '');
    const start = lines.lineStarts[place.line + first];
    if (first < 0 || start === undefined) return null;
    const row = source.text.slice(start, lines.lineStarts[place.line + first + 1]).replace(/[\r\n]+$/, '');
    return { line: place.line + 1, column: row.length - (content[first] ?? '').length + 1 };
  }
  const length = node.range[1] - node.range[0];
  if (node.type === 'PLAIN') return length === text.length ? place : null;
  const quoted = node.type !== 'BLOCK_FOLDED' && length === text.length + 2;
  return quoted ? { line: place.line, column: place.column + 1 } : null;
}

function nothing(place: Place): ScalarTree {
  return { kind: 'scalar', place, value: null, written: '', inside: null, size: EMPTY };
}

function listTree(building: Building, node: YAMLSeq, path: string, place: Place): ListTree {
  const items = node.items.map((item, index) => build(building, item, `${path}[${index}]`, place));
  return { kind: 'list', place, items, size: sizeOf(items, 0, 1) };
}

function mapTree(building: Building, node: YAMLMap, path: string, place: Place): MapTree {
  const entries: Entries = new Map();
  const merged: Entries[][] = [];
  for (const pair of node.items) {
    const key = readKey(building, pair, path, place);
    if (key === null) continue;
    const inside = joinPath(path, key.name);
    const value = build(building, pair.value, inside, key.place);
    if (key.merges) merged.push(mergedFrom(building, value, inside));
    else if (usable(building, key, inside, entries)) entries.set(key.name, { key: key.place, value });
  }
  for (const others of merged.flat()) {
    building.merged += others.size;
    // The tree is refused then, and the work of building it must have an end.
    if (building.merged > MAX_KEYS) break;
    for (const [name, entry] of others) if (!entries.has(name)) entries.set(name, entry);
  }
  const values = Array.from(entries.values(), (entry) => entry.value);
  const keyCharacters = Array.from(entries.keys()).reduce((sum, name) => sum + name.length, 1);
  return { kind: 'map', place, entries, size: sizeOf(values, values.length, keyCharacters) };
}

interface Key {
  name: string;
  place: Place;
  merges: boolean;
}

/** As written, whatever YAML would make of it: `on` and `1` are names. */
function readKey(building: Building, { key }: Pair, path: string, around: Place): Key | null {
  if (isScalar(key) && key.value !== null) {
    const plain = key.type === 'PLAIN';
    const name = !plain && typeof key.value === 'string' ? key.value : (key.source ?? '');
    return { name, place: placeOf(building, key, around), merges: plain && name === '<<' };
  }
  const place =
    isMap(key) || isSeq(key) || isScalar(key) || isAlias(key) ? placeOf(building, key, around) : around;
  report(building, path, place, { expected: 'keys that are texts', found: 'another kind of key' });
  return null;
}

function usable(building: Building, key: Key, inside: string, entries: Entries): boolean {
  const before = entries.get(key.name);
  if (key.name === '__proto__') {
    report(building, inside, key.place, { expected: 'another name', found: 'the reserved key "__proto__"' });
    return false;
  }
  unstorable(building, key.name, inside, key.place);
  if (before === undefined) return true;
  const found = `${shown(key.name)} a second time`;
  const hint = `it stands already in line ${before.key.line}`;
  report(building, inside, key.place, { expected: 'each key once', found, hint });
  return false;
}

function mergedFrom(building: Building, value: Tree, path: string): Entries[] {
  if (value.kind === 'map') return [value.entries];
  const maps =
    value.kind === 'list' ? value.items.flatMap((item) => (item.kind === 'map' ? [item] : [])) : [];
  if (value.kind === 'list' && maps.length === value.items.length) return maps.map((map) => map.entries);
  const expected = 'a map, or a list of maps, to merge';
  report(building, path, value.place, {
    expected,
    found: 'something else',
    hint: 'quote "<<" for a key of that name',
  });
  return [];
}

/** Why a part of a manifest cannot be kept. */
export const UNSTORABLE = {
  text: { expected: 'text that can be stored', found: 'a NUL character or half a surrogate pair' },
  number: { expected: 'a JSON value', found: 'a number that no double can hold' },
} as const;

function unstorable(building: Building, text: string, path: string, place: Place): void {
  if (storableText(text) !== text) report(building, path, place, UNSTORABLE.text);
}

function sizeOf(trees: readonly Tree[], ownKeys: number, ownCharacters: number): Size {
  let [keys, characters, depth] = [ownKeys, ownCharacters, 0];
  for (const { size } of trees) {
    keys += size.keys;
    characters += size.characters;
    depth = Math.max(depth, size.depth);
  }
  return { keys, characters, depth: depth + 1 };
}

/** A text within its own limits can pass these only by aliases. */
function limit(building: Building, tree: Tree, path: string): void {
  const { keys, characters, depth } = tree.size;
  const within = keys <= MAX_KEYS && characters <= MAX_CHARACTERS && depth <= MAX_DEPTH;
  if (building.exceeded || (within && building.merged <= MAX_KEYS)) return;
  building.exceeded = true;
  const expected = `at most ${MAX_KEYS} keys, ${MAX_DEPTH} levels and ${MAX_CHARACTERS} characters with aliases written out`;
  report(building, path, tree.place, { expected, found: 'more' });
}

function placeOf(building: Building, node: Alias | Scalar | YAMLMap | YAMLSeq, around: Place): Place {
  if (!node.range) return around;
  const { line, col } = building.lines.linePos(node.range[0]);
  return { line, column: col };
}

function report(building: Building, path: string, place: Place, complaint: Complaint): void {
  building.source.report.add(building.source.file, place, path, complaint);
}
