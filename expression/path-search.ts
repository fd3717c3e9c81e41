/**
 * The search of a compiled JSONPath in a document, counted: what a path may cost has an end, however it and the
 * document were made. The library compiles; its own search counts nothing and keeps the place of every value.
 */
import { jsonpath } from 'json-p3';
import type { JSONPathQuery } from 'json-p3';
import { isJsonObject } from '../domain/json.ts';
import type { Json } from '../domain/json.ts';
import { holds } from './path-filter.ts';

const { NameSelector, IndexSelector, SliceSelector, WildcardSelector, FilterSelector } = jsonpath.selectors;

/** Values that one search may look at, those of its filters and of its list of matches included. */
const MAX_VISITS = 3_000_000;
const MAX_DEPTH = 256;
/** Characters that are compared or copied in the time of one visit, or less. */
const TEXT_PER_VISIT = 16;

export interface Search {
  root: Json;
  /** Visits that are left. */
  left: number;
}

type Segments = JSONPathQuery['segments'];
/** Called with each match, in order; true ends the search. */
type Emit = (match: Json) => boolean;

export function beginSearch(root: Json): Search {
  return { root, left: MAX_VISITS };
}

/** Throws `RangeError` when the search has no visits left. */
export function spend(search: Search, visits: number): void {
  search.left -= visits;
  if (search.left >= 0) return;
  throw new RangeError(
    `expected a search of at most ${MAX_VISITS} values, found more: name the members on the way to what is wanted`,
  );
}

/** The matches of a query that begins at `from`; whether `emit` ended it. Throws `RangeError`. */
export function search(within: Search, { segments }: JSONPathQuery, from: Json, emit: Emit): boolean {
  return walk(within, segments, 0, from, emit);
}

/** All matches as a list: together they are written out, a part of a part once more each time. */
export function listMatches(within: Search, query: JSONPathQuery): Json[] {
  const matches: Json[] = [];
  search(within, query, within.root, (match) => {
    if (matches.push(match) > 1) weigh(within, match);
    return false;
  });
  return matches;
}

function weigh(within: Search, value: Json): void {
  spend(within, 1 + (typeof value === 'string' ? value.length / TEXT_PER_VISIT : 0));
  if (Array.isArray(value)) for (const item of value) weigh(within, item);
  else if (isJsonObject(value)) for (const item of Object.values(value)) weigh(within, item);
}

/** Whether the segment is a `..`: the library does not tell its kinds apart in another way. */
export function descends(segment: Segments[number]): boolean {
  return segment.toString().startsWith('..');
}

function walk(within: Search, segments: Segments, at: number, value: Json, emit: Emit): boolean {
  const segment = segments[at];
  if (segment === undefined) return emit(value);
  const next = (child: Json): boolean => walk(within, segments, at + 1, child, emit);
  const select = (node: Json): boolean =>
    segment.selectors.some((selector) => selectFrom(within, selector, node, next));
  return descends(segment) ? descend(within, value, select, 1) : select(value);
}

function descend(within: Search, value: Json, select: Emit, depth: number): boolean {
  if (depth >= MAX_DEPTH) throw new RangeError(`expected at most ${MAX_DEPTH} levels below .., found more`);
  spend(within, 1);
  return (
    select(value) || childrenOf(within, value).some((child) => descend(within, child, select, depth + 1))
  );
}

function selectFrom(within: Search, selector: jsonpath.JSONPathSelector, value: Json, next: Emit): boolean {
  spend(within, 1);
  if (selector instanceof NameSelector) {
    const member =
      isJsonObject(value) && Object.hasOwn(value, selector.name) ? value[selector.name] : undefined;
    return member !== undefined && next(member);
  }
  if (selector instanceof IndexSelector) {
    const item = Array.isArray(value) ? value.at(selector.index) : undefined;
    return item !== undefined && next(item);
  }
  if (selector instanceof SliceSelector) {
    return Array.isArray(value) && slice(within, selector, value, next);
  }
  if (selector instanceof WildcardSelector) return visitEach(within, value, next);
  if (selector instanceof FilterSelector) {
    return visitEach(within, value, (child) => holds(within, selector.expression, child) && next(child));
  }
  throw new Error(`expected a selector of RFC 9535, found ${selector.toString()}`);
}

function visitEach(within: Search, value: Json, visit: Emit): boolean {
  return childrenOf(within, value).some((child) => {
    spend(within, 1);
    return visit(child);
  });
}

/** Members are listed whole before the first is looked at. */
function childrenOf(within: Search, value: Json): Json[] {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) return [];
  const members = Object.values(value);
  spend(within, members.length);
  return members;
}

interface Range {
  start?: number | undefined;
  stop?: number | undefined;
  step?: number | undefined;
}

/** RFC 9535, 2.3.4.2.2. */
function slice(within: Search, { start, stop, step = 1 }: Range, list: Json[], next: Emit): boolean {
  const size = list.length;
  const place = (given: number, least: number, most: number): number =>
    Math.min(Math.max(given >= 0 ? given : size + given, least), most);
  const visit = (index: number): boolean => {
    spend(within, 1);
    const item = list[index];
    return item !== undefined && next(item);
  };
  if (step > 0) {
    const end = place(stop ?? size, 0, size);
    for (let index = place(start ?? 0, 0, size); index < end; index += step) if (visit(index)) return true;
  } else if (step < 0) {
    const end = stop === undefined ? -1 : place(stop, -1, size - 1);
    const from = start === undefined ? size - 1 : place(start, -1, size - 1);
    for (let index = from; index > end; index += step) if (visit(index)) return true;
  }
  return false;
}
