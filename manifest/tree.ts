/**
 * A document as it was read: values with the place where each is written. Aliases and merges are resolved;
 * what an anchor names is one tree, seen from several paths.
 */
import type { Json, JsonObject } from '../domain/json.ts';
import type { Complaint, Place, Report } from './problem.ts';
import { shown } from './problem.ts';

export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  kind: 'scalar';
  place: Place;
  value: null | boolean | number | string;
  /** As written, without quotes: `1.0` of the number 1. */
  written: string;
  /** Where the text begins in the file, when each of its lines stands there as it is, from this column on. */
  inside: Place | null;
  size: Size;
}

export interface ListTree {
  kind: 'list';
  place: Place;
  items: Tree[];
  size: Size;
}

export interface MapTree {
  kind: 'map';
  place: Place;
  entries: Map<string, { key: Place; value: Tree }>;
  size: Size;
}

/** With every alias written out: what a reader would have to walk. */
export interface Size {
  keys: number;
  characters: number;
  depth: number;
}

export interface Source {
  file: string | null;
  text: string;
  report: Report;
}

/** One value of one document: what readers take. */
export interface At {
  source: Source;
  path: string;
  tree: Tree;
}

export function complain(at: At, complaint: Complaint, place: Place = at.tree.place): void {
  at.source.report.add(at.source.file, place, at.path, complaint);
}

export function itemsOf(at: At & { tree: ListTree }): At[] {
  return at.tree.items.map((tree, index) => ({ source: at.source, path: `${at.path}[${index}]`, tree }));
}

export function isList(at: At): at is At & { tree: ListTree } {
  return at.tree.kind === 'list';
}

const PLAIN_KEY = /^[A-Za-z_@][\w@-]{0,63}$/;
const KEY_SHOWN = 60;

/** `a` and `b` → `a.b`; a key that is not a plain word → `a["b c"]`. */
export function joinPath(path: string, key: string): string {
  if (PLAIN_KEY.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify(key.length > KEY_SHOWN ? `${key.slice(0, KEY_SHOWN)}…` : key)}]`;
}

/** What stands there, in words. */
export function describe(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map';
  const { value, written } = tree;
  if (value === null) return 'nothing';
  return typeof value === 'string' ? `the text ${shown(value)}` : `the ${typeof value} ${written}`;
}

/** The plain JSON of a tree. */
export function toJson(tree: Tree): Json {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toJson);
  return toJsonObject(tree);
}

export function toJsonObject(tree: MapTree): JsonObject {
  return Object.fromEntries(Array.from(tree.entries, ([key, { value }]) => [key, toJson(value)]));
}

/** The place in the file of a place inside a text; where the value begins when that cannot be said. */
export function placeInside(at: At, line: number, column: number): Place {
  const inside = at.tree.kind === 'scalar' ? at.tree.inside : null;
  if (inside === null) return at.tree.place;
  return { line: inside.line + line - 1, column: inside.column + column - 1 };
}
